//! Ours: each scheme of the catalog that makes ids, as its users get it.
//!
//! What rests on a node id has it from a lease in a folder, of any node id that is free there; the others need
//! nothing.

use std::path::Path;
use std::time::Duration;

use idgen::catalog::{Entry, Settings};
use idgen::generator::{
    Builder, Drawn, ErasedGenerator, Generator, Laned, Monotonic, Shared, SharedMonotonic, Tailed,
    Ticked,
};
use idgen::lease::{FileStore, Lease, Leased, Realm};
use idgen::snowflake::Snowflake;
use idgen::uuid::{UuidV4, UuidV7};
use idgen::wide::{Nano128, Ulid};
use idgen::{IdScheme, UnixTime};

use crate::subject::{Copying, End, IsClone, Next, Nodes, Not, Subject};

/// How far ahead windows reach: so little that they are renewed while a fault lasts.
const LONGEST_WINDOW: Duration = Duration::from_millis(500);

/// 2020-01-01: the wall clock of schemes whose time is over.
const BEFORE_THE_END: i64 = 1_577_836_800_000;

pub fn subjects() -> Vec<Subject> {
    let generating = idgen::catalog().iter().filter(|entry| entry.generates());
    let mut all: Vec<_> = generating.map(of_entry).collect();
    // Outside the promises: a node id whose windows nobody keeps a record of, and a clock that is
    // set back across a restart.
    all.push(Subject {
        name: "idgen snowflake, no windows kept".into(),
        promised: false,
        copying: Copying::Refused,
        build: Box::new(|node, _| {
            let ids = Builder::<Snowflake>::new().node(node.unwrap_or(1)).shared();
            let ids = ids.map_err(|error| error.to_string())?;
            Ok(Box::new(move || ids.generate().map(u128::from).map_err(|error| error.to_string())))
        }),
        ..of_entry(idgen::find("snowflake").expect("a scheme of the catalog"))
    });
    all
}

fn of_entry(entry: &'static Entry) -> Subject {
    let scheme = &entry.scheme;
    let bits = scheme.layout.node_bits();
    let numbered = bits > 0 && entry.needs_node();
    let end = scheme.timebase.map(|base| {
        // Version 7 has a longer field than its generators count in.
        let is_v7 = scheme.name.as_str() == UuidV7::NAME;
        let counted = if is_v7 { &UuidV7::COUNTED } else { &scheme.layout };
        let last = u64::MAX >> (64 - counted.tick_bits());
        millis_of(base.time_of(last)) + millis_of_duration(base.tick())
    });
    Subject {
        name: format!("idgen {}", scheme.name),
        package: "idgen",
        build: if entry.needs_node() {
            Box::new(move |node, folder| leased(entry, node, folder).map(words))
        } else {
            Box::new(move |_, _| {
                let made = entry.generator(&Settings::default()).ok_or("it makes no ids")?;
                Ok(words(made.map_err(|error| error.to_string())?))
            })
        },
        millis: scheme.timebase.map(|_| -> Box<dyn Fn(u128) -> i64> {
            Box::new(move |word| millis_of(scheme.time(word).expect("a scheme with time")))
        }),
        node: numbered.then(|| Nodes {
            of: Box::new(move |word| scheme.layout.unpack(word).node),
            greatest: u64::MAX >> (64 - bits),
        }),
        ordered: scheme.layout.is_time_ordered(),
        tick: scheme.timebase.map_or(Duration::ZERO, |base| base.tick()),
        begins: end.filter(|&end| end < crate::clock::machine_millis()).map(|_| BEFORE_THE_END),
        ends: End::At(end.unwrap_or(0)),
        promised: true,
        copying: if entry.needs_node() {
            Copying::Made(Box::new(move |folder| {
                let ids = leased(entry, None, folder).expect("a lease");
                [ids.clone(), ids].map(words)
            }))
        } else {
            Copying::Refused
        },
    }
}

/// A lease, whose clones are one generator.
fn leased(
    entry: &'static Entry,
    node: Option<u64>,
    folder: &Path,
) -> Result<Leased<Box<dyn ErasedGenerator>>, String> {
    let store = FileStore::new(folder).longest_window(LONGEST_WINDOW);
    let settings = node.map_or_else(Settings::default, Settings::with_node);
    let lease = Lease::new(Realm::of(entry.scheme), store).settings(settings);
    let made =
        lease.start(move |settings| entry.generator(settings).expect("a scheme that makes ids"));
    made.map_err(|error| error.to_string())
}

fn words(ids: impl ErasedGenerator + 'static) -> Next {
    Box::new(move || ids.generate_word().map_err(|error| error.to_string()))
}

fn millis_of(time: UnixTime) -> i64 {
    i64::try_from(time.as_millis()).expect("a time of some age")
}

fn millis_of_duration(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).expect("a short time")
}

// Whatever our entries make is one of these, also behind a lease.
const _: () = {
    assert!(!IsClone::<Shared<Snowflake>>::YES && !IsClone::<Laned<Snowflake>>::YES);
    assert!(!IsClone::<Tailed<UuidV7>>::YES && !IsClone::<Drawn<UuidV4>>::YES);
    assert!(!IsClone::<Ticked<Nano128>>::YES && !IsClone::<Monotonic<Ulid>>::YES);
    assert!(!IsClone::<SharedMonotonic<Ulid>>::YES && !IsClone::<Box<dyn ErasedGenerator>>::YES);
};
