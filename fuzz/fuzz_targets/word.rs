//! A word takes exactly the values that fit in it, and gives back what it took.
#![no_main]

use idgen_core::Word;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|value: u128| {
    round_trip::<u64>(value);
    round_trip::<u128>(value);
});

fn round_trip<W: Word>(value: u128) {
    let fits = value.checked_shr(W::BITS).is_none_or(|beyond| beyond == 0);
    match W::from_u128(value) {
        Some(word) => assert!(fits && word.into() == value, "{value} became {word}"),
        None => assert!(!fits, "{value} was refused, though {} bits hold it", W::BITS),
    }
}
