//! Which cases of two runs are compared with each other.

use std::num::NonZeroUsize;

use crate::record::case::Case;
use crate::record::header::Header;
use crate::record::named_cpus;
use crate::record::run::Run;

/// Which case of `new` each case of `base` is compared with: the same one, or, `in_order`, the
/// one at its place.
pub(crate) fn partners(base: &Run, new: &Run, in_order: bool) -> Vec<Option<usize>> {
    let partner = |(index, case): (usize, &Case)| {
        if in_order { Some(index) } else { same_case(base, case, new) }
    };
    base.header.cases.iter().enumerate().map(partner).collect()
}

/// Whether the cases of two runs can be compared in their order: they have no case in common
/// but the same number of cases.
pub(crate) fn can_be_in_order(base: &Run, new: &Run) -> bool {
    let single = |run: &Run| run.header.devices().is_empty();
    single(base)
        && single(new)
        && base.header.cases.len() == new.header.cases.len()
        && !have_a_case_in_common(base, new)
}

pub(crate) fn have_a_case_in_common(base: &Run, new: &Run) -> bool {
    base.header.cases.iter().any(|case| same_case(base, case, new).is_some())
}

/// The position of a case of `base` in `new`. A run of several machines names the machine of each
/// case; one of a single machine names it once.
fn same_case(base: &Run, case: &Case, new: &Run) -> Option<usize> {
    let on_same = |other: &Case| match (&case.device, &other.device) {
        (None, None) => true,
        (mine, theirs) => {
            mine.as_ref().unwrap_or(&base.header.device)
                == theirs.as_ref().unwrap_or(&new.header.device)
        }
    };
    let is_same = |other: &Case| {
        let (mine, theirs) = stated(&base.header, case, &new.header, other);
        mine.is_like(&theirs) && on_same(other)
    };
    new.header.cases.iter().position(is_same)
}

/// Two cases of two runs: what one of them varies and the other has one value for is stated in
/// both.
fn stated(was: &Header, mine: &Case, is: &Header, theirs: &Case) -> (Case, Case) {
    let batch = mine.batch.or(theirs.batch).is_some();
    let affinity = mine.affinity.is_some() || theirs.affinity.is_some();
    let full = |header: &Header, case: &Case| {
        let latency = header.options.latency.as_ref();
        let images = latency.map_or(NonZeroUsize::MIN, |latency| latency.batch_of(case));
        let cpus = latency.map_or(&[][..], |latency| latency.cpus_of(case));
        let named = || case.affinity.clone().unwrap_or_else(|| named_cpus::in_words(cpus));
        Case { batch: batch.then_some(images), affinity: affinity.then(named), ..case.clone() }
    };
    (full(was, mine), full(is, theirs))
}

/// A sentence for each set of options that states other settings in each run.
pub(crate) fn other_sets(was: &Header, is: &Header) -> Vec<String> {
    let sets = was.options.option_sets.iter();
    let other = sets.filter_map(|set| {
        let mut theirs = is.options.option_sets.iter();
        let other = theirs.find(|it| (&it.name, it.backend) == (&set.name, set.backend))?;
        let (name, backend) = (&set.name, set.backend);
        (other.set != set.set).then(|| {
            format!("options {name} of {backend} set {}, now they set {}", set.set, other.set)
        })
    });
    other.collect()
}
