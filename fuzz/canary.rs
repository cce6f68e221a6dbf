//! A planted bug, which only a fuzzer that is led by coverage can find in seconds.
//!
//! It stands behind the two ways in which a parser asks about its input: byte after
//! byte, where each answer must show up as a new edge, and a keyword as a whole, where
//! the fuzzer must see the comparison itself. By chance it would take 2^120 inputs.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut bytes = data.iter();
    for expected in *b"FUZZ" {
        if bytes.next() != Some(&expected) {
            return;
        }
    }
    assert!(!bytes.as_slice().starts_with(b"tick_length"), "the canary was found");
});
