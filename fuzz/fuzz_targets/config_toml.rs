//! Any text is a configuration or a list of at least one fault.
#![no_main]

use idgen::config::validate_config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match validate_config(text) {
        Ok(config) => assert!(config.scheme.layout.is_positional()),
        Err(error) => assert!(!error.faults().is_empty()),
    }
});
