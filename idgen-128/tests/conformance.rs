//! Both schemes, and the generator that counts nanoseconds, through the conformance suite.

use idgen_128::{Nano128, Ulid};
use idgen_core::generator::{BuildError, Monotonic};
use idgen_core::random::SystemRandom;
use idgen_testkit::{Order, Promise, drawn, generator, scheme};

#[test]
fn the_schemes_conform() {
    scheme::<Nano128>();
    scheme::<Ulid>();
}

/// An id by itself leaves the rest of its nanosecond out.
#[test]
fn nano128_conforms() {
    let promise = Promise { max_skip: 65_535, ..Promise::STRICT };
    generator(promise, |setup| setup.builder::<Nano128>().ticked());
}

#[test]
fn ulid_conforms() {
    drawn(Some(Order::Strict), |ticks| {
        Ok::<_, BuildError>(Monotonic::<Ulid, _, _>::from(ticks, SystemRandom).shared())
    });
}
