//! CPU frequencies: what each CPU can do, and what it does now.

use crate::host::tree::Tree;

/// Frequency of a CPU now, in MHz; `None` if the system does not report it. Not for use between
/// timed runs: it reads files.
#[must_use]
pub(crate) fn of_cpu(cpu: usize) -> Option<u32> {
    of_cpu_in(&Tree::default(), cpu)
}

/// Maximum frequency of each CPU in MHz; empty if the system does not report it.
pub(crate) fn max_mhz(tree: &Tree) -> Vec<u32> {
    tree.cpus().into_iter().filter_map(|cpu| max_mhz_of(tree, cpu)).collect()
}

pub(crate) fn max_mhz_of(tree: &Tree, cpu: usize) -> Option<u32> {
    in_mhz(tree, cpu, "cpuinfo_max_freq")
}

/// The cores' highest frequency, as limited by policy now, in MHz.
pub(crate) fn limit_mhz(tree: &Tree, cpu: usize) -> Option<u32> {
    in_mhz(tree, cpu, "scaling_max_freq")
}

fn in_mhz(tree: &Tree, cpu: usize, file: &str) -> Option<u32> {
    let khz: u32 = tree.sys_number(format!("devices/system/cpu/cpu{cpu}/cpufreq/{file}"))?;
    Some(khz / 1000)
}

fn of_cpu_in(tree: &Tree, cpu: usize) -> Option<u32> {
    // /proc/cpuinfo's 'cpu MHz' is not asked: on a virtual machine it is a
    // constant, and a constant must not look like a reading.
    in_mhz(tree, cpu, "scaling_cur_freq")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::captured;

    #[test]
    fn frequencies_are_in_mhz() {
        let (_keep, phone) = captured::phone();
        assert_eq!(of_cpu_in(&phone, 7), Some(2_841));
        assert_eq!(of_cpu_in(&phone, 0), Some(1_017));
        assert_eq!(max_mhz(&phone), [1_804, 1_804, 1_804, 1_804, 2_419, 2_419, 2_419, 2_841]);
    }

    #[test]
    fn where_the_system_does_not_tell_there_is_none() {
        let (_keep, guest) = captured::virtual_machine();
        assert_eq!((of_cpu_in(&guest, 0), max_mhz(&guest)), (None, vec![]));
    }
}
