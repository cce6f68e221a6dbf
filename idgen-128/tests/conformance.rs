//! Both schemes, and the generator that counts nanoseconds, through the conformance suite.

use idgen_128::{Nano128, Ulid};
use idgen_testkit::{Promise, generator, scheme};

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
