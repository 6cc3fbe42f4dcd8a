//! The Pareto front: what no other case beats in everything at once.

use crate::table::row::Row;

/// What makes a case better when it is lower, as one number a goal.
pub(crate) type Costs<const N: usize> = [f64; N];

/// Whether `a` is at least as good as `b` in every goal and better in one.
#[must_use]
pub(crate) fn dominates<const N: usize>(a: &Costs<N>, b: &Costs<N>) -> bool {
    a.iter().zip(b).all(|(a, b)| a <= b) && a.iter().zip(b).any(|(a, b)| a < b)
}

/// Indices of the items that no other item dominates, by rising first cost.
/// Equal items are all kept.
#[must_use]
pub(crate) fn front<const N: usize>(items: &[Costs<N>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    // Lexicographic order puts whatever dominates an item before it, so that
    // comparing with the front found so far is enough (Kung, Luccio and
    // Preparata, 'On finding the maxima of a set of vectors', JACM 1975).
    order.sort_by(|&a, &b| compare(&items[a], &items[b]).then(a.cmp(&b)));
    let mut kept: Vec<usize> = Vec::new();
    for candidate in order {
        if !kept.iter().any(|&better| dominates(&items[better], &items[candidate])) {
            kept.push(candidate);
        }
    }
    kept
}

fn compare<const N: usize>(a: &Costs<N>, b: &Costs<N>) -> std::cmp::Ordering {
    let differing = a.iter().zip(b).map(|(a, b)| a.total_cmp(b));
    differing.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
}

/// Indices of the rows on the front of latency against Top-1, by rising
/// latency. Rows without either, and rows whose answers are not
/// [trusted](Row::is_trusted), take no part.
#[must_use]
pub fn latency_top1(rows: &[Row]) -> Vec<usize> {
    of_rows(rows, |row| Some([row.latency_p50_us?, -row.top1?]))
}

/// The same with the size of the file as a third goal.
#[must_use]
pub fn latency_top1_size(rows: &[Row]) -> Vec<usize> {
    of_rows(rows, |row| Some([row.latency_p50_us?, -row.top1?, row.model_bytes as f64]))
}

fn of_rows<const N: usize>(rows: &[Row], costs: impl Fn(&Row) -> Option<Costs<N>>) -> Vec<usize> {
    let measured: Vec<(usize, Costs<N>)> = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| row.may_be_fastest())
        .filter_map(|(index, row)| Some((index, costs(row)?)))
        .collect();
    let costs: Vec<_> = measured.iter().map(|(_, costs)| *costs).collect();
    front(&costs).into_iter().map(|kept| measured[kept].0).collect()
}
