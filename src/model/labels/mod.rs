//! Class names, in the order of a model's outputs or of a dataset's class indices: in
//! the forms that exporters, trainers and hubs write them.

pub(crate) mod collect;
pub(crate) mod delimited;
pub mod labels_file;
pub(crate) mod numbered;
pub(crate) mod structured;
