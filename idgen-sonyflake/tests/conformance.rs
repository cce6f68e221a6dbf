//! Every scheme of this crate, and every generator of it, through the conformance suite.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use core::time::Duration;
use std::sync::Arc;

use idgen_core::generator::{BuildError, Builder, Lane};
use idgen_core::{IdScheme, Scheme};
use idgen_sonyflake::{Settings, Sonyflake, SonyflakeV2};
use idgen_testkit::{Promise, erased, generator, lane, scheme};

fn conforms<S: IdScheme>() {
    scheme::<S>();
    generator(Promise::STRICT, |setup| setup.builder::<S>().shared());
    generator(Promise::PER_THREAD, |setup| setup.builder::<S>().laned());
    lane(Promise::PER_THREAD, |setup| {
        let ids = Arc::new(setup.builder::<S>().shared()?);
        let lanes = (0..3).map(|_| {
            let mut lane = Lane::over(Arc::clone(&ids));
            move || lane.try_generate()
        });
        Ok::<_, BuildError>(lanes.collect())
    });
    value_conforms(Scheme::of::<S>());
}

fn value_conforms(value: Scheme) {
    erased(value, Promise::STRICT, |setup| setup.configure(Builder::of(value)).erased());
}

#[test]
fn sonyflake_conforms() {
    conforms::<Sonyflake>();
}

#[test]
fn sonyflake_v2_conforms() {
    conforms::<SonyflakeV2>();
}

#[test]
fn custom_settings_conform() {
    for (sequence, machine, millis) in [(12, 10, 1), (1, 30, 1), (30, 1, 1_000)] {
        let settings = Settings::new().sequence_bits(sequence).machine_bits(machine);
        value_conforms(settings.tick(Duration::from_millis(millis)).scheme().unwrap());
    }
}

/// A block of machine ids lies below the sequence in the word.
#[test]
fn a_block_of_machines_conforms() {
    let promise = Promise { block_bits: 5, ..Promise::STRICT };
    generator(promise, |setup| setup.builder::<Sonyflake>().shared());
}
