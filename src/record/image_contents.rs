//! What the scored images are, as one number that tells two sets of them apart.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How many digits a sum has.
const DIGITS: usize = 64;

/// The sum, modulo 2^256, of the SHA-256 digests of some images, each of its name, its
/// classes and its bytes. A sum, so that it depends on no order, and the sums of a dataset's
/// parts make that of the whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageContents {
    /// How many images.
    pub images: usize,
    /// The sum, the most significant byte first.
    #[serde(serialize_with = "write", deserialize_with = "read")]
    sum: [u8; 32],
}

impl ImageContents {
    /// A single image of this digest.
    #[must_use]
    pub(crate) const fn one(digest: [u8; 32]) -> Self {
        Self { images: 1, sum: digest }
    }

    /// Both together.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        let (mut sum, mut carry) = ([0; 32], 0);
        for at in (0..32).rev() {
            let digit = u16::from(self.sum[at]) + u16::from(other.sum[at]) + carry;
            [_, sum[at]] = digit.to_be_bytes();
            carry = digit >> 8;
        }
        Self { images: self.images + other.images, sum }
    }

    /// The sum in hexadecimal digits.
    #[must_use]
    pub(crate) fn hex(&self) -> String {
        self.sum.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl FromIterator<Self> for ImageContents {
    fn from_iter<T: IntoIterator<Item = Self>>(all: T) -> Self {
        all.into_iter().fold(Self::default(), Self::and)
    }
}

fn write<S: Serializer>(sum: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&ImageContents { images: 0, sum: *sum }.hex())
}

fn read<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
    let text = String::deserialize(from)?;
    let wrong = || serde::de::Error::custom(format!("'{text}' is no sum of {DIGITS} digits"));
    if text.len() != DIGITS || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    let mut sum = [0; 32];
    for (byte, digits) in sum.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digits = std::str::from_utf8(digits).map_err(|_| wrong())?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_carries_wraps_and_knows_no_order() {
        let of = |last: u8, rest: u8| {
            let mut digest = [rest; 32];
            digest[31] = last;
            ImageContents::one(digest)
        };
        let (one, most) = (of(1, 0), of(0xff, 0xff));
        assert_eq!(one.and(most), ImageContents { images: 2, sum: [0; 32] });
        let all = [of(200, 3), of(100, 250), most, one];
        let forward: ImageContents = all.into_iter().collect();
        assert_eq!(forward, all.into_iter().rev().collect());
        assert_eq!(forward, all[0].and(all[1]).and(all[2].and(all[3])));
        assert_eq!((of(200, 0).and(of(100, 0))).hex(), format!("{:064x}", 300));
    }

    #[test]
    fn it_is_written_as_digits_and_nothing_else_is_read() {
        let one = ImageContents::one([0xab; 32]);
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(text, format!(r#"{{"images":1,"sum":"{}"}}"#, "ab".repeat(32)));
        assert_eq!(serde_json::from_str::<ImageContents>(&text).unwrap(), one);
        for wrong in ["ab".repeat(31), "+b".repeat(32), "é".repeat(32)] {
            let text = format!(r#"{{"images":1,"sum":"{wrong}"}}"#);
            assert!(serde_json::from_str::<ImageContents>(&text).is_err(), "{wrong}");
        }
    }
}
