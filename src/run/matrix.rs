//! From models, backends, delegates, options and thread counts to cases.

use std::num::NonZeroUsize;

use crate::record::backend_kind::BackendKind;
use crate::record::capabilities::Threads;
use crate::record::case::Case;
use crate::record::delegate::Delegate;
use crate::record::description::Model;
use crate::record::host::Host;
use crate::record::option_set::OptionSet;

/// What is to be combined.
#[derive(Debug, Clone)]
pub(crate) struct Matrix<'a> {
    /// The models.
    pub models: &'a [Model],
    /// The backends.
    pub backends: &'a [BackendKind],
    /// The delegates; empty: each backend's own choice.
    pub delegates: &'a [Delegate],
    /// The sets of the runtimes' own settings.
    pub option_sets: &'a [OptionSet],
    /// Whether backends with a set are measured only with it.
    pub no_default_options: bool,
    /// The thread counts.
    pub threads: &'a [NonZeroUsize],
    /// Numbers of images per run; fewer than two are no axis.
    pub batches: &'a [NonZeroUsize],
    /// Names of the CPUs that cases are kept on; fewer than two are no axis.
    pub affinities: &'a [&'a str],
    /// Whether the backends were requested; if not, one that computes a model incorrectly
    /// makes no case of it.
    pub backends_asked: bool,
    /// Whether no model was named: the embedded ones are swept over.
    pub sweep: bool,
    /// Whether the thread counts were requested; if not, a backend that ignores them gets only the
    /// first.
    pub threads_asked: bool,
    /// Models that get only the first thread count.
    pub on_one_core: Vec<String>,
}

impl Matrix<'_> {
    /// The cases, in the order of the table: by model, backend, delegate, options, threads,
    /// batch, affinity.
    ///
    /// A backend that does not read a model's format, or does not know a delegate on any machine,
    /// makes no case; unless the model, or the pair of model and backend, would then have none:
    /// every request is answered, if only with 'unsupported'.
    #[must_use]
    pub(crate) fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for model in self.models {
            for backend in self.backends_of(model) {
                for delegate in self.delegates_of(backend) {
                    let one = Case::plain(&model.name, backend, delegate, NonZeroUsize::MIN);
                    for case in self.variants(&one) {
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

    /// The cases that differ from `one` in options, threads, batch and affinity.
    fn variants(&self, one: &Case) -> Vec<Case> {
        let axis = |count: usize| if count > 1 { count } else { 0 };
        let batches = self.batches[..axis(self.batches.len())].iter().copied();
        let batches: Vec<Option<NonZeroUsize>> = or_absent(batches);
        let affinities = self.affinities[..axis(self.affinities.len())].iter();
        let affinities: Vec<Option<String>> = or_absent(affinities.map(|&cpus| cpus.to_owned()));
        let mut variants = Vec::new();
        for options in self.options_of(one) {
            for threads in self.threads_of(one) {
                for batch in &batches {
                    for affinity in &affinities {
                        variants.push(Case {
                            options: options.clone(),
                            threads: *threads,
                            batch: *batch,
                            affinity: affinity.clone(),
                            ..one.clone()
                        });
                    }
                }
            }
        }
        variants
    }

    /// The options of a backend and delegate: none, unless sets take their place, and each set.
    fn options_of(&self, one: &Case) -> Vec<Option<String>> {
        let of_backend = || self.option_sets.iter().filter(|set| set.backend == one.backend);
        let fitting = of_backend().filter(|set| set.fits(&one.delegate));
        let sets: Vec<Option<String>> = fitting.map(|set| Some(set.name.clone())).collect();
        let without = !self.no_default_options || of_backend().next().is_none();
        without.then_some(None).into_iter().chain(sets).collect()
    }

    /// One sentence for a set of options that makes none of `cases`, which are this
    /// matrix's.
    #[must_use]
    pub(crate) fn unused_set(&self, cases: &[Case]) -> Option<String> {
        let is_used = |name: &str| cases.iter().any(|case| case.options.as_deref() == Some(name));
        let set = self.option_sets.iter().find(|set| !is_used(&set.name))?;
        let OptionSet { name, backend, .. } = set;
        Some(if self.backends.contains(backend) {
            format!(
                "options '{name}' make no case: under no delegate of this run have all of their settings an effect on {backend}; 'shutterbench list options' shows under which they have"
            )
        } else {
            format!(
                "options '{name}' make no case: they are for {backend}, which this run does not measure; give it with --backend"
            )
        })
    }

    fn backends_of(&self, model: &Model) -> Vec<BackendKind> {
        let reads = |backend: &BackendKind| backend.capabilities().reads(model.format);
        let computes = |backend: &BackendKind| {
            self.backends_asked || backend.capabilities().computes(model.signature.precision)
        };
        preferred(&preferred(self.backends, reads), computes)
    }

    fn threads_of(&self, one: &Case) -> &[NonZeroUsize] {
        let ignored = matches!(one.backend.capabilities().threads, Threads::One(_));
        if (ignored && !self.threads_asked) || self.on_one_core.contains(&one.model) {
            &self.threads[..self.threads.len().min(1)]
        } else {
            self.threads
        }
    }

    fn delegates_of(&self, backend: BackendKind) -> Vec<Delegate> {
        if self.delegates.is_empty() {
            return backend.capabilities().default_delegates(self.sweep).cloned().collect();
        }
        preferred(self.delegates, |delegate| backend.capabilities().knows(delegate))
    }
}

/// One thread, and as many as there are CPUs: what a run without models and threads measures.
pub(crate) fn one_and_all_cpus() -> Vec<NonZeroUsize> {
    let all = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let mut counts = vec![NonZeroUsize::MIN, all];
    counts.dedup();
    counts
}

/// A note if a case asks for more threads than it has CPUs, of which `usable` are known.
#[must_use]
pub(crate) fn crowded(cases: &[Case], usable: impl Fn(&Case) -> usize) -> Option<String> {
    let crowds = cases.iter().map(|case| (case.threads.get(), usable(case)));
    let worst = crowds.filter(|(threads, cpus)| *cpus > 0 && threads > cpus);
    let (threads, cpus) = worst.max_by_key(|(threads, cpus)| threads - cpus)?;
    Some(format!("{threads} threads share only {cpus} CPU(s) here"))
}

/// A note if two threads had no two cores when the run began, for cases of several threads.
#[must_use]
pub(crate) fn shared_core(cases: &[Case], host: &Host) -> Option<String> {
    let several = cases.iter().any(|case| case.threads.get() > 1);
    let times = host.two_over_one().filter(|_| several && host.shares_a_core() == Some(true))?;
    Some(format!(
        "when the run began, two threads together did only {times:.2} times the work of one, as on two CPUs that share a core: several threads cannot be faster here, and elsewhere they may be"
    ))
}

/// The values of an axis, or that it is none.
fn or_absent<T>(values: impl Iterator<Item = T>) -> Vec<Option<T>> {
    let values: Vec<Option<T>> = values.map(Some).collect();
    if values.is_empty() { vec![None] } else { values }
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
    use crate::record::setting_values::SettingValues;

    fn count(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).unwrap()
    }

    /// A matrix in which backends and threads were asked for.
    fn asked(models: &[Model]) -> Matrix<'_> {
        Matrix {
            models,
            backends: &[],
            delegates: &[],
            option_sets: &[],
            no_default_options: false,
            threads: &[],
            batches: &[],
            affinities: &[],
            backends_asked: true,
            sweep: false,
            threads_asked: true,
            on_one_core: Vec::new(),
        }
    }

    #[test]
    fn options_batch_and_affinity_are_axes() {
        let models = ["fmnist_mobilenet_v1_0.25_f32_onnx".to_owned()];
        let models = select::select(&models, None).unwrap();
        let set = |name: &str, backend| OptionSet {
            name: name.to_owned(),
            backend,
            set: [("cpu_arena".to_owned(), "false".to_owned())]
                .into_iter()
                .collect::<SettingValues>(),
        };
        let sets = [set("lean", BackendKind::Onnxruntime)];
        let backends = [BackendKind::Tract, BackendKind::Onnxruntime];
        let (threads, batches) = ([count(1)], [count(1), count(4)]);
        let (names, one) = (["big", "all"], [count(8)]);
        let matrix =
            Matrix { backends: &backends, option_sets: &sets, threads: &threads, ..asked(&models) };
        let names_of = |matrix: &Matrix<'_>| -> Vec<String> {
            let short = |case: &Case| case.to_string().split_once(' ').unwrap().1.to_owned();
            matrix.cases().iter().map(short).collect()
        };
        let all = ["tract/none x1", "onnxruntime/none x1", "onnxruntime/none+lean x1"];
        assert_eq!(names_of(&matrix), all);
        assert_eq!(matrix.unused_set(&matrix.cases()), None);
        // One value is no axis; two are, and every set has them.
        assert_eq!(names_of(&Matrix { batches: &one, ..matrix.clone() }), all);
        let with = Matrix { batches: &batches, affinities: &names, ..matrix.clone() };
        assert_eq!(names_of(&with).len(), 12);
        assert_eq!(names_of(&with)[11], "onnxruntime/none+lean x1 b4 @all");
        // A backend without a set has cases all the same.
        let only = Matrix { no_default_options: true, ..matrix.clone() };
        assert_eq!(names_of(&only), [all[0], all[2]]);
        let other = Matrix { backends: &backends[..1], ..matrix };
        let said = other.unused_set(&other.cases()).unwrap();
        assert!(said.contains("'lean'") && said.contains("onnxruntime"), "{said}");
    }

    #[test]
    fn what_a_list_names_twice_is_one_case() {
        let models = select::select(&["fmnist_mobilenet_v1_0.25_f32".to_owned()], None).unwrap();
        let cases = |backends: &[BackendKind], delegates: &[Delegate], threads: &[usize]| {
            let threads: Vec<NonZeroUsize> = threads.iter().map(|n| count(*n)).collect();
            let matrix = Matrix { backends, delegates, threads: &threads, ..asked(&models) };
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
                backends: &backends,
                threads: &threads,
                backends_asked,
                sweep,
                threads_asked: false,
                ..asked(&models)
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
    fn a_model_on_one_core_gets_only_the_first_thread_count() {
        let models = ["fmnist_mobilenet_v1_0.25_int8", "fmnist_mobilenet_v1_1.0_f32"];
        let models = select::select(&models.map(str::to_owned), None).unwrap();
        let on_one_core = select::on_one_core(&models).unwrap();
        assert_eq!(on_one_core, [models[0].name.clone()]);
        let (backends, threads) = ([BackendKind::Tflite], [count(1), count(2)]);
        let delegates = [Delegate::None];
        let (backends, delegates, threads) = (&backends[..], &delegates[..], &threads[..]);
        let matrix = Matrix { backends, delegates, threads, on_one_core, ..asked(&models) };
        let counts: Vec<usize> = matrix.cases().iter().map(|case| case.threads.get()).collect();
        assert_eq!(counts, [1, 1, 2]);
    }

    #[test]
    fn threads_without_a_core_each_are_said() {
        let models = select::select(&["fmnist_mobilenet_v1_0.25_f32".to_owned()], None).unwrap();
        let said = |threads: &[NonZeroUsize], two: Option<f64>| {
            let host =
                Host { product_gmacs: Some(50.0), two_products_gmacs: two, ..Host::default() };
            let backends = [BackendKind::Tflite];
            let matrix = Matrix { backends: &backends, threads, ..asked(&models) };
            shared_core(&matrix.cases(), &host)
        };
        let both = [count(1), count(2)];
        assert!(said(&both, Some(55.0)).unwrap().contains("only 1.10 times"));
        assert_eq!(said(&both, Some(97.0)), None);
        assert_eq!(said(&both, None), None);
        assert_eq!(said(&[count(1)], Some(55.0)), None);
    }

    #[test]
    fn more_threads_than_cpus_are_said() {
        let models = select::select(&["fmnist_mobilenet_v1_0.25_f32".to_owned()], None).unwrap();
        let (backends, threads) = ([BackendKind::Tract], [count(1), count(4)]);
        let matrix = Matrix { backends: &backends, threads: &threads, ..asked(&models) };
        let cases = matrix.cases();
        assert_eq!(crowded(&cases, |_| 4), None);
        assert!(crowded(&cases, |_| 2).unwrap().starts_with("4 threads share only 2 CPU(s)"));
    }
}
