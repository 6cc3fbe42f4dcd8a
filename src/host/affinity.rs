//! Which CPUs a worker runs on.

use thiserror::Error;

use crate::host::tree::Tree;
use crate::host::{cgroup, frequency};
use crate::record::named_cpus::{ALL, NamedCpus};
use crate::system::cpus as system_cpus;

/// Why CPUs cannot be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AffinityError {
    /// Neither a name nor a list.
    #[error(
        "'{0}' is not a list of CPUs; give 'big', 'prime', 'little', 'all', or numbers and ranges such as 0,2-3"
    )]
    NotAList(String),
    /// A CPU that this machine does not have, or that we may not use.
    #[error("CPU {cpu} is not available to this program; available: {available}")]
    NoSuchCpu {
        /// The requested one.
        cpu: usize,
        /// Those that there are.
        available: String,
    },
    /// `big`, `prime` or `little` on a machine whose CPUs are all alike, or which does not report
    /// it.
    #[error("this machine does not distinguish big and little CPUs; give their numbers instead")]
    AllAlike,
    /// A system on which this program cannot choose CPUs.
    #[error(
        "this program can choose the CPUs of a case only on Linux and Android; omit --affinity, or measure on such a device with --device"
    )]
    NotHere,
    /// The system refused.
    #[error("the system refused to run this program only on CPUs {cpus}: {reason}")]
    Refused {
        /// The CPUs.
        cpus: String,
        /// The system's message.
        reason: String,
    },
}

/// The CPUs of each value of `text`: `big`, `prime`, `little` and `all` are one each, and so
/// are numbers and ranges in a row, such as `0,2-3`; `;` separates two lists. Only CPUs that
/// this program may use.
///
/// # Errors
/// [`AffinityError`] says what to write instead.
pub fn parse(text: &str) -> Result<Vec<NamedCpus>, AffinityError> {
    let all = parse_all_in(&Tree::default(), text, &available());
    let is_choice = !matches!(&all, Ok(all) if all.iter().all(|it| it.cpus.is_empty()));
    if is_choice && !system_cpus::CAN_PIN { Err(AffinityError::NotHere) } else { all }
}

fn parse_all_in(
    tree: &Tree,
    text: &str,
    available: &[usize],
) -> Result<Vec<NamedCpus>, AffinityError> {
    let mut all: Vec<NamedCpus> = Vec::new();
    for name in values(text) {
        if all.iter().all(|known| known.name != name) {
            let cpus = parse_in(tree, &name, available)?;
            all.push(NamedCpus { name, cpus });
        }
    }
    Ok(all)
}

/// The values of a list of CPUs and their names.
fn values(text: &str) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for list in text.split(';') {
        let mut numbers: Vec<&str> = Vec::new();
        for part in list.split(',').map(str::trim) {
            if part.starts_with(|c: char| c.is_ascii_alphabetic()) {
                if !numbers.is_empty() {
                    values.push(std::mem::take(&mut numbers).join(","));
                }
                values.push(part.to_owned());
            } else {
                numbers.push(part);
            }
        }
        if !numbers.is_empty() {
            values.push(numbers.join(","));
        }
    }
    values
}

/// Keeps this process, including its future threads, on `cpus`. Called before a runtime starts its
/// own threads.
///
/// # Errors
/// [`AffinityError::Refused`] with the system's message; also if it used fewer CPUs than were
/// requested.
pub fn pin(cpus: &[usize]) -> Result<(), AffinityError> {
    let refused = |reason: String| AffinityError::Refused { cpus: list(cpus), reason };
    let taken = system_cpus::pin(cpus).map_err(refused)?;
    let mut wanted = cpus.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    if taken == wanted { Ok(()) } else { Err(refused(format!("it uses {} instead", list(&taken)))) }
}

/// The CPUs that this program may use now.
#[must_use]
pub fn available() -> Vec<usize> {
    system_cpus::available()
}

/// How many threads can run at once: on the `pinned` CPUs, or on all that this program may
/// use if there are none, within the control group's limit. 0 if the system does not report it.
#[must_use]
pub(crate) fn usable(pinned: &[usize]) -> usize {
    let cpus = if pinned.is_empty() { available().len() } else { pinned.len() };
    within_limit(&Tree::default(), cpus)
}

fn within_limit(tree: &Tree, cpus: usize) -> usize {
    // Rounded down, as the standard library counts the threads that it advises.
    let limit = cgroup::cpus(tree).map(|limit| (limit as usize).max(1));
    limit.map_or(cpus, |limit| cpus.min(limit))
}

fn parse_in(tree: &Tree, text: &str, available: &[usize]) -> Result<Vec<usize>, AffinityError> {
    let cpus = match text.trim() {
        "prime" => by_speed(tree, available, |speed, all| Some(speed) == all.iter().max())?,
        // All but the slowest kind, from which they differ by a tenth of the fastest.
        "big" => by_speed(tree, available, |speed, all| {
            let (least, most) = (all.iter().min(), all.iter().max());
            least.zip(most).is_some_and(|(least, most)| speed - least >= most / 10)
        })?,
        ALL => Vec::new(),
        "little" => by_speed(tree, available, |speed, all| Some(speed) == all.iter().min())?,
        list => parse_list(list)?,
    };
    match cpus.iter().find(|cpu| !available.contains(cpu)) {
        Some(cpu) => Err(AffinityError::NoSuchCpu { cpu: *cpu, available: list(available) }),
        None => Ok(cpus),
    }
}

fn by_speed(
    tree: &Tree,
    available: &[usize],
    wanted: impl Fn(&u32, &[u32]) -> bool,
) -> Result<Vec<usize>, AffinityError> {
    let speeds = speeds(tree, available);
    let (Some(slowest), Some(fastest)) = (speeds.iter().min(), speeds.iter().max()) else {
        return Err(AffinityError::AllAlike);
    };
    // Equal cores that boost differently are alike; a big core is at least a
    // tenth faster than a little one.
    if fastest - slowest < fastest / 10 {
        return Err(AffinityError::AllAlike);
    }
    let chosen = available.iter().zip(&speeds).filter(|(_, speed)| wanted(speed, &speeds));
    Ok(chosen.map(|(cpu, _)| *cpu).collect())
}

/// A speed for each CPU: the kernel's own capacity (1024 is the fastest kind,
/// Documentation/scheduler/sched-capacity.rst), else the maximum frequency; empty if neither is
/// known for all.
fn speeds(tree: &Tree, cpus: &[usize]) -> Vec<u32> {
    let of_all = |speed: &dyn Fn(usize) -> Option<u32>| -> Option<Vec<u32>> {
        cpus.iter().map(|cpu| speed(*cpu)).collect()
    };
    let capacity = |cpu| tree.sys_number(format!("devices/system/cpu/cpu{cpu}/cpu_capacity"));
    of_all(&capacity)
        .filter(|all| all.iter().any(|one| Some(one) != all.first()))
        .or_else(|| of_all(&|cpu| frequency::max_mhz_of(tree, cpu)))
        .unwrap_or_default()
}

fn parse_list(text: &str) -> Result<Vec<usize>, AffinityError> {
    let wrong = || AffinityError::NotAList(text.to_owned());
    let mut cpus = Vec::new();
    for part in text.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| {
            text.trim().parse().ok().filter(|cpu| *cpu < system_cpus::most()).ok_or_else(wrong)
        };
        let (from, to): (usize, usize) = (number(from)?, number(to)?);
        if from > to {
            return Err(wrong());
        }
        cpus.extend(from..=to);
    }
    cpus.sort_unstable();
    cpus.dedup();
    Ok(cpus)
}

fn list(cpus: &[usize]) -> String {
    cpus.iter().map(usize::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::captured;

    const EIGHT: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 7];

    #[test]
    fn a_list_is_numbers_and_ranges() {
        let (_keep, tree) = captured::phone();
        assert_eq!(parse_in(&tree, "6, 0-2,1", &EIGHT), Ok(vec![0, 1, 2, 6]));
        for wrong in ["", "x", "1,,2", "3-1", "-1", "1-", "99999999", "big,1"] {
            assert_eq!(parse_in(&tree, wrong, &EIGHT), Err(AffinityError::NotAList(wrong.into())));
        }
        let missing = parse_in(&tree, "1,9", &EIGHT).unwrap_err().to_string();
        assert!(missing.contains("CPU 9") && missing.contains("0,1,2,3,4,5,6,7"), "{missing}");
    }

    #[test]
    fn names_and_lists_are_values_of_an_axis() {
        let (_keep, tree) = captured::phone();
        let of = |text: &str| -> Vec<(String, Vec<usize>)> {
            let all = parse_all_in(&tree, text, &EIGHT).unwrap();
            all.into_iter().map(|it| (it.name, it.cpus)).collect()
        };
        let named = |name: &str, cpus: &[usize]| (name.to_owned(), cpus.to_vec());
        assert_eq!(of("0, 2-3"), [named("0,2-3", &[0, 2, 3])]);
        assert_eq!(of("big"), [named("big", &[4, 5, 6, 7])]);
        let three = [named("big", &[4, 5, 6, 7]), named("0,1", &[0, 1]), named("all", &[])];
        assert_eq!(of("big,0,1,all,big"), three);
        assert_eq!(of("0;0-1"), [named("0", &[0]), named("0-1", &[0, 1])]);
        for wrong in ["", "0;", "huge,0", "1,,big"] {
            assert!(matches!(parse_all_in(&tree, wrong, &EIGHT), Err(AffinityError::NotAList(_))));
        }
    }

    #[test]
    fn big_are_all_but_the_little_and_prime_is_the_fastest() {
        let (_keep, tree) = captured::phone();
        // One prime and three big cores beside four little ones.
        assert_eq!(parse_in(&tree, "big", &EIGHT), Ok(vec![4, 5, 6, 7]));
        assert_eq!(parse_in(&tree, "prime", &EIGHT), Ok(vec![7]));
        assert_eq!(parse_in(&tree, "little", &EIGHT), Ok(vec![0, 1, 2, 3]));
        // Only of those that we may use.
        assert_eq!(parse_in(&tree, "big", &[0, 4, 5]), Ok(vec![4, 5]));
    }

    #[test]
    fn a_hybrid_laptop_without_capacities_is_told_by_frequency() {
        let (_keep, tree) = captured::laptop();
        assert_eq!(parse_in(&tree, "big", &[0, 1, 2, 3]), Ok(vec![0, 1]));
        assert_eq!(parse_in(&tree, "little", &[0, 1, 2, 3]), Ok(vec![2, 3]));
    }

    #[test]
    fn equal_cpus_are_neither_big_nor_little() {
        let (_keep, tree) = captured::virtual_machine();
        for name in ["big", "prime", "little"] {
            assert_eq!(parse_in(&tree, name, &[0, 1]), Err(AffinityError::AllAlike));
        }
    }

    #[test]
    fn a_container_s_limit_bounds_the_cpus() {
        let limited = |limit: &str| {
            let (_keep, tree) = captured::tree(&[("sys/fs/cgroup/cpu.max", limit)]);
            within_limit(&tree, 4)
        };
        assert_eq!(limited("250000 100000\n"), 2);
        assert_eq!(limited("20000 100000\n"), 1);
        assert_eq!((limited("800000 100000\n"), limited("max 100000\n")), (4, 4));
        assert!(usable(&[]) >= usable(&[0]) && usable(&[0]) == 1);
    }

    #[test]
    fn pinning_is_done_or_refused() {
        // In a separate thread: affinity belongs to the thread.
        let outcome = std::thread::spawn(|| {
            let all = available();
            let first = all[0];
            assert_eq!(pin(&[first]), Ok(()));
            assert_eq!(available(), [first]);
            pin(&[system_cpus::most() - 1])
        })
        .join()
        .unwrap();
        let message = outcome.unwrap_err().to_string();
        assert!(message.contains("refused"), "{message}");
    }
}
