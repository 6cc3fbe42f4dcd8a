//! Where a page shows a case, so that others can link to it: `report.html#case-0123456789`. The
//! digits are the case's id, which `plan` shows and which is the same in every run.

use std::collections::HashMap;

use crate::record::case;

/// The anchors of a page so far.
#[derive(Default)]
pub(crate) struct CaseAnchors(HashMap<String, usize>);

impl CaseAnchors {
    /// The anchor of the next case of this name, in which no device occurs. A page that shows it
    /// again, as for another device, appends a number from 2 on.
    pub(crate) fn next(&mut self, name: &str) -> String {
        let id = case::id_of(name);
        let count = self.0.entry(id.clone()).or_default();
        *count += 1;
        if *count == 1 { format!("case-{id}") } else { format!("case-{id}-{count}") }
    }
}

/// A case's name without the device at its end.
pub(crate) fn anywhere(name: &str) -> &str {
    let threads = name.rfind(" x").unwrap_or(0);
    name[threads..].find(" on ").map_or(name, |at| &name[..threads + at])
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::record::backend_kind::BackendKind;
    use crate::record::case::Case;
    use crate::record::delegate::Delegate;

    #[test]
    fn an_anchor_is_the_case_s_id_and_stands_once() {
        let plain = Case::plain("cat on x", BackendKind::Tract, Delegate::None, NonZeroUsize::MIN);
        let on_phone = Case { device: Some("my phone".into()), ..plain.clone() };
        let mut anchors = CaseAnchors::default();
        let name = on_phone.to_string();
        assert_eq!(anchors.next(anywhere(&name)), format!("case-{}", plain.id()));
        assert_eq!(anchors.next(&plain.to_string()), format!("case-{}-2", plain.id()));
        assert_eq!(anywhere("no case"), "no case");
    }
}
