//! Many tests at once: Holm's step-down procedure ('A Simple Sequentially Rejective
//! Multiple Test Procedure', Scandinavian Journal of Statistics 6, 1979).
//!
//! The smallest p is multiplied by the number of tests, the next by one less, and so on.
//! The chance that any of them alarms falsely is then at most the level, however the tests
//! depend on each other.

/// The chance of a false alarm in the whole family.
pub(crate) const LEVEL: f64 = 0.05;

/// Each p adjusted for the others, in the order given. Those that are absent take no part.
#[must_use]
pub(crate) fn adjusted(p_values: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut order: Vec<(usize, f64)> =
        p_values.iter().enumerate().filter_map(|(i, p)| Some((i, (*p)?))).collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut adjusted = vec![None; p_values.len()];
    let (count, mut largest) = (order.len(), 0.0_f64);
    for (step, (index, p)) in order.into_iter().enumerate() {
        largest = largest.max((p * (count - step) as f64).min(1.0));
        adjusted[index] = Some(largest);
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_that_of_r() {
        // p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
        let p = [Some(0.01), Some(0.04), None, Some(0.03), Some(0.005)];
        let expected = [Some(0.03), Some(0.06), None, Some(0.06), Some(0.02)];
        for (found, expected) in adjusted(&p).into_iter().zip(expected) {
            assert_eq!(found.is_some(), expected.is_some());
            assert!((found.unwrap_or(0.0) - expected.unwrap_or(0.0)).abs() < 1e-12, "{found:?}");
        }
        assert_eq!(adjusted(&[Some(0.05)]), [Some(0.05)]);
        assert_eq!(adjusted(&[]), []);
    }
}
