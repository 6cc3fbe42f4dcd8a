//! Class names, in the order of a model's outputs or of a dataset's class indices: in
//! the forms that exporters, trainers and hubs write them.

pub mod collect;
pub mod delimited;
pub mod labels_file;
pub mod numbered;
pub mod structured;
