//! Every scheme of this crate, and every generator of it, through the conformance suite.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use core::time::Duration;

use idgen_core::generator::Builder;
use idgen_sonyflake::{Settings, Sonyflake, SonyflakeV2};
use idgen_testkit::{Promise, erased, generator, positional};

#[test]
fn sonyflake_conforms() {
    positional::<Sonyflake>();
}

#[test]
fn sonyflake_v2_conforms() {
    positional::<SonyflakeV2>();
}

#[test]
fn custom_settings_conform() {
    for (sequence, machine, millis) in [(12, 10, 1), (1, 30, 1), (30, 1, 1_000)] {
        let settings = Settings::new().sequence_bits(sequence).machine_bits(machine);
        let value = settings.tick(Duration::from_millis(millis)).scheme().unwrap();
        erased(value, Promise::STRICT, |setup| setup.configure(Builder::of(value)).erased());
    }
}

/// A block of machine ids lies below the sequence in the word.
#[test]
fn a_block_of_machines_conforms() {
    let promise = Promise { block_bits: 5, ..Promise::STRICT };
    generator(promise, |setup| setup.builder::<Sonyflake>().shared());
}
