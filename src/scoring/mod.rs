//! Images through workers to predictions, agreement and tallies.
pub mod chunk;
pub mod exchange;
pub mod feed;
pub mod label_warning;
pub mod niceness;
pub mod output_reader;
pub mod pending_chunks;
pub mod ranking;
pub mod score;
pub mod subject;
pub mod supply;
pub mod tally;
