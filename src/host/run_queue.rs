//! How long this process's threads stood in line for a CPU that something else used.

use crate::host::tree::Tree;

/// Time that the threads which live now have spent ready to run without a CPU, in ns, as Linux
/// counts it; `None` if it does not.
#[must_use]
pub(crate) fn waited_ns(tree: &Tree) -> Option<u64> {
    let threads = tree.ids_in("self/task");
    let waits = threads.iter().filter_map(|id| {
        // Time on a CPU, time in line, and turns ('sched-stats.rst' of Linux's documentation). A
        // thread that has just ended has no such file.
        tree.proc(format!("self/task/{id}/schedstat"))?.split(' ').nth(1)?.parse::<u64>().ok()
    });
    waits.reduce(|sum, wait| sum + wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::captured;

    #[test]
    fn the_waits_of_all_threads_are_added() {
        let (_keep, tree) = captured::tree(&[
            ("proc/self/task/7/schedstat", "82293 3546471 2\n"),
            ("proc/self/task/9/schedstat", "5 1000 1\n"),
            ("proc/self/task/11/comm", "just ended\n"),
        ]);
        assert_eq!(waited_ns(&tree), Some(3_547_471));
        let (_keep, without) = captured::tree(&[("proc/self/task/7/comm", "no figures\n")]);
        assert_eq!(waited_ns(&without), None);
    }

    #[test]
    fn what_linux_tells_of_this_process_is_read() {
        let tree = Tree::default();
        let known = tree.proc("self/schedstat").is_some();
        assert_eq!(waited_ns(&tree).is_some(), known);
    }
}
