//! Images through workers to predictions, agreement and tallies.
pub mod chunk;
pub mod doubt;
pub mod exchange;
pub mod feed;
pub mod line;
pub mod pace;
pub mod ranking;
pub mod reading;
pub mod score;
pub mod subject;
pub mod supply;
pub mod tally;
