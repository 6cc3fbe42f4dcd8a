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

#[test]
fn numbers_with_something_beside_them_are_compared_as_they_are_given() {
    let header = named(serde_json::json!({"latency": {
        "sustained": {"minutes": 5.0, "rate": 30.0},
        "find_rate": {"p99_ms": 20.0},
    }}));
    let given: SuiteFile =
        toml::from_str("sustained = 5.0\nsustained_rate = 30\nfind_rate = 20.0").unwrap();
    let given = given_options(&given).unwrap();
    assert_eq!(given["sustained-rate"], 30.0);
    for name in ["sustained", "sustained-rate", "find-rate"] {
        assert_eq!(difference(name, header.get(name), given.get(name)), None, "{name}");
    }
    let other = Value::from(6.0);
    assert_eq!(
        difference("sustained", header.get("sustained"), Some(&other)).unwrap(),
        "--sustained was 5.0, now it is 6.0"
    );
}
