//! Which cases a part of a run measures, so that a scheduler can spread a matrix over
//! machines of one class.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use strum::VariantNames;

use crate::record::case::Case;

/// How cases are assigned to the parts.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    strum::Display,
    strum::EnumString,
    strum::VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Dealing {
    /// In turn, in the order of the table: parts differ by at most one case.
    Slice,
    /// By each case's id: a case stays in its part when others are added or removed.
    Hash,
}

/// Part `index` of `count` of the cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Partition {
    dealing: Dealing,
    /// From 1.
    index: usize,
    count: usize,
}

/// Which of its matrix's cases a run measures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Ids, or patterns of names; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// The part of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<Partition>,
    /// Id of the case that every part measures, by which machines are compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<String>,
    /// The position of each of a part's cases among all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub positions: Vec<usize>,
}

impl Partition {
    /// Which part, from 1.
    #[must_use]
    pub(crate) const fn index(self) -> usize {
        self.index
    }

    /// Of how many.
    #[must_use]
    pub(crate) const fn count(self) -> usize {
        self.count
    }

    /// How cases are assigned.
    #[must_use]
    pub(crate) const fn dealing(self) -> Dealing {
        self.dealing
    }

    /// Whether it has `case`, which is at `position` among all.
    #[must_use]
    pub(crate) fn has(self, position: usize, case: &Case) -> bool {
        let dealt = match self.dealing {
            Dealing::Slice => position,
            Dealing::Hash => usize::from_str_radix(&case.id(), 16).unwrap_or_default(),
        };
        dealt % self.count == self.index - 1
    }
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = || {
            let (dealing, part) = text.split_once(':')?;
            let (index, count) = part.split_once('/')?;
            Some((dealing.parse().ok()?, index.parse().ok()?, count.parse().ok()?))
        };
        match parsed() {
            Some((dealing, index, count)) if (1..=count).contains(&index) => {
                Ok(Self { dealing, index, count })
            }
            _ => Err(format!(
                "'{text}' is not a partition; give {}:K/N with K from 1 to N, such as slice:2/8",
                Dealing::VARIANTS.join(":K/N or ")
            )),
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.dealing, self.index, self.count)
    }
}

impl TryFrom<String> for Partition {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Partition> for String {
    fn from(partition: Partition) -> Self {
        partition.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::backend_kind::BackendKind;
    use crate::record::delegate::Delegate;

    fn cases() -> Vec<Case> {
        let case = |number: usize| {
            let (model, one) = (format!("m{number}"), std::num::NonZeroUsize::MIN);
            Case::plain(&model, BackendKind::Tract, Delegate::None, one)
        };
        (0..23).map(case).collect()
    }

    #[test]
    fn each_case_is_in_one_part() {
        for dealing in ["slice", "hash"] {
            let parts: Vec<Partition> =
                (1..=4).map(|k| format!("{dealing}:{k}/4").parse().unwrap()).collect();
            for (position, case) in cases().iter().enumerate() {
                let in_how_many = parts.iter().filter(|part| part.has(position, case)).count();
                assert_eq!(in_how_many, 1, "{dealing} {case}");
            }
        }
    }

    #[test]
    fn hashed_cases_stay_where_they_are_when_others_come() {
        let part: Partition = "hash:1/3".parse().unwrap();
        let case = &cases()[5];
        assert!((0..9).all(|position| part.has(position, case) == part.has(0, case)));
    }

    #[test]
    fn an_id_does_not_depend_on_the_machine() {
        let case = &cases()[0];
        let elsewhere = Case { device: Some("phone".into()), ..case.clone() };
        assert_eq!(case.id(), elsewhere.id());
        // Used in schedulers' scripts, so it must not change.
        assert_eq!(case.id(), "e0d3c9d0dd");
    }

    #[test]
    fn what_is_no_partition_is_refused() {
        assert_eq!("hash:2/8".parse::<Partition>().unwrap().to_string(), "hash:2/8");
        for text in ["2/8", "slice:0/8", "slice:9/8", "mod:1/2", "slice:1", "slice:1/0"] {
            assert!(text.parse::<Partition>().unwrap_err().contains(text));
        }
    }
}
