//! The timed runs of a visit: as a worker reports them, and packed, as the journal and the run
//! in memory hold them.
//!
//! A model of a few microseconds is run a hundred thousand times a second, and a sweep holds the
//! runs of all of its cases. Packed, a run takes 1 to 2 bytes instead of 16 in memory, and a
//! third more in the journal, where the bytes are base64.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use crate::record::rice::{BitReader, BitWriter};

/// Timings of consecutive runs: the timed part of a visit, as a worker reports it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// When each run began, on the machine's monotonic clock.
    pub at_ns: Vec<u64>,
    /// How long each run took.
    pub latency_ns: Vec<u64>,
    /// CPU time that the whole process used during these runs.
    pub cpu_ns: u64,
    /// Wall time of these runs.
    pub wall_ns: u64,
}

/// The timed runs of a visit. Copies share their bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WrittenBlock", into = "PackedBlock")]
pub struct TimedRuns {
    runs: usize,
    /// The latencies as a series, when the first run began in 64 bits, and as a series the time
    /// from the end of each run to the beginning of the next ([`crate::record::rice`]).
    packed: Arc<[u8]>,
    /// CPU time that the whole process used during these runs.
    pub cpu_ns: u64,
    /// Wall time of these runs.
    pub wall_ns: u64,
}

impl TimedRuns {
    /// How many they are.
    #[must_use]
    pub const fn runs(&self) -> usize {
        self.runs
    }

    /// How long each run took, in their order.
    #[must_use]
    pub fn latency_ns(&self) -> Vec<u64> {
        BitReader::new(&self.packed).take_series(self.runs)
    }

    /// The runs, unpacked.
    #[must_use]
    pub fn unpacked(&self) -> Block {
        let mut reader = BitReader::new(&self.packed);
        self.unpacked_from(&mut reader)
    }

    fn unpacked_from(&self, reader: &mut BitReader<'_>) -> Block {
        let Self { runs, cpu_ns, wall_ns, .. } = *self;
        let latency_ns = reader.take_series(runs);
        let mut at_ns = Vec::with_capacity(latency_ns.len());
        if runs > 0 {
            at_ns.push(reader.take(u64::BITS));
            let gaps = reader.take_series(runs - 1);
            for (latency, gap) in latency_ns.iter().zip(gaps) {
                let before = at_ns[at_ns.len() - 1];
                at_ns.push(before.wrapping_add(*latency).wrapping_add(gap));
            }
        }
        Block { at_ns, latency_ns, cpu_ns, wall_ns }
    }
}

impl From<&Block> for TimedRuns {
    /// A run of which it is not known when it began is taken to follow the one before at once.
    fn from(block: &Block) -> Self {
        let Block { at_ns, latency_ns, cpu_ns, wall_ns } = block;
        let mut writer = BitWriter::default();
        writer.put_series(latency_ns);
        if !latency_ns.is_empty() {
            let mut at = at_ns.first().copied().unwrap_or(0);
            writer.put(at, u64::BITS);
            let gaps =
                latency_ns[1..].iter().zip(latency_ns).enumerate().map(|(i, (_, before))| {
                    let end = at.wrapping_add(*before);
                    at = at_ns.get(i + 1).copied().unwrap_or(end);
                    at.wrapping_sub(end)
                });
            writer.put_series(&gaps.collect::<Vec<u64>>());
        }
        Self {
            runs: latency_ns.len(),
            packed: writer.finish().into(),
            cpu_ns: *cpu_ns,
            wall_ns: *wall_ns,
        }
    }
}

/// The form in journals of schema 2.
#[derive(Serialize)]
struct PackedBlock {
    runs: usize,
    packed: String,
    cpu_ns: u64,
    wall_ns: u64,
}

impl From<TimedRuns> for PackedBlock {
    fn from(timed: TimedRuns) -> Self {
        let TimedRuns { runs, packed, cpu_ns, wall_ns } = timed;
        Self { runs, packed: BASE64_STANDARD.encode(packed), cpu_ns, wall_ns }
    }
}

/// The form in journals of any schema: in those of schema 1 every run stood there in decimal.
#[derive(Deserialize)]
struct WrittenBlock {
    #[serde(default)]
    runs: usize,
    packed: Option<String>,
    at_ns: Option<Vec<u64>>,
    latency_ns: Option<Vec<u64>>,
    cpu_ns: u64,
    wall_ns: u64,
}

impl TryFrom<WrittenBlock> for TimedRuns {
    type Error = &'static str;

    fn try_from(written: WrittenBlock) -> Result<Self, Self::Error> {
        let WrittenBlock { runs, packed, at_ns, latency_ns, cpu_ns, wall_ns } = written;
        let Some(packed) = packed else {
            let (Some(at_ns), Some(latency_ns)) = (at_ns, latency_ns) else {
                return Err("timed runs need `packed`, or `at_ns` and `latency_ns`");
            };
            return Ok(Self::from(&Block { at_ns, latency_ns, cpu_ns, wall_ns }));
        };
        let packed = BASE64_STANDARD.decode(packed).map_err(|_| "`packed` is no base64")?;
        let timed = Self { runs, packed: packed.into(), cpu_ns, wall_ns };
        let mut reader = BitReader::new(&timed.packed);
        timed.unpacked_from(&mut reader);
        if reader.is_overdrawn() { Err("`packed` holds fewer than `runs`") } else { Ok(timed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Runs of a model of 6.8 us on a machine that is disturbed now and then.
    fn measured(runs: usize) -> Block {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let (mut at, mut at_ns, mut latency_ns) = (1_234_567_890_123, Vec::new(), Vec::new());
        for run in 0..runs {
            let disturbed = if run % 200 == 7 { rng.random_range(0..40_000) } else { 0 };
            let latency = 6_700 + rng.random_range(0..200) + disturbed;
            at_ns.push(at);
            latency_ns.push(latency);
            at += latency + 45 + rng.random_range(0..8);
        }
        Block { at_ns, latency_ns, cpu_ns: 1, wall_ns: 2 }
    }

    #[test]
    fn packed_runs_are_restored_and_take_less_than_two_bytes_each() {
        for runs in [0, 1, 2, 5, 3_000] {
            let block = measured(runs);
            let timed = TimedRuns::from(&block);
            assert_eq!((timed.runs(), timed.latency_ns()), (runs, block.latency_ns.clone()));
            assert_eq!(timed.unpacked(), block);
        }
        let bytes = TimedRuns::from(&measured(3_000)).packed.len();
        assert!(bytes < 2 * 3_000, "{bytes}");
    }

    #[test]
    fn both_written_forms_are_read_and_the_packed_one_is_written() {
        let block = measured(50);
        let old = serde_json::to_string(&block).unwrap();
        let read: TimedRuns = serde_json::from_str(&old).unwrap();
        let new = serde_json::to_string(&read).unwrap();
        assert!(new.contains("\"packed\"") && new.len() < old.len() / 4, "{new}");
        let again: TimedRuns = serde_json::from_str(&new).unwrap();
        assert_eq!((&again, again.unpacked()), (&read, block));
    }

    #[test]
    fn clocks_that_jump_and_lists_of_two_lengths_are_kept_as_far_as_they_go() {
        let (at_ns, latency_ns) = (vec![u64::MAX, 5, 0], vec![0, u64::MAX, 9]);
        let block = Block { at_ns, latency_ns, cpu_ns: 0, wall_ns: 0 };
        assert_eq!(TimedRuns::from(&block).unpacked(), block);
        let shorter = Block { at_ns: vec![100], latency_ns: vec![7, 8], cpu_ns: 0, wall_ns: 0 };
        assert_eq!(TimedRuns::from(&shorter).unpacked().at_ns, [100, 107]);
    }

    #[test]
    fn damaged_runs_are_refused() {
        let whole = serde_json::to_value(TimedRuns::from(&measured(50))).unwrap();
        let refused = |name: &str, value: serde_json::Value| {
            let mut damaged = whole.clone();
            damaged[name] = value;
            serde_json::from_value::<TimedRuns>(damaged).unwrap_err().to_string()
        };
        assert!(refused("runs", 51_000_000_000_000_u64.into()).contains("fewer than `runs`"));
        assert!(refused("packed", "AAAA".into()).contains("fewer than `runs`"));
        assert!(refused("packed", "?".into()).contains("no base64"));
        assert!(refused("packed", serde_json::Value::Null).contains("need `packed`"));
    }
}
