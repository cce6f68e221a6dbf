//! Every scheme of this crate, and every generator of it, through the conformance suite.

use idgen_snowflake::{Baidu, Discord, Js53, Leaf, Mastodon, Snowflake, Twitter};
use idgen_testkit::{Promise, generator, positional};

#[test]
fn snowflake_conforms() {
    positional::<Snowflake>();
}

#[test]
fn twitter_conforms() {
    positional::<Twitter>();
}

#[test]
fn discord_conforms() {
    positional::<Discord>();
}

#[test]
fn mastodon_conforms() {
    positional::<Mastodon>();
}

#[test]
fn leaf_conforms() {
    positional::<Leaf>();
}

#[test]
fn baidu_conforms() {
    positional::<Baidu>();
}

#[test]
fn js53_conforms() {
    positional::<Js53>();
}

#[test]
fn a_block_of_nodes_conforms() {
    let promise = Promise { block_bits: 5, ..Promise::STRICT };
    generator(promise, |setup| setup.builder::<Snowflake>().shared());
}
