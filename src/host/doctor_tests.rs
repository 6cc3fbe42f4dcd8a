//! What disturbs a measurement is named, on machines that were seen.

use super::*;
use crate::host::captured;

fn found(tree: &Tree) -> Vec<(Severity, Disturbance)> {
    let host = Host::of_tree(tree, "x86_64");
    findings(tree, &host).into_iter().map(|f| (f.severity, f.disturbance)).collect()
}

#[test]
fn a_warm_busy_phone_on_battery_is_told_all_of_it() {
    let (_keep, tree) = captured::phone();
    assert_eq!(
        found(&tree),
        [
            (Severity::Problem, Disturbance::Load),
            (Severity::Problem, Disturbance::Heat),
            (Severity::Warning, Disturbance::Governor),
            (Severity::Warning, Disturbance::FrequencyLimit),
            (Severity::Warning, Disturbance::Battery),
        ]
    );
    let host = Host::of_tree(&tree, "aarch64");
    let text = Report { findings: findings(&tree, &host), host }.to_string();
    for part in ["load average 6.11 on 8 CPUs", "91 degrees", "41% left", "CPU 7 to 2035 of 2841"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn a_laptop_saving_power_is_told_so() {
    let (_keep, tree) = captured::laptop();
    assert_eq!(
        found(&tree),
        [
            (Severity::Warning, Disturbance::Governor),
            (Severity::Warning, Disturbance::Clock),
            (Severity::Note, Disturbance::Turbo),
            (Severity::Note, Disturbance::Smt),
        ]
    );
}

#[test]
fn a_virtual_machine_in_a_container_is_told_so() {
    let (_keep, tree) = captured::virtual_machine();
    assert_eq!(
        found(&tree),
        [
            (Severity::Warning, Disturbance::CpuQuota),
            (Severity::Warning, Disturbance::Memory),
            (Severity::Warning, Disturbance::StolenTime),
            (Severity::Note, Disturbance::VirtualMachine),
        ]
    );
}

#[test]
fn a_quiet_machine_has_nothing_to_be_told() {
    let (_keep, tree) = captured::tree(&[
        ("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n"),
        ("sys/devices/system/cpu/cpufreq/boost", "0\n"),
        ("sys/fs/cgroup/cpu.max", "max 100000\n"),
        ("proc/loadavg", "0.02 0.01 0.00 1/90 7\n"),
        ("proc/stat", "cpu  1000 0 500 8000 0 0 0 1 0 0\n"),
    ]);
    assert_eq!(found(&tree), []);
    let host = Host::of_tree(&tree, "x86_64");
    let text = Report { findings: vec![], host }.to_string();
    assert!(text.contains("nothing found"), "{text}");
}

#[test]
fn an_emulated_cpu_comes_first() {
    let (_keep, tree) = captured::virtual_machine();
    let host = Host::of_tree(&tree, "aarch64");
    assert_eq!(findings(&tree, &host)[0].disturbance, Disturbance::Emulation);
}

#[test]
fn this_machine_can_be_examined_and_written_as_json() {
    let json = serde_json::to_string(&examine()).unwrap();
    let back: Report = serde_json::from_str(&json).unwrap();
    assert!(back.host.cores > 0);
}
