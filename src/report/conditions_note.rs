//! What timed runs were given and where they ran, where that is not what an application has.

use crate::record::case::Case;
use crate::record::host::Host;
use crate::record::process_place::ProcessPlace;
use crate::record::run::Run;
use crate::table::scenario_rows::scenario_rows;
use crate::table::units::three_digits;

/// Android's control groups for the application that the user looks at.
const OF_APPS: [&str; 2] = ["top-app", "foreground"];
/// The most that the scheduler takes a process to need, where nothing limits it.
const FULL_UCLAMP: u32 = 1024;

/// A sentence for each condition of the run that a reader has to know.
#[must_use]
pub(crate) fn sentences(run: &Run) -> Vec<String> {
    let latency = run.header.options.latency.as_ref();
    let inputs = latency.map(|latency| latency.inputs).filter(|inputs| !inputs.is_noise());
    let mut sentences: Vec<String> = inputs
        .map(|inputs| format!("Timed runs were given {}.", inputs.words()))
        .into_iter()
        .collect();
    sentences.extend(energy(run));
    for record in &run.cases {
        let case = &record.case;
        let host = run.header.machine(case.device.as_deref()).host;
        for place in record.processes.iter().filter_map(|process| process.loaded.place.as_ref()) {
            for words in unlike_an_app(place, host, is_pinned(run, case)) {
                let on =
                    case.device.as_ref().map_or(String::new(), |device| format!(" on {device}"));
                let sentence = format!("Its processes{on} {words}.");
                if !sentences.contains(&sentence) {
                    sentences.push(sentence);
                }
            }
        }
    }
    sentences
}

/// Where energy was read, and what was subtracted; a sentence per source.
fn energy(run: &Run) -> Vec<String> {
    if !run.header.options.latency.as_ref().is_some_and(|latency| latency.scenarios.energy) {
        return Vec::new();
    }
    let mut sources: Vec<(String, f64, f64)> = Vec::new();
    let rows = scenario_rows(run);
    let measured = rows.iter().filter_map(|row| row.energy_mj_per_image_low);
    let (all, doubtful) =
        measured.fold((0, 0), |(all, doubtful), low| (all + 1, doubtful + usize::from(low <= 0.0)));
    for row in rows {
        let (Some(source), Some(watts)) = (row.energy_source, row.idle_watts) else { continue };
        match sources.iter_mut().find(|(known, ..)| *known == source) {
            Some((_, least, most)) => (*least, *most) = (least.min(watts), most.max(watts)),
            None => sources.push((source, watts, watts)),
        }
    }
    let sentence = |(source, least, most): (String, f64, f64)| {
        let (least, most) = (three_digits(least), three_digits(most));
        let watts = if least == most { least } else { format!("{least} to {most}") };
        format!("Energy by {source}, of which the {watts} W of the idle machine were subtracted.")
    };
    let doubt = (doubtful > 0).then(|| {
        format!(
            "{doubtful} of {all} energies cannot be told from the idle machine's, since their intervals reach 0: measure longer (--max-seconds), or use a source that is read more often."
        )
    });
    sources.into_iter().map(sentence).chain(doubt).collect()
}

/// What the terminal shows below the table.
#[must_use]
pub(crate) fn terminal(run: &Run) -> String {
    let sentences = sentences(run);
    if sentences.is_empty() { String::new() } else { format!("\n{}\n", sentences.join("\n")) }
}

fn is_pinned(run: &Run, case: &Case) -> bool {
    let latency = run.header.options.latency.as_ref();
    latency.is_some_and(|latency| !latency.cpus_of(case).is_empty())
}

/// What an application would have otherwise on `host`; of the CPUs nothing if the user chose them.
fn unlike_an_app(place: &ProcessPlace, host: &Host, is_pinned: bool) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(group) = place.cgroups.iter().find_map(|group| cpuset(group))
        && host.android.is_some()
        && !OF_APPS.contains(&group)
    {
        found.push(format!(
            "ran in Android's group '{}' and not in 'top-app', as the app that the user looks at does: they may have had slower CPUs and lower frequencies (--task-profile)",
            if group.is_empty() { "/" } else { group }
        ));
    }
    let allowed = place.cpus.as_deref().and_then(count);
    if let (Some(list), Some(allowed)) = (&place.cpus, allowed)
        && allowed < host.cores
        && !is_pinned
    {
        let cpus = if allowed == 1 { "CPU" } else { "the CPUs" };
        found.push(format!("could use only {cpus} {list} of the machine's {}", host.cores));
    }
    if let Some(quota) = place.quota.filter(|quota| allowed.is_none_or(|all| *quota < all as f64)) {
        found.push(format!("were limited to the time of {quota:.2} CPUs by a control group"));
    }
    if let Some(nice) = place.nice.filter(|nice| *nice > 0) {
        found.push(format!("had the nice value {nice}, an app has 0 or less"));
    }
    if let Some([_, most]) = place.uclamp.filter(|[_, most]| *most < FULL_UCLAMP) {
        found.push(format!(
            "were taken by the scheduler to need at most {most} of {FULL_UCLAMP} (uclamp), which keeps frequencies low"
        ));
    }
    found
}

/// The group of the controller of CPUs, if it is this one.
fn cpuset(group: &str) -> Option<&str> {
    let (controllers, path) = group.split_once(':')?;
    controllers.split(',').any(|it| it == "cpuset").then(|| path.trim_start_matches('/'))
}

/// How many CPUs a list such as `0-3,7` has.
fn count(list: &str) -> Option<usize> {
    let of = |part: &str| match part.split_once('-') {
        Some((first, last)) => {
            let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
            Some((last + 1).saturating_sub(first))
        }
        None => part.parse::<usize>().ok().map(|_| 1),
    };
    list.split(',').map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::android::Android;

    fn place(cgroups: &[&str]) -> ProcessPlace {
        ProcessPlace {
            cpus: Some("0-3,7".into()),
            nice: Some(0),
            cgroups: cgroups.iter().map(|group| (*group).to_owned()).collect(),
            uclamp: Some([0, FULL_UCLAMP]),
            ..ProcessPlace::default()
        }
    }

    #[test]
    fn a_shell_s_group_on_android_is_named() {
        let host = Host { cores: 5, android: Some(Android::default()), ..Host::default() };
        let said = |cgroups: &[&str]| unlike_an_app(&place(cgroups), &host, false).join(" ");
        assert!(said(&["cpuset:/", "cpu:/"]).contains("group '/'"), "{}", said(&["cpuset:/"]));
        assert!(said(&["cpuset:/background"]).contains("'background'"));
        assert_eq!(said(&["cpuset:/top-app", "cpu:/"]), "");
        // The kernel does not say.
        assert_eq!(said(&[]), "");
        let board = Host { cores: 5, ..Host::default() };
        assert_eq!(unlike_an_app(&place(&["cpuset:/"]), &board, false), Vec::<String>::new());
    }

    #[test]
    fn a_restricted_process_is_said_to_be() {
        let host = Host { cores: 8, ..Host::default() };
        let said = |place: &ProcessPlace, is_pinned| unlike_an_app(place, &host, is_pinned);
        assert!(said(&place(&[]), false)[0].contains("only the CPUs 0-3,7 of the machine's 8"));
        assert!(said(&place(&[]), true).is_empty(), "the user chose them");
        let limited =
            ProcessPlace { quota: Some(1.5), nice: Some(10), uclamp: Some([0, 512]), ..place(&[]) };
        let said = said(&limited, true).join("; ");
        for part in ["1.50 CPUs", "nice value 10", "at most 512"] {
            assert!(said.contains(part), "{said}");
        }
        // More than it may use anyway.
        let roomy = ProcessPlace { quota: Some(6.0), ..place(&[]) };
        assert!(unlike_an_app(&roomy, &host, true).is_empty());
    }
}
