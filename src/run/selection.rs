//! Which cases of a matrix a run measures: the requested ones, and its part of them.

use anyhow::{Context, Result, bail, ensure};
use glob::Pattern;

use crate::record::case::Case;
use crate::record::partition::Selection;
use crate::run::suite_file::SuiteFile;

/// The cases that `wanted` selects of `all`, and how. With `anchored`, parts are given a case
/// that all of them measure.
///
/// # Errors
/// One sentence: a pattern that is invalid or matches nothing, or a part without a case.
pub(crate) fn select(
    all: Vec<Case>,
    wanted: &SuiteFile,
    anchored: bool,
) -> Result<(Vec<Case>, Selection)> {
    let mut selection = Selection { only: wanted.only.clone(), ..Selection::default() };
    let cases = matching(all, &wanted.only)?;
    let Some(partition) = wanted.partition else {
        ensure!(
            wanted.anchor.is_none(),
            "--anchor names the case that every part measures; use it with --partition"
        );
        return Ok((cases, selection));
    };
    ensure!(
        wanted.shard.is_none(),
        "--partition splits the cases and --shard the images; give only one of them"
    );
    let anchor = match &wanted.anchor {
        Some(text) => Some(anchor_id(&cases, text)?),
        None => cases.first().map(Case::id),
    };
    let count = cases.len();
    let anchor = anchor.filter(|_| anchored);
    let is_mine = |(position, case): &(usize, Case)| {
        partition.has(*position, case) || Some(case.id()) == anchor
    };
    let (positions, mine): (Vec<usize>, Vec<Case>) =
        cases.into_iter().enumerate().filter(is_mine).unzip();
    ensure!(
        !mine.is_empty(),
        "partition {partition} holds none of the {count} cases; use fewer parts"
    );
    selection.partition = Some(partition);
    selection.anchor = anchor;
    selection.positions = positions;
    Ok((mine, selection))
}

/// The cases that any of `patterns` means; all of them without one.
fn matching(all: Vec<Case>, patterns: &[String]) -> Result<Vec<Case>> {
    if patterns.is_empty() {
        return Ok(all);
    }
    let patterns =
        patterns.iter().map(|text| CasePattern::new(text)).collect::<Result<Vec<_>>>()?;
    for pattern in &patterns {
        ensure!(
            all.iter().any(|case| pattern.means(case)),
            "--only {} matches none of the {} cases; list them with 'shutterbench plan' and the same options",
            pattern.text,
            all.len()
        );
    }
    Ok(all.into_iter().filter(|case| patterns.iter().any(|it| it.means(case))).collect())
}

/// The id of the one case that `text` means, as an anchor.
///
/// # Errors
/// A pattern that is invalid, or means no case or several.
pub(crate) fn anchor_id(cases: &[Case], text: &str) -> Result<String> {
    let means = CasePattern::new(text)?;
    let found: Vec<&Case> = cases.iter().filter(|case| means.means(case)).collect();
    match found.as_slice() {
        [case] => Ok(case.id()),
        [] => bail!(
            "--anchor {text} matches no case; list them with 'shutterbench plan' and the same options"
        ),
        several => bail!("--anchor {text} matches {} cases; name exactly one", several.len()),
    }
}

/// An id, or a pattern for the name of a case or a model.
pub(crate) struct CasePattern<'a> {
    text: &'a str,
    pattern: Pattern,
}

impl<'a> CasePattern<'a> {
    /// # Errors
    /// A pattern that is not one.
    pub(crate) fn new(text: &'a str) -> Result<Self> {
        let pattern = Pattern::new(text)
            .with_context(|| format!("'{text}' is neither a case id nor a valid pattern"))?;
        Ok(Self { text, pattern })
    }

    /// Whether it means `case`.
    pub(crate) fn means(&self, case: &Case) -> bool {
        self.text == case.id()
            || self.pattern.matches(&case.model)
            || self.pattern.matches(&case.to_string())
    }
}
