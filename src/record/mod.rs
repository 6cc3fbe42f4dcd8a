//! What is known about a run, as plain data: cases, options, visits, models, hosts, and the
//! journal's entries. Everything else imports from here, and this imports from nowhere.

pub mod agreement;
pub mod anatomy;
pub mod android;
pub mod backend_kind;
pub mod capabilities;
pub mod case;
pub mod class_map;
pub mod coverage;
pub mod delegate;
pub mod description;
pub mod format;
pub mod header;
pub mod host;
pub mod input_size;
pub mod known_fields;
pub mod options;
pub mod output_classes;
pub mod output_kind;
pub mod partition;
pub mod pipeline;
pub mod precision;
pub mod prediction;
pub mod preprocessing;
pub mod preprocessing_check;
pub mod preset;
pub mod preset_steps;
pub mod preset_value;
pub mod quantization;
pub mod run;
pub mod scored_output;
pub mod shard;
pub mod status;
pub mod tensor;
pub mod visit;
