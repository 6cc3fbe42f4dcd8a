//! Whole numbers that lie close together, in few bits.
//!
//! A series is stored as its middle value and the distances from it, in Rice's code (R. F. Rice,
//! 'Some Practical Universal Noiseless Coding Techniques', JPL Publication 79-22, 1979): a
//! distance is folded into an unsigned number (0, -1, 1, -2, ... become 0, 1, 2, 3, ...), divided
//! by a power of two that suits the series, and written as its quotient in unary and its remainder
//! in binary. Outliers would have long quotients; from [`ESCAPE`] on, the number itself follows,
//! after its length.

/// A quotient that stands for 'the number follows': it is written without the closing 0.
const ESCAPE: u32 = 12;
/// Bits for the length of a number that follows, less 1, and for the exponent of the divisor.
const LENGTH_BITS: u32 = 6;

/// Writes bits, the highest of each number first.
#[derive(Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits that do not fill a byte yet, the last `pending` of these.
    bits: u128,
    pending: u32,
}

impl BitWriter {
    /// Appends the lowest `count` bits of `value`, which has no others; at most 64.
    pub(crate) fn put(&mut self, value: u64, count: u32) {
        self.bits = (self.bits << count) | u128::from(value);
        self.pending += count;
        while self.pending >= 8 {
            self.pending -= 8;
            // Truncates to the eight oldest bits.
            self.bytes.push((self.bits >> self.pending) as u8);
        }
    }

    /// The bytes, the last one filled up with zeros.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        if self.pending > 0 {
            self.put(0, 8 - self.pending);
        }
        self.bytes
    }

    /// Appends a series.
    pub(crate) fn put_series(&mut self, series: &[u64]) {
        let Some(middle) = middle(series) else { return };
        let folded: Vec<u64> = series.iter().map(|value| folded(*value, middle)).collect();
        let exponent = best_exponent(&folded);
        self.put(middle, u64::BITS);
        self.put(exponent.into(), LENGTH_BITS);
        for number in folded {
            let quotient = number >> exponent;
            if quotient < u64::from(ESCAPE) {
                // As many ones as the quotient says, and a zero; below 12, so that it fits.
                let ones = quotient as u32;
                self.put((1 << (ones + 1)) - 2, ones + 1);
                self.put(number & low_bits(exponent), exponent);
            } else {
                self.put(low_bits(ESCAPE), ESCAPE);
                self.put(u64::from(length(number) - 1), LENGTH_BITS);
                self.put(number, length(number));
            }
        }
    }
}

/// Reads what [`BitWriter`] wrote. Past the end it reads zeros.
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    /// Bytes that were read, counting those past the end.
    read: usize,
    /// Bits of those that were not taken yet, the last `pending` of these.
    bits: u128,
    pending: u32,
}

impl<'a> BitReader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, read: 0, bits: 0, pending: 0 }
    }

    /// Whether more was taken than there was.
    pub(crate) const fn is_overdrawn(&self) -> bool {
        self.read * 8 > self.bytes.len() * 8 + self.pending as usize
    }

    /// The next `count` bits, at most 64.
    pub(crate) fn take(&mut self, count: u32) -> u64 {
        self.look_ahead(count);
        self.pending -= count;
        (self.bits >> self.pending) as u64 & low_bits(count)
    }

    /// Reads until at least `count` bits are pending.
    fn look_ahead(&mut self, count: u32) {
        while self.pending < count {
            let byte = self.bytes.get(self.read).copied().unwrap_or(0);
            self.bits = (self.bits << 8) | u128::from(byte);
            self.read += 1;
            self.pending += 8;
        }
    }

    /// The next series of `count` numbers. One that is longer than the bytes that are left could
    /// hold is read as empty, and the reader is then overdrawn.
    pub(crate) fn take_series(&mut self, count: usize) -> Vec<u64> {
        if count == 0 {
            return Vec::new();
        }
        // A number takes at least one bit.
        if count > (self.bytes.len().saturating_sub(self.read) + 16) * 8 {
            self.read = self.bytes.len() + 16;
            return Vec::new();
        }
        let middle = self.take(u64::BITS);
        // At most 63.
        let exponent = self.take(LENGTH_BITS) as u32;
        (0..count).map(|_| unfolded(self.take_number(exponent), middle)).collect()
    }

    fn take_number(&mut self, exponent: u32) -> u64 {
        self.look_ahead(ESCAPE);
        let ahead = (self.bits >> (self.pending - ESCAPE)) as u64 & low_bits(ESCAPE);
        let ones = (ahead << (u64::BITS - ESCAPE)).leading_ones();
        if ones < ESCAPE {
            self.pending -= ones + 1;
            (u64::from(ones) << exponent) | self.take(exponent)
        } else {
            self.pending -= ESCAPE;
            // 1 to 64.
            let length = self.take(LENGTH_BITS) as u32 + 1;
            self.take(length)
        }
    }
}

fn middle(series: &[u64]) -> Option<u64> {
    let mut series = series.to_vec();
    let at = series.len() / 2;
    (!series.is_empty()).then(|| *series.select_nth_unstable(at).1)
}

/// The distance from `middle`, unsigned. Wraps, so that every number has one.
const fn folded(value: u64, middle: u64) -> u64 {
    let distance = value.wrapping_sub(middle).cast_signed();
    ((distance << 1) ^ (distance >> 63)).cast_unsigned()
}

const fn unfolded(number: u64, middle: u64) -> u64 {
    middle.wrapping_add((number >> 1) ^ (number & 1).wrapping_neg())
}

const fn low_bits(count: u32) -> u64 {
    if count == 0 { 0 } else { u64::MAX >> (u64::BITS - count) }
}

/// Bits of a number without leading zeros; 1 for 0.
const fn length(number: u64) -> u32 {
    if number == 0 { 1 } else { u64::BITS - number.leading_zeros() }
}

/// The exponent with which the numbers take the fewest bits: near the length of the middle one.
fn best_exponent(folded: &[u64]) -> u32 {
    let near = length(middle(folded).unwrap_or(0));
    let candidates = near.saturating_sub(4)..=(near + 2).min(u64::BITS - 1);
    let bits = |exponent: u32| {
        let of = |number: &u64| {
            let quotient = number >> exponent;
            if quotient < u64::from(ESCAPE) {
                quotient + 1 + u64::from(exponent)
            } else {
                u64::from(ESCAPE + LENGTH_BITS + length(*number))
            }
        };
        folded.iter().map(of).sum::<u64>()
    };
    candidates.min_by_key(|exponent| bits(*exponent)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn packed(series: &[u64]) -> Vec<u8> {
        let mut writer = BitWriter::default();
        writer.put_series(series);
        writer.finish()
    }

    fn is_restored(series: &[u64]) {
        let bytes = packed(series);
        let mut reader = BitReader::new(&bytes);
        assert_eq!(reader.take_series(series.len()), series);
        assert!(!reader.is_overdrawn());
        assert!(reader.read >= bytes.len(), "nothing is left over");
    }

    #[test]
    fn every_series_is_restored() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        is_restored(&[]);
        is_restored(&[0]);
        is_restored(&[u64::MAX, 0, 1 << 63, (1 << 63) - 1, 7]);
        for bits in 0..=64 {
            let most = low_bits(bits);
            let series: Vec<u64> = (0..300).map(|_| rng.random_range(0..=most)).collect();
            is_restored(&series);
            let mut with_outliers = vec![6_800; 300];
            with_outliers.extend(series.iter().take(3));
            is_restored(&with_outliers);
        }
    }

    #[test]
    fn a_series_takes_little_more_than_its_scatter() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        // 8 bits of scatter, and every hundredth far out.
        let mut value = |at: usize| {
            let far = if at.is_multiple_of(100) { 50_000 } else { 0 };
            6_800 + far + rng.random_range(0..256)
        };
        let series: Vec<u64> = (0..3_000).map(&mut value).collect();
        let bits = packed(&series).len() * 8;
        assert!(bits < 10 * series.len(), "{bits}");
        assert!(packed(&[5_000; 3_000]).len() < 400);
    }

    #[test]
    fn a_cut_or_made_up_series_is_noticed_and_takes_no_memory() {
        let bytes = packed(&(1..500).map(|value| value * value).collect::<Vec<u64>>());
        for cut in 0..bytes.len() {
            let mut reader = BitReader::new(&bytes[..cut]);
            let _ = reader.take_series(499);
            assert!(reader.is_overdrawn(), "cut at {cut}");
        }
        let mut reader = BitReader::new(&bytes);
        assert!(reader.take_series(usize::MAX / 16).is_empty());
        assert!(reader.is_overdrawn());
    }
}
