//! Permits to compute: as many as cores.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Hands out a fixed number of permits, to the dearest work that waits.
pub(super) struct Permits {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    free: usize,
    /// Costs of those who wait.
    waiting: Vec<u64>,
}

/// Held while computing.
pub(super) struct Permit<'a>(&'a Permits);

impl Permits {
    pub(super) fn new(count: usize) -> Self {
        let state = State { free: count, waiting: Vec::new() };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a permit. `cost` is what a unit of the work takes; of those
    /// who wait, the highest goes first.
    pub(super) fn acquire(&self, cost: u64) -> Permit<'_> {
        let mut state = self.lock();
        state.waiting.push(cost);
        while state.free == 0 || state.waiting.iter().any(|other| *other > cost) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(place) = state.waiting.iter().position(|other| *other == cost) {
            state.waiting.swap_remove(place);
        }
        state.free -= 1;
        if state.free > 0 {
            self.changed.notify_all();
        }
        Permit(self)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.lock().free += 1;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn no_more_than_so_many_compute_at_once() {
        let (permits, now, most) = (Permits::new(3), AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for thread in 0..8 {
                let (permits, now, most) = (&permits, &now, &most);
                scope.spawn(move || {
                    for _ in 0..200 {
                        let _permit = permits.acquire(thread % 3);
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        thread::yield_now();
                        now.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!((1..=3).contains(&most.into_inner()));
    }

    #[test]
    fn the_dearest_goes_first() {
        let (permits, order) = (Permits::new(1), Mutex::new(Vec::new()));
        let first = permits.acquire(0);
        thread::scope(|scope| {
            for cost in [1, 3, 2] {
                let (permits, order) = (&permits, &order);
                scope.spawn(move || {
                    let _permit = permits.acquire(cost);
                    order.lock().unwrap().push(cost);
                });
            }
            while permits.lock().waiting.len() < 3 {
                thread::yield_now();
            }
            drop(first);
        });
        assert_eq!(order.into_inner().unwrap(), [3, 2, 1]);
    }
}
