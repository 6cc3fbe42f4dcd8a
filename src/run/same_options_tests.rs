//! Options are compared by name.

use super::*;

fn named(json: Value) -> OptionValues {
    let mut named = OptionValues::new();
    if let Value::Object(fields) = json {
        fields.into_iter().for_each(|(key, value)| add(&mut named, &key, value));
    }
    named
}

#[test]
fn fields_have_the_names_of_the_command_line() {
    let named = named(serde_json::json!({
        "latency": {"runs": "40", "care": {"max_celsius": 50.0}, "cooldown_seconds": 1.0},
        "accuracy": null,
        "overrides": {"mean": [127.5], "labels": null},
        "memory_limit_mb": 512,
        "in_process": false,
    }));
    let names: Vec<&str> = named.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["cooldown", "max-temperature", "mean", "memory-limit", "no-accuracy", "runs"]
    );
}

#[test]
fn given_options_meet_those_of_the_header() {
    let given = SuiteFile {
        runs: Some("40".parse().unwrap()),
        threads: vec![2.try_into().unwrap(), 1.try_into().unwrap()],
        shard: Some("2/4".parse().unwrap()),
        accuracy: Some(false),
        ..SuiteFile::default()
    };
    let given = given_options(&given).unwrap();
    assert_eq!(given["runs"], "40");
    assert_eq!(given["threads"], serde_json::json!([1, 2]));
    assert_eq!(given["shard"], "2/4");
    assert_eq!(given["no-accuracy"], true);
    assert_eq!(given.len(), 4, "{given:?}");
}

#[test]
fn a_difference_says_both_values() {
    let (one, other) = (Value::from("1/4"), Value::from("2/4"));
    assert_eq!(
        difference("shard", Some(&one), Some(&other)).unwrap(),
        "--shard was 1/4, now it is 2/4"
    );
    assert_eq!(
        difference("shard", Some(&one), None).unwrap(),
        "--shard was 1/4, now it is not given"
    );
    assert_eq!(difference("shard", None, Some(&Value::Null)), None);
}
