//! What `shutterbench list` shows.

use shutterbench::record::backend_kind::BackendKind;
use shutterbench::worker::runtime_probe;
use strum::VariantArray;

use crate::common::workers;

#[test]
fn every_backend_is_present_with_a_version_or_absent_with_a_remedy() {
    let backends = runtime_probe::backends(&workers());
    let kinds: Vec<_> = backends.iter().map(|entry| entry.backend).collect();
    assert_eq!(kinds, BackendKind::VARIANTS);
    for entry in backends {
        assert_eq!(entry.present, entry.version.is_some(), "{entry:?}");
        assert_eq!(entry.present, entry.reason.is_none(), "{entry:?}");
        assert!(entry.present || entry.remedy.is_some(), "{entry:?}");
    }
}

#[test]
fn every_delegate_that_cannot_run_says_why() {
    let delegates = runtime_probe::delegates(&workers());
    for entry in &delegates {
        assert_eq!(entry.available, entry.reason.is_none(), "{entry:?}");
    }
    let tract: Vec<_> = delegates.iter().filter(|d| d.backend == BackendKind::Tract).collect();
    assert_eq!(tract.len(), 1);
    assert!(tract[0].available && tract[0].delegate == "none");
}

#[test]
fn every_runtime_that_is_fetched_tells_its_version() {
    for entry in runtime_probe::backends(&workers()).into_iter().filter(|entry| entry.present) {
        let version = entry.version.unwrap();
        let numbered = version.split('.').all(|part| part.parse::<u32>().is_ok());
        assert!(numbered, "{}: '{version}'", entry.backend);
    }
}
