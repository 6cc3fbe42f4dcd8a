//! Models as users have them: open dimensions, several outputs, batches, odd types, links. Each is
//! made here, so that the right answer is known.

mod broken;
mod contents;
mod domains;
mod files;
pub mod flat;
mod heads;
mod inputs;
mod inspected;
pub mod made;
mod on_openvino;
mod open_dimensions;
mod outputs;
mod sizes;
