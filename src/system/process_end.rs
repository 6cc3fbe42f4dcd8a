//! What the exit status of a process says about its end.

use std::process::ExitStatus as ChildStatus;

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProcessEnd {
    /// Part of a sentence that begins with 'its process'.
    pub words: String,
    /// Who ended it.
    pub by: EndedBy,
}

/// Who ended a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndedBy {
    /// Itself, by an exit or a crash.
    Itself,
    /// A kill that no process can refuse: by the kernel for want of memory, or by someone. Windows
    /// does not tell it from an exit.
    #[cfg_attr(windows, expect(dead_code, reason = "it is never told there"))]
    Kill,
    /// A signal with which schedulers, shells and people end processes.
    Others,
}

/// What a status says.
#[cfg(unix)]
pub(crate) fn of(status: ChildStatus) -> ProcessEnd {
    use std::os::unix::process::ExitStatusExt;

    use nix::sys::signal::Signal;

    let Some(number) = status.signal() else { return exited(status) };
    let signal = Signal::try_from(number).ok();
    let by = match signal {
        Some(Signal::SIGKILL) => EndedBy::Kill,
        Some(
            Signal::SIGTERM
            | Signal::SIGINT
            | Signal::SIGHUP
            | Signal::SIGQUIT
            | Signal::SIGUSR1
            | Signal::SIGUSR2,
        ) => EndedBy::Others,
        _ => EndedBy::Itself,
    };
    let name = signal.map_or("unknown", Signal::as_str);
    ProcessEnd { words: format!("was terminated by {name}"), by }
}

/// What a status says: on Windows a crash is an exit code of its own.
#[cfg(windows)]
pub(crate) fn of(status: ChildStatus) -> ProcessEnd {
    status.code().and_then(|code| of_code(code.cast_unsigned())).unwrap_or_else(|| exited(status))
}

fn exited(status: ChildStatus) -> ProcessEnd {
    let words = format!("ended with exit code {}", status.code().unwrap_or(-1));
    ProcessEnd { words, by: EndedBy::Itself }
}

/// What Windows calls an error as an exit code (ntstatus.h); `None` for codes of a program's own.
#[cfg(any(windows, test))]
fn of_code(code: u32) -> Option<ProcessEnd> {
    /// Severity 'error' of the system itself.
    const ERROR: u32 = 0xC000_0000;
    const CONTROL_C: u32 = 0xC000_013A;
    let name = match code {
        0xC000_0005 => "access violation",
        0xC000_0017 => "out of memory",
        0xC000_001D => "illegal instruction",
        0xC000_0094 => "integer division by zero",
        0xC000_00FD => "stack overflow",
        0xC000_012D => "out of memory: commitment limit",
        0xC000_0135 => "a DLL that it needs was not found",
        CONTROL_C => "Ctrl-C",
        0xC000_0374 => "heap corruption",
        0xC000_0409 => "abort",
        ERROR..=0xC0FF_FFFF => "an error of the system",
        _ => return None,
    };
    let by = if code == CONTROL_C { EndedBy::Others } else { EndedBy::Itself };
    Some(ProcessEnd { words: format!("was terminated by 0x{code:08X} ({name})"), by })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crashes_on_windows_have_names_and_exit_codes_do_not() {
        let violation = of_code(0xC000_0005).unwrap();
        assert_eq!(violation.words, "was terminated by 0xC0000005 (access violation)");
        assert_eq!(violation.by, EndedBy::Itself);
        assert_eq!(of_code(0xC000_013A).unwrap().by, EndedBy::Others);
        assert!(of_code(0xC000_0099).unwrap().words.ends_with("(an error of the system)"));
        assert_eq!((of_code(0), of_code(101), of_code(0xE06D_7363)), (None, None, None));
    }
}
