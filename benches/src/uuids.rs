//! UUIDs of versions 1, 4, 6 and 7.
//!
//! Uniqueness of versions 4 and 7 is a matter of random bits: ours come from a cryptographically
//! secure source that a forked child does not repeat.

use std::hint::black_box;
use std::sync::Arc;

use aes::cipher::{KeyIvInit, StreamCipher};
use idgen::generator::{Builder, Generator, Shared, Tailed};
use idgen::uuid::{UuidV1, UuidV4, UuidV6, UuidV7};
use idgen::{Id, IdScheme};
use idgen_bench::{Contender, timed};
use uuid::Uuid;

use crate::case::{Case, Made, millis};

const BATCH: usize = 1_024;
const NODE: [u8; 6] = [0x9f, 0x6b, 0xde, 0xce, 0xd8, 0x46];

pub fn cases() -> Vec<Case> {
    let mut cases = vec![v4(), uuid_v4()];
    cases.extend(v4_bulk());
    cases.extend(v7());
    let v1 = UuidV1::with_node(NODE);
    // Of version 1 the lowest bits of the time stand first: their order is not that of time.
    let made = Made::Timed(millis::<UuidV1>);
    cases.extend(timed_versions("uuid-v1", v1, UuidV1::builder(), made, || Uuid::now_v1(&NODE)));
    let v6 = UuidV6::with_node(NODE);
    let made = Made::Ordered(millis::<UuidV6>);
    cases.extend(timed_versions("uuid-v6", v6, UuidV6::builder(), made, || Uuid::now_v6(&NODE)));
    cases
}

fn v4() -> Case {
    Case::one(
        "uuid-v4/one/1-thread/idgen",
        "122 bits of a CSPRNG keyed by the operating system, others in a forked child",
        Made::Random,
        || UuidV4::generator().generate().expect("an id"),
        |id| id.into(),
    )
}

fn uuid_v4() -> Case {
    Case::one(
        "uuid-v4/one/1-thread/uuid",
        "122 bits of a CSPRNG (fast-rng), the same ones in a forked child",
        Made::Random,
        Uuid::new_v4,
        |id| id.as_u128(),
    )
}

fn v4_bulk() -> [Case; 3] {
    let ids = UuidV4::generator();
    let mut out = vec![ids.generate().expect("an id"); BATCH];
    let ours = Contender::timing("uuid-v4/fill/1024/idgen", BATCH as u64, move |calls| {
        let ids = UuidV4::generator();
        timed(|| (0..calls).for_each(|_| ids.fill(black_box(&mut out)).expect("ids")))
    });
    let mut peers = vec![Uuid::nil(); BATCH];
    let theirs = Contender::timing("uuid-v4/fill/1024/uuid", BATCH as u64, move |calls| {
        timed(|| {
            for _ in 0..calls {
                black_box(&mut peers).iter_mut().for_each(|slot| *slot = Uuid::new_v4());
            }
        })
    });
    let words = move || {
        let batch = ids.generate_batch(1_000_000).expect("ids");
        batch.into_iter().map(u128::from).collect()
    };
    [
        Case::of_ids(ours, "as one by one", Made::Random, words),
        Case::of_ids(theirs, "as one by one", Made::Random, || {
            (0..1_000_000).map(|_| Uuid::new_v4().as_u128()).collect()
        }),
        keystream(),
    ]
}

/// What is left of the batch without keys, seeds, and the bits that every UUID has in common.
fn keystream() -> Case {
    let mut out = vec![0_u8; BATCH * size_of::<u128>()];
    let contender =
        Contender::timing("uuid-v4/fill/1024/aes-128-ctr", BATCH as u64, move |calls| {
            let mut cipher = ctr::Ctr64LE::<aes::Aes128>::new(&[7; 16].into(), &[0; 16].into());
            timed(|| (0..calls).for_each(|_| cipher.apply_keystream(black_box(&mut out))))
        });
    Case::new(contender, "no ids: as many bytes of one cipher's keystream", || Ok(()))
}

fn v7() -> Vec<Case> {
    let ordered = Made::Ordered(millis::<UuidV7>);
    let ids = Arc::new(UuidV7::generator().expect("a generator"));
    vec![
        Case::one(
            "uuid-v7/one/1-thread/idgen",
            "time of the ticker, at most a tick old; strict order over all threads; 54 bits of a \
             CSPRNG for each id, others in a forked child",
            ordered,
            move || ids.generate().expect("an id"),
            |id| id.into(),
        ),
        Case::one(
            "uuid-v7/one/1-thread/uuid",
            "time read for each id; order over all threads behind a lock; a CSPRNG, whose bits a \
             forked child repeats",
            ordered,
            Uuid::now_v7,
            |id| id.as_u128(),
        ),
        Case::one(
            "uuid-v7/one/1-thread/fast-uuid-v7",
            "time of the time-stamp counter; order within a thread; 56 bits of an ordinary \
             generator, not a CSPRNG",
            ordered,
            fast_uuid_v7::gen_id_with_count,
            |id| id,
        ),
    ]
}

/// Versions 1 and 6: of a node, and with random nodes.
fn timed_versions<S: IdScheme<Word = u128>>(
    scheme: &str,
    of_node: Builder<S>,
    random: Builder<S>,
    made: Made,
    peer: fn() -> Uuid,
) -> Vec<Case> {
    let ids: Arc<Shared<S>> = Arc::new(of_node.shared().expect("a generator"));
    let tailed: Arc<Tailed<S>> = Arc::new(random.tailed().expect("a generator"));
    let name = |who| format!("{scheme}/one/1-thread/{who}");
    let timed = Made::Timed(millis::<S>);
    vec![
        Case::one(
            &name("idgen"),
            "time of the ticker, at most 1 ms old; times in strict order; horizon; the node given; \
             a forked child issues nothing before it has a window",
            made,
            move || ids.generate().expect("an id"),
            |id: Id<S>| id.into(),
        ),
        Case::one(
            &name("idgen-random"),
            "the same with a node of random bits for each id, others in a forked child",
            made,
            move || tailed.generate().expect("an id"),
            |id: Id<S>| id.into(),
        ),
        // Its ids of version 6 are not always in order, and only have to be distinct here.
        Case::one(
            &name("uuid"),
            "time read for each id; the node given; a counter shared by all threads",
            timed,
            peer,
            |id| id.as_u128(),
        ),
    ]
}
