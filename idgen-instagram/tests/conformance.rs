//! The scheme, and every generator of it, through the conformance suite.

use idgen_instagram::Instagram;
use idgen_testkit::{Promise, generator, positional};

#[test]
fn instagram_conforms() {
    positional::<Instagram>();
}

/// One server that holds 32 shards as a block.
#[test]
fn a_block_of_shards_conforms() {
    let promise = Promise { block_bits: 5, ..Promise::STRICT };
    generator(promise, |setup| setup.builder::<Instagram>().shared());
}
