//! What disturbs a measurement is named, on machines that were seen.

use super::*;
use crate::host::captured;
use crate::record::host::ThermalZone;

fn found(tree: &Tree) -> Vec<(Severity, FindingKind)> {
    let host = Host::of_tree(tree, "x86_64");
    findings(tree, &host, &Observed::default())
        .into_iter()
        .map(|f| (f.severity, f.disturbance))
        .collect()
}

#[test]
fn a_warm_busy_phone_on_battery_is_told_all_of_it() {
    let (_keep, tree) = captured::phone();
    assert_eq!(
        found(&tree),
        [
            (Severity::Problem, FindingKind::Load),
            (Severity::Problem, FindingKind::Heat),
            (Severity::Warning, FindingKind::Governor),
            (Severity::Warning, FindingKind::FrequencyLimit),
            (Severity::Warning, FindingKind::Battery),
        ]
    );
    let host = Host::of_tree(&tree, "aarch64");
    let text = Report { findings: findings(&tree, &host, &Observed::default()), host }.to_string();
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
            (Severity::Warning, FindingKind::Governor),
            (Severity::Warning, FindingKind::Clock),
            (Severity::Note, FindingKind::Turbo),
            (Severity::Note, FindingKind::Smt),
        ]
    );
}

#[test]
fn a_virtual_machine_in_a_container_is_told_so() {
    let (_keep, tree) = captured::virtual_machine();
    assert_eq!(
        found(&tree),
        [
            (Severity::Warning, FindingKind::CpuQuota),
            (Severity::Warning, FindingKind::Memory),
            (Severity::Warning, FindingKind::StolenTime),
            (Severity::Note, FindingKind::VirtualMachine),
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
    assert!(text.contains("found nothing"), "{text}");
}

#[test]
fn an_emulated_cpu_comes_first() {
    let (_keep, tree) = captured::virtual_machine();
    let host = Host::of_tree(&tree, "aarch64");
    assert_eq!(findings(&tree, &host, &Observed::default())[0].disturbance, FindingKind::Emulation);
}

#[test]
fn this_machine_can_be_examined_and_written_as_json() {
    let json = serde_json::to_string(&examine()).unwrap();
    let back: Report = serde_json::from_str(&json).unwrap();
    assert!(back.host.cores > 0);
}

#[test]
fn what_is_busy_now_counts_more_than_what_was() {
    let (_keep, tree) = captured::phone();
    let host = Host { cores: 8, ..Host::default() };
    let at = |busy_cpus, swing: f64| {
        let busiest = Some(("rustc".to_owned(), 0.9));
        let activity = Some(Activity { busy_cpus, busiest });
        let swing = Some(SpeedSwing { slow: 1.0, fast: 1.0 + swing });
        findings(&tree, &host, &Observed { activity, swing })
    };
    let is = |found: &[Finding], what| found.iter().any(|finding| finding.disturbance == what);
    let busy = at(2.0, 0.22);
    assert!(is(&busy, FindingKind::Load) && is(&busy, FindingKind::Pace));
    let text = Report { findings: busy, host: host.clone() }.to_string();
    for part in ["2.00 of 8 CPUs are busy, most of all 'rustc' (0.90); load average 6.11", "22%"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let quiet = at(0.1, 0.01);
    assert!(!is(&quiet, FindingKind::Load) && !is(&quiet, FindingKind::Pace), "{quiet:?}");
}

#[test]
fn an_older_control_group_s_quota_is_seen_too() {
    let with = |quota| {
        let (_keep, tree) = captured::tree(&[
            ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", quota),
            ("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
        ]);
        cpu_quota(&tree)
    };
    assert!(with("50000\n").unwrap().found.contains("0.50 CPUs"));
    assert_eq!(with("-1\n"), None);
}

#[test]
fn a_control_group_s_memory_limit_is_seen() {
    let with = |used| {
        let (_keep, tree) = captured::tree(&[
            ("proc/meminfo", "MemTotal: 16000000 kB\nMemAvailable: 12000000 kB\n"),
            ("proc/self/cgroup", "0::/jobs/bench\n"),
            ("sys/fs/cgroup/jobs/memory.max", "2147483648\n"),
            ("sys/fs/cgroup/jobs/memory.current", used),
        ]);
        let host = Host::of_tree(&tree, "x86_64");
        let all = findings(&tree, &host, &Observed::default());
        all.into_iter().find(|found| found.disturbance == FindingKind::MemoryLimit).unwrap()
    };
    let roomy = with("1073741824\n");
    assert_eq!(roomy.severity, Severity::Note);
    assert!(roomy.found.contains("2048 MB of memory, of which 1024 MB are left"), "{roomy:?}");
    assert_eq!(with("2100000000\n").severity, Severity::Warning);
}

#[test]
fn a_sensor_that_reads_nonsense_or_is_no_cpu_s_is_not_heat() {
    let zone = |name: &str, millidegrees| ThermalZone { name: name.into(), millidegrees };
    let of = |zones| heat(&Host { thermal_zones: zones, ..Host::default() });
    assert_eq!(of(vec![zone("cpu-0", 45_000), zone("charger", 95_000)]), None);
    assert_eq!(of(vec![zone("cpu-0", 45_000), zone("cpu-1", 200_000_000)]), None);
    assert!(of(vec![zone("cpu-0", 92_000)]).is_some());
}
