//! Reading what machine this is.

use crate::host::clock;
use crate::host::frequency;
use crate::host::large_product;
use crate::host::tree::Tree;
use crate::record::android::Android;
use crate::record::android::properties::Properties;
use crate::record::host::{Host, ThermalZone};
use crate::system::machine;

impl Host {
    /// This machine. Measures the clock, and what a large matrix product reaches, which takes
    /// about a tenth of a second.
    #[must_use]
    pub fn read() -> Self {
        let tree = Tree::default();
        let android = Android::read();
        let properties = android.as_ref().map(|android| &android.properties);
        let of_tree = Self::of_tree(&tree, std::env::consts::ARCH);
        Self {
            os: properties
                .and_then(Properties::os)
                .or_else(sysinfo::System::long_os_version)
                .unwrap_or_else(|| std::env::consts::OS.to_owned()),
            // A phone's /proc/cpuinfo names no processor, or one core's.
            cpu: properties
                .and_then(|properties| properties.soc.clone())
                .or_else(|| cpu_name(&tree))
                .or_else(machine::cpu_name)
                .unwrap_or_else(|| of_tree.cpu.clone()),
            memory_bytes: match of_tree.memory_bytes {
                0 => machine::memory_bytes().0,
                known => known,
            },
            kernel: sysinfo::System::kernel_version(),
            arch: std::env::consts::ARCH.to_owned(),
            load_before: load_average(),
            clock_precision_ns: clock::precision_ns(),
            clock_cost_ns: clock::cost_ns(),
            android,
            ..of_tree
        }
    }

    /// The same, and what a large matrix product reaches on one thread and on two: computing it
    /// takes 120 ms.
    #[must_use]
    pub(crate) fn read_with_product() -> Self {
        let host = Self::read();
        let product_gmacs = (!host.emulated).then(large_product::gmacs_per_second);
        let has_two = std::thread::available_parallelism().is_ok_and(|cpus| cpus.get() > 1);
        let two_products_gmacs =
            (has_two && !host.emulated).then(large_product::gmacs_per_second_of_two);
        Self { product_gmacs, two_products_gmacs, ..host }
    }

    /// What a tree of /sys and /proc shows to a program built for `arch`.
    #[must_use]
    pub(crate) fn of_tree(tree: &Tree, arch: &str) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        let cpus = tree.cpus().len();
        Self {
            cpu: cpu_name(tree).unwrap_or_else(|| "unknown".to_owned()),
            cores: if cpus > 0 { cpus } else { cores },
            max_mhz: frequency::max_mhz(tree),
            governor: governor(tree),
            turbo: turbo(tree),
            smt: tree.sys_number::<u8>("devices/system/cpu/smt/active").map(|active| active == 1),
            memory_bytes: tree.meminfo_bytes("MemTotal").unwrap_or_default(),
            thermal_zones: thermal_zones(tree),
            virtual_machine: tree.cpuinfo("flags").map(|flags| is_virtual(tree, &flags)),
            emulated: is_emulated(tree, arch),
            clock_source: tree.sys("devices/system/clocksource/clocksource0/current_clocksource"),
            ..Self::default()
        }
    }
}

/// One-minute load average now, if the system reports it.
#[must_use]
pub fn load_average() -> Option<f64> {
    load_average_in(&Tree::default())
}

pub(crate) fn load_average_in(tree: &Tree) -> Option<f64> {
    tree.proc("loadavg")?.split(' ').next()?.parse().ok()
}

fn cpu_name(tree: &Tree) -> Option<String> {
    // x86 has 'model name'; ARM boards say 'Hardware' or only the device tree.
    tree.cpuinfo("model name")
        .or_else(|| tree.cpuinfo("Hardware"))
        .or_else(|| tree.sys("firmware/devicetree/base/model"))
}

/// The governors of all CPUs, each once.
fn governor(tree: &Tree) -> Option<String> {
    let mut all: Vec<String> = tree
        .cpus()
        .into_iter()
        .filter_map(|cpu| tree.sys(format!("devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor")))
        .collect();
    all.sort_unstable();
    all.dedup();
    (!all.is_empty()).then(|| all.join(","))
}

fn turbo(tree: &Tree) -> Option<bool> {
    let off = tree.sys_number::<u8>("devices/system/cpu/intel_pstate/no_turbo");
    let on = tree.sys_number::<u8>("devices/system/cpu/cpufreq/boost");
    off.map(|off| off == 0).or_else(|| on.map(|on| on == 1))
}

pub(crate) fn thermal_zones(tree: &Tree) -> Vec<ThermalZone> {
    tree.sys_numbered("class/thermal", "thermal_zone")
        .into_iter()
        .filter_map(|(_, zone)| {
            let folder = format!("class/thermal/{zone}");
            let name = tree.sys(format!("{folder}/type")).unwrap_or(zone);
            let millidegrees = tree.sys_number(format!("{folder}/temp"))?;
            Some(ThermalZone { name, millidegrees })
        })
        .collect()
}

/// x86 has a CPU flag for it; some hypervisors also have files under /sys.
fn is_virtual(tree: &Tree, flags: &str) -> bool {
    flags.split(' ').any(|flag| flag == "hypervisor") || tree.sys("hypervisor/type").is_some()
}

/// Whether the CPU is emulated in software. QEMU's user mode shows the host's
/// /proc/cpuinfo to a program built for ARM, with x86's 'vendor_id'; its system
/// mode names itself.
fn is_emulated(tree: &Tree, arch: &str) -> bool {
    let of_x86 = tree.cpuinfo("vendor_id").is_some();
    let arm = matches!(arch, "aarch64" | "arm");
    let named = |name: String| name.contains("QEMU TCG") || name.contains("QEMU Virtual CPU");
    (arm && of_x86) || tree.cpuinfo("model name").is_some_and(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::captured;

    #[test]
    fn a_phone_is_read() {
        let (_keep, tree) = captured::phone();
        let host = Host::of_tree(&tree, "aarch64");
        assert_eq!(host.cpu, "Qualcomm Technologies, Inc. SM8250");
        assert_eq!((host.cores, host.max_mhz.len(), host.max_mhz[7]), (8, 8, 2_841));
        assert_eq!(host.governor.as_deref(), Some("schedutil"));
        assert_eq!((host.turbo, host.smt, host.virtual_machine), (None, None, None));
        assert_eq!(host.memory_bytes, 7_762_152 * 1024);
        let zone = ThermalZone { name: "cpu-1-0-usr".into(), millidegrees: 91_200 };
        assert_eq!((host.thermal_zones.len(), &host.thermal_zones[0]), (2, &zone));
        assert!(!host.emulated);
        assert_eq!(load_average_in(&tree), Some(6.11));
    }

    #[test]
    fn a_laptop_is_read() {
        let (_keep, tree) = captured::laptop();
        let host = Host::of_tree(&tree, "x86_64");
        assert_eq!(host.cpu, "12th Gen Intel(R) Core(TM) i7-1255U");
        assert_eq!((host.turbo, host.smt), (Some(true), Some(true)));
        assert_eq!((host.virtual_machine, host.emulated), (Some(false), false));
        assert_eq!(host.clock_source.as_deref(), Some("hpet"));
    }

    #[test]
    fn a_virtual_machine_is_one_and_under_an_arm_program_an_emulator() {
        let (_keep, tree) = captured::virtual_machine();
        let host = Host::of_tree(&tree, "x86_64");
        assert_eq!((host.virtual_machine, host.emulated), (Some(true), false));
        assert_eq!((host.governor, host.max_mhz), (None, vec![]));
        assert!(Host::of_tree(&tree, "aarch64").emulated);
    }

    #[test]
    fn this_machine_is_read() {
        let host = Host::read();
        assert!(!host.os.is_empty() && host.cores > 0 && host.memory_bytes > 0, "{host:?}");
        assert!(host.clock_precision_ns > 0, "{host:?}");
    }

    #[test]
    fn an_empty_tree_leaves_everything_open() {
        let (_keep, tree) = captured::tree(&[]);
        let host = Host::of_tree(&tree, "x86_64");
        assert_eq!((host.cpu.as_str(), host.memory_bytes), ("unknown", 0));
        assert_eq!((host.virtual_machine, host.emulated), (None, false));
    }
}
