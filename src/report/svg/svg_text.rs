//! Text in a drawing.

use askama::filters::{Escaper as _, Html};

use crate::table::units::one_line;

/// Text as XML, in an element or in a quoted attribute.
pub(crate) fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    // Writing to a String does not fail.
    let _ = Html.write_escaped_str(&mut escaped, &one_line(text));
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_control_characters_lose_their_meaning() {
        assert_eq!(text("<a href='x'>&\"\u{1b}"), "&#60;a href=&#39;x&#39;&#62;&#38;&#34;");
    }
}
