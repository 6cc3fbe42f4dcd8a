//! Whether a row's figures are what they are called: valid, or the reason why not and what would
//! make it valid. The idea is from LoadGen (mlcommons/inference): every result states whether it is
//! valid.

use crate::record::coverage::DelegateStatus;
use crate::record::status::Status;
use crate::stats::stability::Stability;
use crate::table::row::Row;

/// Why `row` is not valid, with the remedy; `None` if it is. The first that applies.
#[must_use]
pub(crate) fn invalid_reason(row: &Row) -> Option<String> {
    let rules = [status, answers, scores, delegate, processor, rounds, speed];
    rules.iter().find_map(|rule| rule(row))
}

fn status(row: &Row) -> Option<String> {
    let remedy = match row.status {
        Status::Ok => return None,
        Status::Unsupported => "use another backend, delegate or model",
        Status::Timeout => "raise --timeout, or use a faster backend",
        Status::OutOfMemory => "raise --memory-limit, or use a smaller model",
        Status::Skipped => "continue with run --resume",
        Status::Failed | Status::Crashed => "fix what the column error states",
    };
    Some(format!("not measured ({}): {remedy}", row.status))
}

fn answers(row: &Row) -> Option<String> {
    row.is_suspicious().then(|| {
        "its outputs differ from those of the model's reference: use another delegate or backend".into()
    })
}

/// A measured case has an error if scoring it failed.
fn scores(row: &Row) -> Option<String> {
    row.error.as_ref().map(|_| {
        "its outputs could not be scored or compared: fix what the column error states".into()
    })
}

fn delegate(row: &Row) -> Option<String> {
    (row.delegate_status == Some(DelegateStatus::None))
        .then(|| format!("{} took no node: use a model or options that it supports", row.delegate))
}

fn processor(row: &Row) -> Option<String> {
    (row.stability == Some(Stability::Emulated))
        .then(|| "the processor was emulated: measure on a real one".into())
}

fn rounds(row: &Row) -> Option<String> {
    let unknown = row.latency_p50_us.is_some() && row.latency_p50_low_us.is_none();
    unknown.then(|| {
        "too few rounds for an interval of the median: use --runs auto or more runs".into()
    })
}

fn speed(row: &Row) -> Option<String> {
    match row.stability? {
        Stability::Throttled => {
            Some("the processor's frequency fell: pause with --cooldown, or cool the device".into())
        }
        Stability::Drifting => {
            Some("its latency drifted during the run: measure on a quiet machine, or longer".into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured() -> Row {
        Row {
            status: Status::Ok,
            latency_p50_us: Some(10.0),
            latency_p50_low_us: Some(9.9),
            latency_p50_high_us: Some(10.1),
            stability: Some(Stability::Stable),
            ..Row::default()
        }
    }

    #[test]
    fn what_is_wrong_comes_with_its_remedy() {
        assert_eq!(invalid_reason(&measured()), None);
        assert_eq!(invalid_reason(&Row { stability: None, ..measured() }), None);
        for (row, word) in [
            (Row { status: Status::Crashed, ..measured() }, "crashed"),
            (Row { status: Status::OutOfMemory, ..measured() }, "--memory-limit"),
            (
                Row { agreement_top1: Some(0.1), agreement_inputs: Some(90), ..measured() },
                "reference",
            ),
            (Row { error: Some("no image".into()), ..measured() }, "scored"),
            (Row { delegate_status: Some(DelegateStatus::None), ..measured() }, "took no node"),
            (Row { stability: Some(Stability::Emulated), ..measured() }, "a real one"),
            (Row { latency_p50_low_us: None, ..measured() }, "--runs auto"),
            (Row { stability: Some(Stability::Throttled), ..measured() }, "--cooldown"),
            (Row { stability: Some(Stability::Drifting), ..measured() }, "drifted"),
        ] {
            let reason = invalid_reason(&row).unwrap();
            assert!(reason.contains(word), "{reason}");
        }
    }
}
