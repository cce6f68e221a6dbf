//! The scheme, and every generator of it, through the conformance suite.

use std::sync::Arc;

use idgen_core::Scheme;
use idgen_core::generator::{BuildError, Builder, Lane};
use idgen_instagram::Instagram;
use idgen_testkit::{Promise, erased, generator, lane, scheme};

#[test]
fn instagram_conforms() {
    scheme::<Instagram>();
    generator(Promise::STRICT, |setup| setup.builder::<Instagram>().shared());
    generator(Promise::PER_THREAD, |setup| setup.builder::<Instagram>().laned());
    lane(Promise::PER_THREAD, |setup| {
        let ids = Arc::new(setup.builder::<Instagram>().shared()?);
        let lanes = (0..3).map(|_| {
            let mut lane = Lane::over(Arc::clone(&ids));
            move || lane.try_generate()
        });
        Ok::<_, BuildError>(lanes.collect())
    });
    let value = Scheme::of::<Instagram>();
    erased(value, Promise::STRICT, |setup| setup.configure(Builder::of(value)).erased());
}

/// One server that holds 32 shards as a block.
#[test]
fn a_block_of_shards_conforms() {
    let promise = Promise { block_bits: 5, ..Promise::STRICT };
    generator(promise, |setup| setup.builder::<Instagram>().shared());
}
