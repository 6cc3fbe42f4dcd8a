//! The integration tests, linked once: one module per subject. Separate programs are the tests that
//! read the sources (order, dependencies), that load native runtimes into their own process
//! (backends), and that need daemons and namespaces (device, slurm).

mod accuracy;
mod bad_input;
mod columns;
#[path = "../common/mod.rs"]
mod common;
mod costs;
mod culprits;
mod delegates;
mod disk;
mod export_formats;
mod exports;
mod faulty_runtimes;
mod fetch;
mod fetch_models;
mod fleet;
mod formats;
mod gpu;
mod hooks;
mod hostile_images;
mod hostile_models;
mod imagenet;
mod installed;
mod interrupt;
mod isolation;
mod journal;
mod kernel_memory;
mod listing;
mod merge;
mod models;
mod nodes;
mod options;
mod orientation;
mod parsers;
mod partition;
mod patience;
mod pixels;
mod preprocessing_check;
mod process_facts;
mod profiles;
mod recipes;
mod report_browser;
mod report_choice;
mod report_common;
mod report_compare;
mod report_files;
mod report_pages;
mod resume;
mod runtimes;
mod scenarios;
mod schedulers;
mod settings;
mod tables;
mod verdicts;
