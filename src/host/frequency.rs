//! CPU frequencies: what each CPU can do, and what it does now.

use crate::host::tree::Tree;

/// Frequency of a CPU now, in MHz; `None` where the system does not tell. Not
/// for use inside a block: it reads files.
#[must_use]
pub fn of_cpu(cpu: usize) -> Option<u32> {
    of_cpu_in(&Tree::default(), cpu)
}

/// The highest present frequency of the CPUs that a case is pinned to, in MHz; of all
/// if that is none: the one that runs a model between two blocks is the busiest.
#[must_use]
pub fn current_mhz_of(cpus: &[usize]) -> Option<u32> {
    highest_in(&Tree::default(), cpus)
}

/// Maximum frequency of each CPU in MHz; empty where the system does not tell.
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
    in_mhz(tree, cpu, "scaling_cur_freq")
}

fn highest_in(tree: &Tree, cpus: &[usize]) -> Option<u32> {
    // /proc/cpuinfo's 'cpu MHz' is not asked: on a virtual machine it is a
    // constant, and a constant must not look like a reading.
    let all = if cpus.is_empty() { tree.cpus() } else { cpus.to_vec() };
    all.into_iter().filter_map(|cpu| of_cpu_in(tree, cpu)).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::captured;

    #[test]
    fn frequencies_are_in_mhz_and_the_busiest_counts() {
        let (_keep, phone) = captured::phone();
        assert_eq!(of_cpu_in(&phone, 7), Some(2_841));
        assert_eq!(highest_in(&phone, &[]), Some(2_841));
        assert_eq!(highest_in(&phone, &[0, 1]), Some(1_017));
        assert_eq!(max_mhz(&phone), [1_804, 1_804, 1_804, 1_804, 2_419, 2_419, 2_419, 2_841]);
    }

    #[test]
    fn where_the_system_does_not_tell_there_is_none() {
        let (_keep, guest) = captured::virtual_machine();
        assert_eq!((highest_in(&guest, &[]), max_mhz(&guest)), (None, vec![]));
    }
}
