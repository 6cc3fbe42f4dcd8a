//! Trees as real machines show them, cut down to the files that are read, for
//! tests.

use std::fs;

use tempfile::TempDir;

use crate::host::tree::Tree;

/// Writes files; the folder lives as long as the first part of the pair.
pub(crate) fn tree(files: &[(&str, &str)]) -> (TempDir, Tree) {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let tree = Tree::under(folder.path());
    (folder, tree)
}

/// A phone with four little, three middle and one big core, warm, on battery.
pub(crate) fn phone() -> (TempDir, Tree) {
    let mut files = Vec::new();
    for cpu in 0..8 {
        let (capacity, max, now) = match cpu {
            0..4 => ("325", "1804800", "1017600"),
            4..7 => ("828", "2419200", "710400"),
            _ => ("1024", "2841600", "2841600"),
        };
        let folder = format!("sys/devices/system/cpu/cpu{cpu}");
        files.push((format!("{folder}/cpu_capacity"), format!("{capacity}\n")));
        files.push((format!("{folder}/cpufreq/cpuinfo_max_freq"), format!("{max}\n")));
        let limit = if cpu == 7 { "2035200" } else { max };
        files.push((format!("{folder}/cpufreq/scaling_max_freq"), format!("{limit}\n")));
        files.push((format!("{folder}/cpufreq/scaling_cur_freq"), format!("{now}\n")));
        files.push((format!("{folder}/cpufreq/scaling_governor"), "schedutil\n".into()));
    }
    for (path, content) in [
        ("sys/firmware/devicetree/base/model", "Qualcomm Technologies, Inc. SM8250\0"),
        ("sys/class/thermal/thermal_zone0/type", "cpu-1-0-usr\n"),
        ("sys/class/thermal/thermal_zone0/temp", "91200\n"),
        ("sys/class/thermal/thermal_zone1/type", "battery\n"),
        ("sys/class/thermal/thermal_zone1/temp", "36000\n"),
        ("sys/class/power_supply/battery/type", "Battery\n"),
        ("sys/class/power_supply/battery/status", "Discharging\n"),
        ("sys/class/power_supply/battery/capacity", "41\n"),
        ("sys/devices/system/clocksource/clocksource0/current_clocksource", "arch_sys_counter\n"),
        ("proc/cpuinfo", "processor\t: 0\nBogoMIPS\t: 38.40\nCPU implementer\t: 0x51\n\n"),
        ("proc/meminfo", "MemTotal:        7762152 kB\nMemAvailable:    2310044 kB\n"),
        ("proc/loadavg", "6.11 5.90 5.70 3/4012 20311\n"),
    ] {
        files.push((path.into(), content.into()));
    }
    of_owned(files)
}

/// A laptop with two fast and two slow cores, on mains, saving power.
pub(crate) fn laptop() -> (TempDir, Tree) {
    let mut files = Vec::new();
    for cpu in 0..4 {
        let folder = format!("sys/devices/system/cpu/cpu{cpu}/cpufreq");
        let max = if cpu < 2 { "4700000\n" } else { "3500000\n" };
        files.push((format!("{folder}/cpuinfo_max_freq"), max.into()));
        files.push((format!("{folder}/scaling_max_freq"), max.into()));
        files.push((format!("{folder}/scaling_cur_freq"), "799910\n".into()));
        files.push((format!("{folder}/scaling_governor"), "powersave\n".into()));
    }
    for (path, content) in [
        ("sys/devices/system/cpu/intel_pstate/no_turbo", "0\n"),
        ("sys/devices/system/cpu/smt/active", "1\n"),
        ("sys/class/thermal/thermal_zone0/type", "x86_pkg_temp\n"),
        ("sys/class/thermal/thermal_zone0/temp", "47000\n"),
        ("sys/class/power_supply/BAT0/type", "Battery\n"),
        ("sys/class/power_supply/BAT0/status", "Charging\n"),
        ("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n"),
        (
            "proc/cpuinfo",
            "processor\t: 0\nvendor_id\t: GenuineIntel\n\
             model name\t: 12th Gen Intel(R) Core(TM) i7-1255U\nflags\t\t: fpu vme tsc\n",
        ),
        ("proc/meminfo", "MemTotal:       16077216 kB\nMemAvailable:   11377420 kB\n"),
        ("proc/loadavg", "0.05 0.11 0.09 1/900 4711\n"),
    ] {
        files.push((path.into(), content.into()));
    }
    of_owned(files)
}

/// A virtual machine of two CPUs that tells nothing of frequencies, with a CPU
/// quota.
pub(crate) fn virtual_machine() -> (TempDir, Tree) {
    tree(&[
        ("sys/devices/system/cpu/cpu0/cpu_capacity", "1024\n"),
        ("sys/devices/system/cpu/cpu1/cpu_capacity", "1024\n"),
        ("sys/devices/system/cpu/smt/active", "0\n"),
        ("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"),
        ("sys/fs/cgroup/cpu.max", "150000 100000\n"),
        (
            "proc/cpuinfo",
            "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\n\
             cpu MHz\t\t: 2445.428\nflags\t\t: fpu vme tsc hypervisor lahf_lm\n",
        ),
        ("proc/meminfo", "MemTotal:        8141532 kB\nMemAvailable:     401200 kB\n"),
        ("proc/loadavg", "0.00 0.01 0.05 1/80 77\n"),
        ("proc/stat", "cpu  1000 0 500 8000 0 0 0 500 0 0\n"),
    ])
}

fn of_owned(files: Vec<(String, String)>) -> (TempDir, Tree) {
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, content)| (path.as_str(), content.as_str())).collect();
    tree(&files)
}
