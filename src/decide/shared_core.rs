//! Runs of which one had a core for each of two threads, and the other had not: a virtual machine's
//! host decides that, from one minute to the next.

use crate::record::case::Case;
use crate::record::host::Host;

/// The sentence for the `cases` of several threads of two such runs, on these hosts.
pub(crate) fn caveat(cases: &[Case], was: &Host, is: &Host) -> Option<String> {
    let several = cases.iter().any(|case| case.threads.get() > 1);
    let differ = was.shares_a_core().zip(is.shares_a_core()).is_some_and(|(was, is)| was != is);
    let (then, now) = was.two_over_one().zip(is.two_over_one()).filter(|_| several && differ)?;
    Some(format!(
        "when the runs began, two threads together did {then:.2} and {now:.2} times the work of one: the CPUs were two cores in only one of them, so differences of cases with several threads may be the machine's; use run --ab or --against"
    ))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::record::backend_kind::BackendKind;
    use crate::record::delegate::Delegate;

    #[test]
    fn only_runs_of_which_one_had_two_cores_are_named() {
        let host = |two: f64| Host {
            product_gmacs: Some(50.0),
            two_products_gmacs: Some(two),
            ..Host::default()
        };
        let of = |threads: usize, was: f64, is: f64| {
            let threads = NonZeroUsize::new(threads).unwrap();
            let case = Case::plain("a", BackendKind::Tract, Delegate::None, threads);
            caveat(&[case], &host(was), &host(is))
        };
        let said = of(2, 98.0, 54.0).unwrap();
        assert!(said.contains("1.96 and 1.08"), "{said}");
        assert_eq!(of(2, 98.0, 90.0), None);
        assert_eq!(of(1, 98.0, 54.0), None);
        assert_eq!(caveat(&[], &Host::default(), &host(54.0)), None);
    }
}
