//! What a runtime prints on standard error while something is done. Delegates and providers have
//! no other way to say why they refuse a node.

#[cfg(unix)]
use crate::system::redirected_stderr::Redirected;

/// Whether what is heard also goes where it would have gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Onward {
    Yes,
    No,
}

/// Does `work` and returns what was printed meanwhile, by any thread. Where standard error cannot
/// be redirected, that is nothing.
#[cfg(unix)]
pub(crate) fn during<T>(onward: Onward, work: impl FnOnce() -> T) -> (T, String) {
    match Redirected::start(onward == Onward::Yes) {
        Ok(redirected) => {
            let made = work();
            (made, redirected.end())
        }
        Err(_) => (work(), String::new()),
    }
}

/// Does `work`; nothing is heard on this system.
#[cfg(not(unix))]
pub(crate) fn during<T>(_: Onward, work: impl FnOnce() -> T) -> (T, String) {
    (work(), String::new())
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::{Write, stderr};

    use super::*;

    /// The only test of this process's standard error: two would hear each other.
    #[test]
    fn what_is_printed_meanwhile_is_heard_and_what_follows_is_not() {
        let print = |text: &str| stderr().write_all(text.as_bytes()).unwrap();
        let (made, heard) = during(Onward::No, || {
            print("driver: no kernel\n");
            7
        });
        assert_eq!(made, 7);
        assert!(heard.contains("driver: no kernel\n"), "{heard}");
        let (_, flood) = during(Onward::No, || {
            for _ in 0..40_000 {
                print("driver: spurious interrupt in a long line\n");
            }
        });
        assert!(flood.len() <= 1 << 20 && flood.len() > 1 << 19, "{}", flood.len());
        let (_, nothing) = during(Onward::No, || ());
        assert!(!nothing.contains("driver"), "{nothing}");
    }
}
