//! What every page has around its content: style, scripts, and the policy that lets nothing else run.

use askama::Template;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The fields of `templates/frame.html`, which each page's template extends.
pub(crate) struct Frame {
    pub title: String,
    /// The scripts that may run, by their hashes.
    pub policy: String,
    pub style: &'static str,
    pub scripts: &'static [&'static str],
    pub data: ScriptData,
}

impl Frame {
    /// Of a page that runs `scripts` on `data`.
    pub(crate) fn new(title: String, scripts: &'static [&'static str], data: ScriptData) -> Self {
        let hash =
            |script: &&str| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(script)));
        let hashes: Vec<String> = scripts.iter().map(hash).collect();
        let policy = if hashes.is_empty() { "'none'".to_owned() } else { hashes.join(" ") };
        Self { title, policy, style: include_str!("../assets/report.css"), scripts, data }
    }

    /// Of a page without scripts.
    pub(crate) fn without_scripts(title: String) -> Self {
        Self::new(title, &[], ScriptData("{}".into()))
    }
}

/// JSON that can be placed inside a `<script>` element.
pub(crate) struct ScriptData(String);

impl ScriptData {
    /// `data`, whose keys must be strings.
    pub(crate) fn of(data: &impl Serialize) -> Self {
        // With keys that are strings this cannot fail; an empty object would only leave the plots
        // out.
        let json = serde_json::to_string(data).unwrap_or_else(|_| "{}".into());
        // `</script>` and `<!--` would end the element early; JSON allows both to be
        // written without the `<`.
        Self(
            json.replace('<', "\\u003c")
                .replace('\u{2028}', "\\u2028")
                .replace('\u{2029}', "\\u2029"),
        )
    }

    /// The JSON.
    pub(crate) fn json(&self) -> &str {
        &self.0
    }
}

/// The page as one file. Names may contain control characters, which HTML does not allow: they
/// become spaces.
pub(crate) fn file(page: &impl Template) -> String {
    // Writing to a String does not fail; if it did, an empty page would say nothing.
    let html =
        page.render().unwrap_or_else(|error| format!("This page could not be made: {error}"));
    let allowed = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
    html.chars().map(allowed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Content of a page with a name of someone else's choice, in an element and an attribute.
    #[derive(Template)]
    #[template(source = "<p title=\"{{ name }}\">{{ name }}</p>", ext = "html")]
    struct Named<'a> {
        name: &'a str,
    }

    #[test]
    fn markup_and_control_characters_lose_their_meaning() {
        let escaped = "&#60;a href=&#39;x&#39;&#62;&#38;&#34; ";
        let page = file(&Named { name: "<a href='x'>&\"\u{1b}" });
        assert_eq!(page, format!("<p title=\"{escaped}\">{escaped}</p>"));
    }

    #[test]
    fn data_does_not_end_its_script() {
        let hostile = "</script><!--\u{2028}";
        let data = ScriptData::of(&[hostile]);
        assert!(!data.json().contains(['<', '\u{2028}']));
        assert_eq!(serde_json::from_str::<[String; 1]>(data.json()).unwrap(), [hostile]);
    }

    /// A character that `file` replaces would give a script another hash than the policy names.
    #[test]
    fn our_own_scripts_and_styles_have_no_control_characters() {
        let own = [
            include_str!("../assets/report.css"),
            include_str!("../assets/page.js"),
            include_str!("../assets/chart.js"),
            include_str!("../assets/detail.js"),
            include_str!("../assets/long_table.js"),
            include_str!("../assets/side_by_side.js"),
            include_str!("../assets/report.js"),
        ];
        assert!(own.iter().all(|text| text.chars().all(|c| c == '\n' || !c.is_control())));
    }
}
