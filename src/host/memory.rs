//! Memory of the machine.

/// Memory that programs may still take without swapping.
#[must_use]
pub fn available_bytes() -> u64 {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    system.available_memory()
}
