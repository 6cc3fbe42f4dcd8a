//! Processes: their groups, their limits, the shell, whether they run.

use std::process::{Child, Command};

/// Has the command run in a process group of its own, so that Ctrl-C in the terminal reaches only
/// this program.
pub(crate) fn own_group(command: &mut Command) -> &mut Command {
    #[cfg(unix)]
    return std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(windows)]
    {
        /// `CREATE_NEW_PROCESS_GROUP` of `CreateProcess`.
        const NEW_GROUP: u32 = 0x200;
        std::os::windows::process::CommandExt::creation_flags(command, NEW_GROUP)
    }
}

/// Asks a child that has [its own group](own_group), and what it started, to end. Windows cannot
/// ask.
pub(crate) fn ask_group_to_end(child: &Child) {
    #[cfg(unix)]
    signal_group(child, nix::sys::signal::Signal::SIGTERM);
    #[cfg(windows)]
    end_group(child);
}

/// Ends a child that has [its own group](own_group), and what it started.
pub(crate) fn end_group(child: &Child) {
    #[cfg(unix)]
    signal_group(child, nix::sys::signal::Signal::SIGKILL);
    #[cfg(windows)]
    {
        use std::process::Stdio;

        let mut taskkill = Command::new("taskkill");
        taskkill.args(["/T", "/F", "/PID", &child.id().to_string()]);
        taskkill.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // One that has ended meanwhile needs no ending.
        let _ = taskkill.status();
    }
}

#[cfg(unix)]
fn signal_group(child: &Child, signal: nix::sys::signal::Signal) {
    if let Ok(group) = i32::try_from(child.id()) {
        // One that has ended meanwhile needs no signal.
        let _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), signal);
    }
}

/// A command line of the user's for the system's shell.
pub(crate) fn shell(line: &str) -> Command {
    #[cfg(unix)]
    {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]);
        shell
    }
    #[cfg(windows)]
    {
        let mut shell = Command::new("cmd");
        // As it is written: cmd does not read quotes as other programs do.
        std::os::windows::process::CommandExt::raw_arg(
            shell.args(["/D", "/S", "/C"]),
            format!("\"{line}\""),
        );
        shell
    }
}

/// Keeps a crash of this process from leaving a dump, which would fill the disk of a long sweep.
///
/// # Errors
/// The system's message.
pub(crate) fn disable_core_dumps() -> std::io::Result<()> {
    #[cfg(unix)]
    limit(rustix::process::Resource::Core, 0)?;
    Ok(())
}

/// Whether the memory of a process can be limited here. macOS takes a limit and ignores it.
pub(crate) const CAN_LIMIT_MEMORY: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// What to say where it cannot.
pub(crate) const NO_MEMORY_LIMIT: &str =
    "--memory-limit needs Linux or Android; omit it, or measure on such a device with --device";

/// Limits the memory of this process.
///
/// # Errors
/// The system's message.
pub(crate) fn limit_memory(bytes: u64) -> std::io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return limit(rustix::process::Resource::As, bytes);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    Err(std::io::Error::other(format!("a limit of {bytes} bytes needs Linux or Android")))
}

/// Limits both what a process may use and what it may raise that to. Both are of 64 bits
/// everywhere, unlike those of setrlimit(2) in a 32-bit C library.
#[cfg(unix)]
fn limit(resource: rustix::process::Resource, most: u64) -> std::io::Result<()> {
    use rustix::process::{Rlimit, setrlimit};

    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}

/// Whether a process with this id runs.
pub(crate) fn is_running(process: u32) -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return std::path::Path::new(&format!("/proc/{process}")).exists();
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

        let pid = Pid::from_u32(process);
        let (only, kind) = (ProcessesToUpdate::Some(&[pid]), ProcessRefreshKind::nothing());
        System::new().refresh_processes_specifics(only, false, kind) > 0
    }
}
