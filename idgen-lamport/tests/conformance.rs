//! Both schemes, and their clocks, through the conformance suite.

use core::time::Duration;

use idgen_core::generator::{Builder, ErasedGenerator};
use idgen_core::{Scheme, Timebase, UnixTime};
use idgen_lamport::{Hlc, Lamport};
use idgen_testkit::{Promise, erased, generator, scheme};

#[test]
fn the_schemes_conform() {
    scheme::<Lamport>();
    scheme::<Hlc>();
}

/// The suite's ticks are a floor like what is observed: without a timebase, the window alone is the
/// horizon.
#[test]
fn lamport_conforms() {
    generator(Promise::STRICT, |setup| setup.builder::<Lamport>().shared());
}

#[test]
fn a_block_of_lamport_nodes_conforms() {
    let promise = Promise { block_bits: 4, ..Promise::STRICT };
    generator(promise, |setup| setup.builder::<Lamport>().shared());
}

/// What the catalog makes of it where nobody grants windows.
#[test]
fn lamport_on_a_clock_conforms() {
    let timebase = Timebase::new(UnixTime::EPOCH, Duration::from_micros(1));
    let timed = Scheme { timebase: Some(timebase), ..Scheme::of::<Lamport>() };
    erased(timed, Promise::STRICT, |setup| setup.configure(Builder::of(timed)).erased());
}

#[test]
fn hlc_conforms() {
    generator(Promise::STRICT, |setup| setup.builder::<Hlc>().shared());
    erased(Scheme::of::<Hlc>(), Promise::STRICT, |setup| {
        setup.builder::<Hlc>().shared().map(|ids| Box::new(ids) as Box<dyn ErasedGenerator>)
    });
}
