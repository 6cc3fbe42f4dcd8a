#![no_main]

#[allow(dead_code, reason = "each target uses one property of the file that all share")]
#[path = "../parsers.rs"]
mod parsers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::listing(bytes));
