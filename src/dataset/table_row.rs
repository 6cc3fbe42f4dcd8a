//! A line of a table, whatever the table is written in.

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableRow {
    /// Its number in the file, from 1.
    pub line: u64,
    /// What it holds, without blanks at the ends.
    pub fields: Vec<String>,
}

impl TableRow {
    /// A line of these fields.
    pub(crate) fn new<T: AsRef<str>>(line: u64, fields: impl IntoIterator<Item = T>) -> Self {
        let fields = fields.into_iter().map(|field| field.as_ref().trim().to_owned());
        Self { line, fields: fields.collect() }
    }

    /// Whether it holds nothing.
    pub(crate) fn is_blank(&self) -> bool {
        self.fields.iter().all(String::is_empty)
    }
}
