//! A part of a dataset, so that a scheduler can spread the images over
//! machines.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Shard `index` of `count`: a contiguous part of the images. The shards of a dataset, in order,
/// are the dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    /// From 1.
    index: usize,
    count: usize,
}

impl Shard {
    /// Which one, from 1.
    #[must_use]
    pub(crate) const fn index(self) -> usize {
        self.index
    }

    /// Of how many.
    #[must_use]
    pub(crate) const fn count(self) -> usize {
        self.count
    }

    /// Parses `K/N` with K from 0.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub(crate) fn from_zero_based(text: &str) -> Result<Self, String> {
        match numbers(text) {
            Some((index, count)) if index < count => Ok(Self { index: index + 1, count }),
            _ => {
                Err(format!("'{text}' is not a shard; give K/N with K from 0 to N-1, such as 0/8"))
            }
        }
    }

    /// Positions of its images among `images`; sizes differ by at most one.
    #[must_use]
    pub(crate) const fn of(self, images: usize) -> Range<usize> {
        boundary(images, self.index - 1, self.count)..boundary(images, self.index, self.count)
    }
}

/// `images * index / count`, even if the product exceeds a `usize`.
const fn boundary(images: usize, index: usize, count: usize) -> usize {
    (images as u128 * index as u128 / count as u128) as usize
}

fn numbers(text: &str) -> Option<(usize, usize)> {
    let number = |text: &str| text.parse::<usize>().ok();
    text.split_once('/').and_then(|(k, n)| Some((number(k)?, number(n)?)))
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match numbers(text) {
            Some((index, count)) if (1..=count).contains(&index) => Ok(Self { index, count }),
            _ => Err(format!("'{text}' is not a shard; give K/N with K from 1 to N, such as 2/8")),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl TryFrom<String> for Shard {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_make_up_the_dataset() {
        for (images, count) in [(10, 3), (3, 7), (500, 4), (0, 2)] {
            let shards = (1..=count).map(|index| Shard { index, count }.of(images));
            let all: Vec<usize> = shards.flatten().collect();
            assert_eq!(all, (0..images).collect::<Vec<_>>());
        }
    }

    #[test]
    fn array_jobs_count_from_0() {
        assert_eq!(Shard::from_zero_based("0/8").unwrap().to_string(), "1/8");
        assert_eq!(Shard::from_zero_based("7/8").unwrap().to_string(), "8/8");
        for text in ["8/8", "0/0", "-1/2", "1"] {
            assert!(Shard::from_zero_based(text).unwrap_err().contains(text));
        }
    }

    #[test]
    fn of_more_shards_than_a_product_holds_each_image_is_in_one() {
        let count = usize::MAX;
        let of = |index| Shard { index, count }.of(50_000).len();
        assert_eq!((of(1), of(count)), (0, 1));
    }

    #[test]
    fn what_is_no_shard_is_refused() {
        assert_eq!("2/8".parse::<Shard>().unwrap().to_string(), "2/8");
        for text in ["0/2", "3/2", "1/0", "1", "a/b", "1/2/3", "-1/2"] {
            assert!(text.parse::<Shard>().unwrap_err().contains(text));
        }
    }
}
