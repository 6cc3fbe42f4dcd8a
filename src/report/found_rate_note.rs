//! The highest rate at which results are there in time, for every report.

use crate::record::found_rate::FoundRate;
use crate::record::run::Run;
use crate::record::scenario::Rate;
use crate::report::note_table::NoteTable;
use crate::stats::rate_search::{LEAST, range, verdicts};
use crate::table::units::{ms, one_line, three_digits};

const COLUMNS: [(&str, bool); 4] = [
    ("case", false),
    ("highest rate in time, per second", true),
    ("too fast from, per second", true),
    ("p99 there, ms", true),
];

/// The table; it has no rows if no rate was searched for.
pub(crate) fn table(run: &Run) -> NoteTable {
    let found = run.cases.iter().filter_map(|record| Some((record, record.found_rate.as_ref()?)));
    NoteTable {
        id: "found-rate",
        title: "Highest rates",
        lead: "The highest rate at which 99 of 100 results were there within the limit of --find-rate, counted from when their frame was due, dropped frames included. A rate counts as kept, or as too fast, only where the 95% interval of the share of late results is on one side of 1%; between the two the machine cannot tell.",
        columns: COLUMNS.to_vec(),
        rows: found.map(|(record, found)| line(run.header.name_of(&record.case), found)).collect(),
    }
}

fn line(case: String, found: &FoundRate) -> Vec<String> {
    if let Some((status, error)) = &found.lost {
        return vec![case, format!("{status}: {}", one_line(error)), String::new(), String::new()];
    }
    let tried = verdicts(&found.tried);
    let range = range(&tried);
    let at_kept = found.tried.iter().find(|it| Some(it.rate.per_second()) == range.kept);
    let kept = match (range.kept, range.missed) {
        (Some(rate), None) => {
            let why = if rate >= Rate::MOST {
                ", the highest rate that is tried"
            } else if tried.len() == 1 {
                ", nearly all that it can run"
            } else {
                ""
            };
            format!("at least {}{why}", three_digits(rate))
        }
        (Some(rate), Some(_)) => three_digits(rate),
        (None, Some(missed)) if missed <= LEAST => format!("below {}", three_digits(LEAST)),
        (None, _) => "not known: the machine cannot tell".to_owned(),
    };
    let p99 = at_kept.map_or(String::new(), |it| ms(it.p99_ns as f64 / 1e3));
    vec![case, kept, range.missed.map_or(String::new(), three_digits), p99]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::found_rate::TriedRate;
    use crate::record::status::Status;

    fn found(tried: &[(f64, usize)]) -> FoundRate {
        let tried = tried.iter().map(|(rate, late)| TriedRate {
            rate: Rate::try_from(*rate).unwrap(),
            frames: 400,
            late: *late,
            p99_ns: 4_000_000,
        });
        FoundRate { tried: tried.collect(), lost: None }
    }

    #[test]
    fn what_is_found_is_said_with_its_bounds() {
        let cells = |found: &FoundRate| line("case".into(), found)[1..].to_vec();
        assert_eq!(cells(&found(&[(100.0, 400), (50.0, 0)])), ["50.0", "100", "4.00"]);
        assert_eq!(cells(&found(&[(100.0, 400), (20.0, 400)])), ["below 20.0", "20.0", ""]);
        assert_eq!(cells(&found(&[(800.0, 0)]))[0], "at least 800, nearly all that it can run");
        // 1,000 per second is far less than what a small model can run.
        assert_eq!(
            cells(&found(&[(1000.0, 0)]))[0],
            "at least 1000, the highest rate that is tried"
        );
        // What is neither kept nor missed for certain bounds nothing.
        assert_eq!(cells(&found(&[(800.0, 4), (400.0, 0)])), ["at least 400", "", "4.00"]);
        let unknown = "not known: the machine cannot tell";
        assert_eq!(cells(&found(&[(800.0, 400), (20.0, 4)])), [unknown, "800", ""]);
        assert_eq!(cells(&found(&[(800.0, 4), (20.0, 4)])), [unknown, "", ""]);
        let lost = Some((Status::Crashed, "it ended".to_owned()));
        let cells = line("case".into(), &FoundRate { lost, ..found(&[]) });
        assert!(cells[1].contains("crashed: it ended"), "{cells:?}");
    }
}
