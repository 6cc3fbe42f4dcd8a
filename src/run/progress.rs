//! The progress of a run: bars on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::record::case::{AccuracyKey, Case};
use crate::record::run::CaseRecord;
use crate::record::status::Status;

/// Something that happened.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event<'a> {
    /// A case's worker is being started.
    CaseLoading(&'a Case),
    /// A case is done with.
    CaseEnded(&'a CaseRecord),
    /// Every case of a group was visited once more.
    RoundEnded {
        /// Which round.
        round: u32,
        /// Cases of the group that want more.
        cases_left: usize,
    },
    /// A case was visited in every scenario once more.
    ScenariosVisited {
        /// The case.
        case: &'a Case,
        /// Which round of scenarios.
        round: u32,
    },
    /// A case was run for as long as was asked.
    CaseSustained(&'a Case),
    /// The machine is too hot or not charged enough: the sentence.
    Waiting(&'a str),
    /// Images were scored.
    Scored {
        /// Number for all subjects together.
        images: usize,
    },
    /// An accuracy subject is done with.
    SubjectEnded {
        /// Which.
        key: &'a AccuracyKey,
        /// How.
        status: Status,
        /// Why.
        error: Option<&'a str>,
    },
}

/// Shows events on standard error.
pub(crate) struct Progress {
    style: Style,
    cases: usize,
    ended: AtomicUsize,
}

enum Style {
    Quiet,
    Lines,
    Bar(ProgressBar),
}

impl Progress {
    /// For a run with this many cases, and this many images over all subjects.
    #[must_use]
    pub(crate) fn new(quiet: bool, cases: usize, images: usize) -> Self {
        let style = if quiet {
            Style::Quiet
        } else if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new((cases + images) as u64);
            let template = "{bar:30} {percent:>3}% {elapsed} {wide_msg}";
            // The template is a constant; should it ever be wrong, the default style is used.
            bar.set_style(
                ProgressStyle::with_template(template)
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar.enable_steady_tick(Duration::from_millis(250));
            Style::Bar(bar)
        } else {
            Style::Lines
        };
        Self { style, cases, ended: AtomicUsize::new(0) }
    }

    /// Shows one event. `side` says which of two interleaved runs it belongs to, and is empty for a
    /// single run.
    pub(crate) fn show(&self, side: &str, event: Event<'_>) {
        if let Event::CaseEnded(_) = event {
            self.ended.fetch_add(1, Ordering::Relaxed);
        }
        let line = self.line(event).map(|line| match side {
            "" => line,
            side => format!("{side} {line}"),
        });
        match &self.style {
            Style::Quiet => {}
            Style::Lines => {
                if let Some(line) = line {
                    // There may be no reader, if the connection broke.
                    let _ = writeln!(std::io::stderr(), "{line}");
                }
            }
            Style::Bar(bar) => match event {
                Event::CaseEnded(_) => {
                    bar.inc(1);
                    bar.set_message(line.unwrap_or_default());
                }
                Event::Scored { images } => bar.inc(images as u64),
                Event::CaseLoading(case) => bar.set_message(format!("loading {case}")),
                Event::RoundEnded { round, cases_left } => {
                    bar.set_message(format!("round {}, {cases_left} cases left", round + 1));
                }
                Event::SubjectEnded { .. }
                | Event::Waiting(_)
                | Event::ScenariosVisited { .. }
                | Event::CaseSustained(_) => {
                    bar.set_message(line.unwrap_or_default());
                }
            },
        }
    }

    fn line(&self, event: Event<'_>) -> Option<String> {
        match event {
            Event::CaseEnded(record) => {
                let runs: usize = record.visits.iter().map(|visit| visit.block.runs()).sum();
                let what = match &record.error {
                    Some(error) => format!("{}: {error}", record.status),
                    None => format!("{runs} runs in {} rounds", record.visits.len()),
                };
                let ended = self.ended.load(Ordering::Relaxed);
                Some(format!("[{ended}/{}] {}: {what}", self.cases, record.case))
            }
            Event::SubjectEnded { key, status, error } => Some(match error {
                Some(error) => format!("accuracy of {key}: {status}: {error}"),
                None => format!("accuracy of {key}: {status}"),
            }),
            Event::Waiting(reason) => Some(reason.to_owned()),
            Event::ScenariosVisited { case, round } => {
                Some(format!("{case}: scenarios, round {}", round + 1))
            }
            Event::CaseSustained(case) => Some(format!("{case}: sustained")),
            Event::CaseLoading(_) | Event::RoundEnded { .. } | Event::Scored { .. } => None,
        }
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        if let Style::Bar(bar) = &self.style {
            bar.finish_and_clear();
        }
    }
}
