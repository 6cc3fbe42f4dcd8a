//! From models, backends, delegates and thread counts to cases.

use std::num::NonZeroUsize;

use crate::record::backend_kind::BackendKind;
use crate::record::capabilities::Threads;
use crate::record::case::Case;
use crate::record::delegate::Delegate;
use crate::record::description::Model;

/// What is to be combined.
#[derive(Debug, Clone)]
pub struct Matrix<'a> {
    /// The models.
    pub models: &'a [Model],
    /// The backends.
    pub backends: &'a [BackendKind],
    /// The delegates; empty: each backend's own choice.
    pub delegates: &'a [Delegate],
    /// The thread counts.
    pub threads: &'a [NonZeroUsize],
    /// Whether the thread counts were asked for; where they were not, a backend that
    /// ignores them gets the first only.
    pub threads_asked: bool,
}

impl Matrix<'_> {
    /// The cases, in the order of the table: by model, backend, delegate,
    /// threads.
    ///
    /// A backend that does not read a model's format, or does not know a
    /// delegate on any machine, makes no case; unless the model, or the pair
    /// of model and backend, would then have none: what was asked for is
    /// answered, if only with 'unsupported'.
    #[must_use]
    pub fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for model in self.models {
            for backend in
                preferred(self.backends, |backend| backend.capabilities().reads(model.format))
            {
                for delegate in self.delegates_of(*backend) {
                    for threads in self.threads_of(*backend) {
                        cases.push(Case {
                            model: model.name.clone(),
                            backend: *backend,
                            delegate: delegate.clone(),
                            threads: *threads,
                            device: None,
                        });
                    }
                }
            }
        }
        cases
    }

    fn threads_of(&self, backend: BackendKind) -> &[NonZeroUsize] {
        match backend.capabilities().threads {
            Threads::One(_) if !self.threads_asked => &self.threads[..self.threads.len().min(1)],
            _ => self.threads,
        }
    }

    fn delegates_of(&self, backend: BackendKind) -> Vec<&Delegate> {
        if self.delegates.is_empty() {
            return backend.capabilities().default_delegates().collect();
        }
        preferred(self.delegates, |delegate| backend.capabilities().knows(delegate))
    }
}

/// The items that pass, or all of them where none does.
fn preferred<T>(items: &[T], passes: impl Fn(&T) -> bool) -> Vec<&T> {
    let passing: Vec<&T> = items.iter().filter(|item| passes(item)).collect();
    if passing.is_empty() { items.iter().collect() } else { passing }
}
