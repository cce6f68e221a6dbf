//! Every scheme of this crate, and every generator of it, through the conformance suite.

use core::convert::Infallible;

use idgen_core::generator::{Builder, Drawn, ErasedGenerator};
use idgen_core::layout::Layout;
use idgen_core::{IdScheme, Scheme};
use idgen_testkit::{Order, Promise, drawn, erased, scheme};
use idgen_uuid::{AnyUuid, UuidV1, UuidV3, UuidV4, UuidV5, UuidV6, UuidV7, UuidV8};

#[test]
fn the_schemes_conform() {
    scheme::<AnyUuid>();
    scheme::<UuidV1>();
    scheme::<UuidV3>();
    scheme::<UuidV4>();
    scheme::<UuidV5>();
    scheme::<UuidV6>();
    scheme::<UuidV7>();
    scheme::<UuidV8>();
}

/// The scheme as the suite has to see it: with the fields that its generators count in.
fn counted_as<S: IdScheme>(layout: Layout) -> Scheme {
    Scheme { layout, ..Scheme::of::<S>() }
}

/// A tick begins at any place of its lower half.
fn tailed_conforms<S: IdScheme>(layout: Layout) {
    let promise = Promise { max_skip: 1 << (layout.sequence_bits() - 1), ..Promise::STRICT };
    erased(counted_as::<S>(layout), promise, |setup| {
        let builder = setup.configure(Builder::<S>::new().refined(layout));
        builder.tailed().map(|ids| Box::new(ids) as Box<dyn ErasedGenerator>)
    });
}

fn of_node_conforms<S: IdScheme>(layout: Layout) {
    erased(counted_as::<S>(layout), Promise::STRICT, |setup| {
        let builder = setup.configure(Builder::<S>::new().refined(layout));
        builder.shared().map(|ids| Box::new(ids) as Box<dyn ErasedGenerator>)
    });
}

#[test]
fn version_1_conforms() {
    tailed_conforms::<UuidV1>(UuidV1::COUNTED);
    of_node_conforms::<UuidV1>(UuidV1::COUNTED_OF_NODE);
}

#[test]
fn version_6_conforms() {
    tailed_conforms::<UuidV6>(UuidV6::COUNTED);
    of_node_conforms::<UuidV6>(UuidV6::COUNTED_OF_NODE);
}

#[test]
fn version_7_conforms() {
    tailed_conforms::<UuidV7>(UuidV7::COUNTED);
}

#[test]
fn version_4_conforms() {
    drawn(None, |_| Ok::<_, Infallible>(Drawn::<UuidV4>::new()));
}

/// Strangers: nothing but random bits keeps generators of version 7 apart.
#[test]
fn strangers_of_version_7_conform() {
    drawn(Some(Order::Strict), |ticks| {
        Builder::<UuidV7>::over(ticks).refined(UuidV7::COUNTED).tailed()
    });
}
