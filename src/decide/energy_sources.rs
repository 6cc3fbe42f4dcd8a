//! Whether the energy of two runs was read from the same kind of source: a processor's counters, a
//! battery and a meter at the wall measure different things.

use crate::record::run::CaseRecord;
use crate::record::scenario::ScenarioOutcome;

/// Why the energies of a case in two runs are not compared, if they are not.
#[must_use]
pub(crate) fn apart(base: &CaseRecord, new: &CaseRecord) -> Option<String> {
    let (was, is) = kind(base).zip(kind(new)).filter(|(was, is)| was != is)?;
    Some(format!("its energy was read from {was} and is now read from {is}: not the same thing"))
}

/// The kind of a source, without its number of packages or its command.
fn kind(record: &CaseRecord) -> Option<&str> {
    let visits = record.scenarios.iter().filter_map(ScenarioOutcome::visit);
    let source = visits.filter_map(|visit| visit.energy.as_ref()).next()?.source.as_str();
    Some(source.split([',', '(']).next().unwrap_or(source).trim_end())
}
