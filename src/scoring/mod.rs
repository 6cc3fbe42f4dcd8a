//! Images through workers to predictions, agreement and tallies.
pub(crate) mod chunk;
pub(crate) mod exchange;
pub(crate) mod feed;
pub(crate) mod label_warning;
pub(crate) mod niceness;
pub(crate) mod output_reader;
pub(crate) mod pending_chunks;
pub(crate) mod ranking;
pub(crate) mod score;
pub(crate) mod subject;
pub(crate) mod supply;
pub(crate) mod tally;
