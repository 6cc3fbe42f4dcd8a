//! Contests of made-up cases.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::stats::simulated::normal;

/// A contest of cases that take `factors` of what the machine's mood makes of 1 ms.
fn contest(factors: &[f64], rounds: u32) -> Contest {
    let mut contest = Contest::new(2.0, RULES);
    contest.begin(factors.len());
    for round in 0..rounds {
        let mood = 1.0 + f64::from(round * 7 % 5) / 3.0;
        for (case, factor) in factors.iter().enumerate() {
            let own = 1.0 + f64::from((round + case as u32) * 3 % 4) / 1000.0;
            contest.visited(case, round, &[1e6 * mood * own * factor; 5], 1.0);
        }
    }
    // The present round is counted by the look.
    contest.rounds = rounds.saturating_sub(1);
    contest
}

/// Which leave, with the reasons, when `share` of the time is used.
fn leave(contest: &mut Contest, share: f64) -> Vec<(usize, DropReason)> {
    let live: Vec<usize> = contest.contenders.keys().copied().collect();
    contest.look_at = contest.rounds + 1;
    let left = contest.look(&live, share);
    contest.contenders.retain(|case, _| left.iter().all(|it| it.case != *case));
    left.iter().map(|it| (it.case, it.why)).collect()
}

#[test]
fn a_case_that_is_far_slower_leaves_at_once_and_a_near_one_after_half_of_the_time() {
    use DropReason::Slower;
    let mut of_one = contest(&[1.0, 1.3, 2.9, 3.1], 1);
    assert_eq!(leave(&mut of_one, 0.01), [(3, Slower)]);
    let mut of_many = contest(&[1.0, 1.3, 2.9, 3.1], 12);
    assert_eq!(leave(&mut of_many, 0.4), [(3, Slower)]);
    assert_eq!(leave(&mut of_many, 0.6), [(1, Slower), (2, Slower)]);
    // Without an interval, even then only what is far slower.
    let mut few = contest(&[1.0, 1.3, 2.9, 3.1], 3);
    assert_eq!(leave(&mut few, 0.6), [(3, Slower)]);
}

#[test]
fn closer_than_a_tenth_one_look_is_not_enough() {
    let mut contest = contest(&[1.0, 1.05], 12);
    assert!(leave(&mut contest, 0.6).is_empty());
    assert_eq!(leave(&mut contest, 0.6), [(1, DropReason::Slower)]);
}

#[test]
fn a_tie_is_settled_within_the_margin_and_not_beyond() {
    let mut tie = contest(&[1.0, 1.0], 12);
    assert!(leave(&mut tie, 0.6).is_empty());
    let left = leave(&mut tie, 0.6);
    assert!(matches!(left[..], [(_, DropReason::NotBetter)]), "{left:?}");
    let mut strict = Contest { margin_percent: 0.01, ..contest(&[1.0, 1.0], 12) };
    assert_eq!((leave(&mut strict, 0.6), leave(&mut strict, 0.6)), (vec![], vec![]));
    // Not known when the time is used.
    let left = leave(&mut strict, 1.0);
    assert!(matches!(left[..], [(_, DropReason::TimeUsed)]), "{left:?}");
}

#[test]
fn a_single_round_of_a_few_runs_tells_only_by_a_wide_factor() {
    for (runs, factor, leaves) in [(5, 2.9, 0), (5, 3.1, 1), (4, 9.9, 0), (4, 10.1, 1)] {
        let mut contest = Contest::new(2.0, RULES);
        contest.begin(2);
        contest.visited(0, 0, &[1e6; 5], 1.0);
        contest.visited(1, 0, &vec![1e6 * factor; runs], 1.0);
        assert_eq!(contest.look(&[0, 1], 0.0).len(), leaves, "{runs} runs, {factor}");
    }
}

#[test]
fn a_case_that_was_quick_at_times_stays() {
    let mut contest = Contest::new(2.0, RULES);
    contest.begin(2);
    for round in 0..12 {
        let mood = 1.0 + f64::from(round * 7 % 5) / 3.0;
        contest.visited(0, round, &[1e6 * mood; 7], 1.0);
        let runs = [0.9e6, 0.9e6, 9e6, 9e6, 9e6, 9e6, 9e6].map(|ns| ns * mood);
        contest.visited(1, round, &runs, 1.0);
    }
    for share in [0.1, 0.6, 0.7] {
        assert!(leave(&mut contest, share).is_empty(), "{share}");
    }
}

#[test]
fn time_halves_the_cases_down_to_the_last_and_then_to_one() {
    let left = |share| allowed(80, share, 4);
    assert_eq!((left(0.0), left(0.14), left(0.15), left(0.5)), (80, 80, 40, 10));
    assert_eq!((left(0.99), left(1.0), left(f64::INFINITY), left(f64::NAN)), (4, 1, 1, 1));
    assert_eq!((allowed(1, 0.0, 4), allowed(0, 0.0, 4), allowed(2, 0.9, 4)), (1, 1, 2));
    assert_eq!([0, 1, 2, 3, 5, 8, 12].map(next_look), [1, 2, 3, 5, 8, 12, 18]);
}

/// A case of a machine with two CPUs that are sometimes one core: what it takes in milliseconds
/// when they are two, by how much more when they are one, and how much that varies.
#[derive(Clone, Copy)]
struct Made {
    calm_ms: f64,
    shared: f64,
    varies: f64,
}

/// What was seen of a small model: two runtimes with one thread and with two, one or four
/// images, free or on one CPU.
fn made() -> Vec<Made> {
    let one = |calm_ms| Made { calm_ms, shared: 1.05, varies: 0.01 };
    // Its threads wait for each other in a loop.
    let hit = |calm_ms| Made { calm_ms, shared: 1.6, varies: 0.2 };
    let spared = |calm_ms| Made { calm_ms, shared: 1.2, varies: 0.05 };
    let mut all = vec![hit(0.062), hit(0.078), spared(0.0765), spared(0.077)];
    all.extend([0.092, 0.093, 0.1, 0.101, 0.099, 0.093, 0.115, 0.116, 0.118, 0.119].map(one));
    all.extend([0.45, 0.46, 0.48, 0.49, 0.52, 0.53, 0.6, 0.62, 24.0, 90.0].map(one));
    all
}

/// The best of a contest of `made` cases within so much time, under the moods that `seed` makes:
/// which case, and the seconds that it took.
fn best_of(made: &[Made], rules: Rules, seconds: f64, seed: u64) -> (usize, f64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut contest = Contest::new(2.0, rules);
    contest.begin(made.len());
    let mut live: Vec<usize> = (0..made.len()).collect();
    let (mut spent, mut drift, mut round) = (0.0, 0.0, 0);
    // Two thirds of the time the CPUs are one core, for 4 s on average.
    let (mut is_shared, mut until) = (rng.random_bool(0.67), 0.0);
    while live.len() > 1 {
        for case in &live {
            if spent >= until {
                is_shared = !is_shared;
                let mean = if is_shared { 4.0 } else { 2.0 };
                until = spent - mean * (1.0 - rng.random::<f64>()).ln();
            }
            drift = 0.99 * drift + 0.01 * normal(&mut rng);
            let Made { calm_ms, shared, varies } = made[*case];
            let mood = if is_shared { shared.ln() + varies * normal(&mut rng) } else { 0.0 };
            let stalls = is_shared && shared > 1.1 && rng.random_bool(0.03);
            let level = calm_ms.ln() + mood + drift + if stalls { 3.0 } else { 0.0 };
            let runs = if round == 0 { 1 } else { 3 }.max((10.0 / level.exp()) as usize).min(40);
            let run = |_: usize| 1e6 * (level + 0.01 * normal(&mut rng).abs()).exp();
            let mut ns: Vec<f64> = (0..runs).map(run).collect();
            ns.sort_by(f64::total_cmp);
            spent += 0.004 + (ns.iter().sum::<f64>() / 1e9).max(0.01);
            contest.visited(*case, round, &ns, 1.0);
        }
        for left in contest.look(&live, spent / seconds) {
            live.retain(|case| *case != left.case);
        }
        round += 1;
    }
    (live[0], spent)
}

#[test]
fn the_best_is_found_while_the_machine_changes_its_mood() {
    let (made, seconds, seeds) = (made(), 20.0, 100);
    let found = |rules: Rules| {
        let all: Vec<(usize, f64)> =
            (0..seeds).map(|seed| best_of(&made, rules, seconds, seed)).collect();
        // The last round may begin just before the time is used.
        assert!(all.iter().all(|(_, spent)| *spent < seconds + 1.0), "{all:?}");
        all.iter().filter(|(best, _)| *best == 0).count()
    };
    // Judged by all rounds, from the first on: that machine is too hard for it.
    let hasty = Rules { calm: 1.0, patience: 0.0, far: 1.5, last: 1, ..RULES };
    let (patient, hasty) = (found(RULES), found(hasty));
    assert!(patient >= 95, "{patient} of {seeds}, hastily {hasty}");
    assert!(hasty < 90, "{hasty} of {seeds}");
}
