//! Every scheme of this crate, and every generator of it, through the conformance suite.

use std::sync::Arc;

use idgen_core::generator::{BuildError, Builder, Lane};
use idgen_core::{IdScheme, Scheme};
use idgen_snowflake::{Baidu, Discord, Js53, Leaf, Mastodon, Snowflake, Twitter};
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
    let value = Scheme::of::<S>();
    erased(value, Promise::STRICT, |setup| setup.configure(Builder::of(value)).erased());
}

#[test]
fn snowflake_conforms() {
    conforms::<Snowflake>();
}

#[test]
fn twitter_conforms() {
    conforms::<Twitter>();
}

#[test]
fn discord_conforms() {
    conforms::<Discord>();
}

#[test]
fn mastodon_conforms() {
    conforms::<Mastodon>();
}

#[test]
fn leaf_conforms() {
    conforms::<Leaf>();
}

#[test]
fn baidu_conforms() {
    conforms::<Baidu>();
}

#[test]
fn js53_conforms() {
    conforms::<Js53>();
}

#[test]
fn a_block_of_nodes_conforms() {
    let promise = Promise { block_bits: 5, ..Promise::STRICT };
    generator(promise, |setup| setup.builder::<Snowflake>().shared());
}
