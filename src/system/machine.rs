//! Memory and name of the machine, where there are no files that tell them.

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

/// The memory of the machine in bytes, and what programs may still take of it; 0 if the system
/// does not report it.
pub(crate) fn memory_bytes() -> (u64, u64) {
    let ram = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(ram);
    (system.total_memory(), system.available_memory())
}

/// The name of the processor, if the system reports it.
pub(crate) fn cpu_name() -> Option<String> {
    let cpus = RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing());
    let system = System::new_with_specifics(cpus);
    let brand = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned());
    brand.filter(|brand| !brand.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_memory_and_some_of_it_is_free() {
        let (all, free) = memory_bytes();
        assert!(all >= free && free > 0, "{free} of {all}");
    }
}
