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
    /// Whether the backends were requested; if not, one that computes a model incorrectly
    /// makes no case of it.
    pub backends_asked: bool,
    /// Whether no model was named: the embedded ones are swept over.
    pub sweep: bool,
    /// Whether the thread counts were requested; if not, a backend that ignores them gets only the
    /// first.
    pub threads_asked: bool,
}

impl Matrix<'_> {
    /// The cases, in the order of the table: by model, backend, delegate,
    /// threads.
    ///
    /// A backend that does not read a model's format, or does not know a delegate on any machine,
    /// makes no case; unless the model, or the pair of model and backend, would then have none:
    /// every request is answered, if only with 'unsupported'.
    #[must_use]
    pub fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for model in self.models {
            for backend in self.backends_of(model) {
                for delegate in self.delegates_of(backend) {
                    for threads in self.threads_of(backend) {
                        let case = Case {
                            model: model.name.clone(),
                            backend,
                            delegate: delegate.clone(),
                            threads: *threads,
                            device: None,
                        };
                        // What a list names twice is measured once.
                        if !cases.contains(&case) {
                            cases.push(case);
                        }
                    }
                }
            }
        }
        cases
    }

    fn backends_of(&self, model: &Model) -> Vec<BackendKind> {
        let reads = |backend: &BackendKind| backend.capabilities().reads(model.format);
        let computes = |backend: &BackendKind| {
            self.backends_asked || backend.capabilities().computes(model.signature.precision)
        };
        preferred(&preferred(self.backends, reads), computes)
    }

    fn threads_of(&self, backend: BackendKind) -> &[NonZeroUsize] {
        match backend.capabilities().threads {
            Threads::One(_) if !self.threads_asked => &self.threads[..self.threads.len().min(1)],
            _ => self.threads,
        }
    }

    fn delegates_of(&self, backend: BackendKind) -> Vec<Delegate> {
        if self.delegates.is_empty() {
            return backend.capabilities().default_delegates(self.sweep).cloned().collect();
        }
        preferred(self.delegates, |delegate| backend.capabilities().knows(delegate))
    }
}

/// A note if a case asks for more threads than it may use CPUs.
#[must_use]
pub fn crowded(cases: &[Case], cpus: usize) -> Option<String> {
    let most = cases.iter().map(|case| case.threads.get()).max()?;
    (cpus > 0 && most > cpus).then(|| format!("{most} threads share only {cpus} CPU(s) here"))
}

/// The items that pass, or all of them if none does.
fn preferred<T: Clone>(items: &[T], passes: impl Fn(&T) -> bool) -> Vec<T> {
    let passing: Vec<T> = items.iter().filter(|item| passes(item)).cloned().collect();
    if passing.is_empty() { items.to_vec() } else { passing }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::select;

    fn count(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).unwrap()
    }

    #[test]
    fn what_a_list_names_twice_is_one_case() {
        let models = select::select(&["fmnist_mobilenet_v1_0.25_f32".to_owned()], None).unwrap();
        let cases = |backends: &[BackendKind], delegates: &[Delegate], threads: &[usize]| {
            let threads: Vec<NonZeroUsize> = threads.iter().map(|n| count(*n)).collect();
            let matrix = Matrix {
                models: &models,
                backends,
                delegates,
                threads: &threads,
                backends_asked: true,
                sweep: false,
                threads_asked: true,
            };
            matrix.cases()
        };
        let (tflite, tract) = (BackendKind::Tflite, BackendKind::Tract);
        let once = cases(&[tflite, tract], &[Delegate::None], &[1, 2]);
        let none = Delegate::None;
        let twice = cases(&[tflite, tract, tflite], &[none.clone(), none], &[1, 2, 1]);
        assert_eq!((twice.len(), twice), (4, once));
    }

    #[test]
    fn a_sweep_holds_what_an_application_would_take_and_nothing_that_cannot_run() {
        let models = ["fmnist_mobilenet_v1_0.25_f32", "fmnist_mobilenet_v1_0.25_int8"];
        let models = select::select(&models.map(str::to_owned), None).unwrap();
        let (tflite, tract) = (BackendKind::Tflite, BackendKind::Tract);
        let names = |backends_asked, sweep| -> Vec<String> {
            let (backends, threads) = ([tflite, tract], [count(1)]);
            let matrix = Matrix {
                models: &models,
                backends: &backends,
                delegates: &[],
                threads: &threads,
                backends_asked,
                sweep,
                threads_asked: false,
            };
            let name = |case: &Case| format!("{}/{}", case.backend, case.delegate);
            matrix.cases().iter().map(name).collect()
        };
        assert_eq!(names(false, true), ["tflite/xnnpack", "tract/none", "tflite/xnnpack"]);
        let own = ["tflite/none", "tflite/xnnpack"];
        assert_eq!(names(false, false), [&own[..], &["tract/none"], &own].concat());
        // What was asked for is answered, if only with 'unsupported'.
        let asked = [&own[..], &["tract/none"]].concat();
        assert_eq!(names(true, false), [asked.clone(), asked].concat());
    }

    #[test]
    fn more_threads_than_cpus_are_said() {
        let models = select::select(&["fmnist_mobilenet_v1_0.25_f32".to_owned()], None).unwrap();
        let matrix = Matrix {
            models: &models,
            backends: &[BackendKind::Tract],
            delegates: &[],
            threads: &[count(1), count(4)],
            backends_asked: true,
            sweep: false,
            threads_asked: true,
        };
        let cases = matrix.cases();
        assert_eq!(crowded(&cases, 4), None);
        assert!(crowded(&cases, 2).unwrap().starts_with("4 threads share only 2 CPU(s)"));
    }
}
