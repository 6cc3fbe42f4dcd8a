//! Cells of tables whose columns are found at run time.

/// Text of a cell, which is to the right if it is a number.
pub struct TableCell {
    pub text: String,
    pub numeric: bool,
}

impl TableCell {
    /// Of a column that holds numbers or not.
    pub fn new(text: impl Into<String>, numeric: bool) -> Self {
        Self { text: text.into(), numeric }
    }
}
