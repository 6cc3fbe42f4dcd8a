//! What parts of images and parts of cases have in common on their way to one run.

use anyhow::{Result, bail};

use crate::record::run::Run;
use crate::run::merge::alike;
use crate::run::merge::alike::Scope;
use crate::run::merge::merge_source::{MergeSource, add_findings, parts, together};

/// The parts as one run, and what `found` finds in all of them: each is checked against the
/// first, which then takes the others in, one by one, by `take`.
pub(crate) fn fold<T>(
    sources: Vec<MergeSource>,
    scope: Scope,
    found: impl FnOnce(&[MergeSource]) -> Result<T>,
    mut take: impl FnMut(&mut Run, Run),
) -> Result<(Run, T)> {
    let [first, others @ ..] = sources.as_slice() else { bail!("no part is left to merge") };
    for other in others {
        alike::check(
            (&first.folder, &first.run.header),
            (&other.folder, &other.run.header),
            scope,
        )?;
    }
    let found = found(&sources)?;
    let mut runs = sources.into_iter().map(|source| source.run);
    let Some(mut merged) = runs.next() else { bail!("no part is left to merge") };
    merged.header.parts = parts(&merged, &merged.header.device);
    for mut run in runs {
        let header = &mut merged.header;
        header.parts.extend(parts(&run, &run.header.device));
        if run.header.started_at < header.started_at {
            header.started_at.clone_from(&run.header.started_at);
        }
        add_findings(header, &mut run.header);
        merged.decoded += run.decoded;
        merged.finished = together(merged.finished, run.finished);
        take(&mut merged, run);
    }
    Ok((merged, found))
}
