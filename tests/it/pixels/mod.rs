//! Pixels against goldens that the publishers' own libraries made
//! (scripts/goldens/README.md): decoding, filters and whole pipelines.

mod awkward;
mod decode;
mod filters;
mod golden;
mod pipelines;
