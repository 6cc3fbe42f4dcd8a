//! Rows of one table that differ only in images per run or CPUs, which their names then show.

use crate::table::row::Row;
use crate::table::varied_axes::VariedAxes;

/// Fills what a table alone does not state: an axis is varied if rows differ in nothing else.
pub(crate) fn fill(rows: &mut [Row]) {
    let names: Vec<String> = rows.iter().map(Row::case).collect();
    let axes: Vec<VariedAxes> = (0..rows.len())
        .map(|index| {
            let twins = || (0..rows.len()).filter(|other| names[*other] == names[index]);
            let row = &rows[index];
            let batch = twins().any(|other| rows[other].batch != row.batch);
            let affinity = twins().any(|other| rows[other].affinity != row.affinity);
            VariedAxes {
                batch: row.batch.filter(|_| batch),
                affinity: row.affinity.clone().filter(|_| affinity),
            }
        })
        .collect();
    for (row, axes) in rows.iter_mut().zip(axes) {
        row.axes = axes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_differ_in_nothing_else_show_what_they_differ_in() {
        let row = |batch, affinity: &str| Row {
            batch: Some(batch),
            affinity: Some(affinity.to_owned()),
            ..Row::default()
        };
        let mut rows = [row(1, "all"), row(4, "all")];
        fill(&mut rows);
        assert!(rows[1].case().contains(" b4"), "{}", rows[1].case());
        let mut rows = [row(1, "big"), row(1, "little")];
        fill(&mut rows);
        assert!(rows[0].case().contains(" @big"), "{}", rows[0].case());
        let mut alone = [row(4, "big")];
        fill(&mut alone);
        assert!(!alone[0].case().contains("b4") && !alone[0].case().contains('@'));
    }
}
