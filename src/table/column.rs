//! A column of `results.csv`: its name, unit and meaning, and how its values are taken from a row,
//! written and read back.

use serde::Serialize;
use serde_json::{Value, json};

/// A column of the table of `Row`s.
#[derive(Debug)]
pub struct Column<Row> {
    /// Its name in `results.csv` and in JSON.
    pub name: &'static str,
    /// What its numbers count.
    pub unit: Unit,
    /// What its values are.
    pub kind: Kind,
    /// Whether it may be empty: not measured.
    pub optional: bool,
    /// The entry's doc comment as the compiler hands it over.
    pub(super) comment: &'static str,
    /// The value of a row; null if it was not measured.
    pub(super) value: fn(&Row) -> Value,
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text, or a word of a fixed vocabulary that its type defines.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Yes or no: `TRUE` or `FALSE` in CSV, as R spells it.
    Boolean,
}

/// What the numbers of a column count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
pub enum Unit {
    /// Text, or a number without a unit.
    #[strum(serialize = "")]
    None,
    /// A count.
    #[strum(serialize = "count")]
    Count,
    /// Pixels.
    #[strum(serialize = "px")]
    Pixels,
    /// Bytes.
    #[strum(serialize = "B")]
    Bytes,
    /// Microseconds.
    #[strum(serialize = "µs")]
    Microseconds,
    /// Milliseconds.
    #[strum(serialize = "ms")]
    Milliseconds,
    /// Seconds.
    #[strum(serialize = "s")]
    Seconds,
    /// Millijoules.
    #[strum(serialize = "mJ")]
    Millijoules,
    /// Watts.
    #[strum(serialize = "W")]
    Watts,
    /// A count per second.
    #[strum(serialize = "1/s")]
    PerSecond,
    /// Percent.
    #[strum(serialize = "%")]
    Percent,
    /// A proportion, 0..1.
    #[strum(serialize = "0..1")]
    Share,
}

impl<Row> Column<Row> {
    /// What it says, in a sentence or two.
    #[must_use]
    pub fn doc(&self) -> &'static str {
        self.comment.trim()
    }

    /// The value of a row as JSON; null if it was not measured.
    #[must_use]
    pub fn value(&self, row: &Row) -> Value {
        (self.value)(row)
    }

    /// The value of a row as `results.csv` has it, apart from quoting and guarding; empty if it was
    /// not measured.
    #[must_use]
    pub fn field(&self, row: &Row) -> String {
        match self.value(row) {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(yes) => (if yes { "TRUE" } else { "FALSE" }).to_owned(),
            Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
        }
    }

    /// The value of a field of `results.csv`; `None` if it is not of the column's kind.
    #[must_use]
    pub(crate) fn parse(&self, field: &str) -> Option<Value> {
        if field.is_empty() {
            // A text that must be there may still be empty.
            let required_text = self.kind == Kind::Text && !self.optional;
            return Some(if required_text { "".into() } else { Value::Null });
        }
        match self.kind {
            Kind::Text => Some(field.into()),
            Kind::Integer => field.parse::<u64>().ok().map(Value::from),
            Kind::Number => field.parse::<f64>().ok().map(Value::from),
            Kind::Boolean => match field {
                "TRUE" => Some(true.into()),
                "FALSE" => Some(false.into()),
                _ => None,
            },
        }
    }

    /// Whether a value is possible: proportions are between 0 and 1, and times not negative.
    /// Differences may be either, and so may energy beyond the idle machine's.
    #[must_use]
    pub(crate) fn can_be(&self, value: &Value) -> bool {
        let Some(number) = value.as_f64() else { return true };
        match self.unit {
            _ if self.name.ends_with("_difference") => true,
            Unit::Share => (0.0..=1.0).contains(&number),
            Unit::Microseconds | Unit::Milliseconds | Unit::Seconds => number >= 0.0,
            _ => true,
        }
    }

    /// The schema of its values in JSON (JSON Schema 2020-12).
    #[must_use]
    pub fn schema(&self) -> Value {
        let word = match self.kind {
            Kind::Text => "string",
            Kind::Integer => "integer",
            Kind::Number => "number",
            Kind::Boolean => "boolean",
        };
        let types = if self.optional { json!([word, "null"]) } else { json!(word) };
        let mut schema = json!({ "description": self.doc(), "type": types });
        if self.unit != Unit::None {
            schema["x-unit"] = self.unit.to_string().into();
        }
        schema
    }
}

/// A type that a column can hold.
pub(crate) trait Cell: Serialize {
    /// What its values are.
    const KIND: Kind;
    /// Whether it may be absent.
    const OPTIONAL: bool = false;

    /// Replaces free text by the result of `change`; numbers and words of a fixed vocabulary stay
    /// unchanged.
    fn map_text(&mut self, _change: &dyn Fn(&str) -> String) {}

    /// As JSON; a number that JSON lacks is null.
    fn value(&self) -> Value {
        serde_json::to_value(self).unwrap_or(Value::Null)
    }
}

impl Cell for String {
    const KIND: Kind = Kind::Text;

    fn map_text(&mut self, change: &dyn Fn(&str) -> String) {
        *self = change(self);
    }
}

impl<T: Cell> Cell for Option<T> {
    const KIND: Kind = T::KIND;
    const OPTIONAL: bool = true;

    fn map_text(&mut self, change: &dyn Fn(&str) -> String) {
        if let Some(value) = self {
            value.map_text(change);
        }
    }
}

macro_rules! cells {
    ($($kind:ident: $($type:ty),+;)+) => {
        $($(impl $crate::table::column::Cell for $type {
            const KIND: $crate::table::column::Kind = $crate::table::column::Kind::$kind;
        })+)+
    };
}

cells! {
    Integer: u32, u64, usize;
    Number: f64;
    Boolean: bool;
}

/// Defines the struct of a row and its table of columns, `COLUMNS`, from one list. An entry is a
/// doc comment, which says what the column means, then `name: Type, Unit;`. Fields after `beside`
/// are not columns.
macro_rules! columns {
    (
        $(#[doc = $about:literal])+ struct $table:ident;
        $($(#[doc = $doc:literal])+ $name:ident: $type:ty, $unit:ident;)+
        beside $($(#[doc = $note:literal])+ $extra:ident: $of:ty;)*
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $table {
            $($(#[doc = $doc])+ pub $name: $type,)+
            $($(#[doc = $note])+ #[serde(skip)] pub $extra: $of,)*
        }

        impl $table {
            /// Every column, in the order of the file.
            pub const COLUMNS: &'static [$crate::table::column::Column<Self>] = &[
                $($crate::table::column::Column {
                    name: stringify!($name),
                    unit: $crate::table::column::Unit::$unit,
                    kind: <$type as $crate::table::column::Cell>::KIND,
                    optional: <$type as $crate::table::column::Cell>::OPTIONAL,
                    comment: concat!($($doc),+),
                    value: |row| $crate::table::column::Cell::value(&row.$name),
                },)+
            ];

            /// The row with all free text replaced by the result of `change`. Numbers and words of
            /// a fixed vocabulary stay unchanged.
            #[must_use]
            #[allow(dead_code, reason = "some tables are only written as CSV")]
            pub(crate) fn map_text(mut self, change: impl Fn(&str) -> String) -> Self {
                $($crate::table::column::Cell::map_text(&mut self.$name, &change);)+
                self
            }
        }
    };
}

pub(crate) use {cells, columns};
