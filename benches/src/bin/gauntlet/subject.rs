//! Who runs the gauntlet, and what is asked of him.

use idgen::catalog::Settings;
use idgen::generator::{Builder, Generator, SharedMonotonic};
use idgen::wide::Ulid;
use idgen::{IdScheme, Scheme};

use crate::{peers, windows};

/// Makes ids one by one, as numbers. An error is an answer, a panic is none.
pub type Next = Box<dyn FnMut() -> Result<u128, String>>;

/// One generator.
pub struct Subject {
    pub name: &'static str,
    /// The package that it is from.
    pub package: &'static str,
    /// A generator of this node. The file is where it may keep what has to outlive it.
    pub build: fn(node: u64, file: &str) -> Result<Next, String>,
    /// Milliseconds since 1970 of an id; `None` where it holds no time.
    pub millis: Option<fn(u128) -> i64>,
    /// The node of an id, and the greatest node; `None` where it has no such number.
    pub node: Option<(fn(u128) -> u64, u64)>,
    /// Whether ids of one generator are promised to increase.
    pub ordered: bool,
    /// When the time field ends, in years.
    pub ends: i64,
    /// Whether it is one of ours in the way that our promises ask for.
    pub promised: bool,
    /// The generator and a copy of it; `None` where the compiler refuses to copy it.
    pub copies: Option<fn() -> [Next; 2]>,
}

pub fn subjects() -> Vec<Subject> {
    use idgen::instagram::Instagram;
    use idgen::snowflake::{Baidu, Discord, Js53, Leaf, Mastodon, Snowflake, Twitter};
    use idgen::sonyflake::Sonyflake;
    use idgen::uuid::{UuidV1, UuidV6, UuidV7};
    use idgen::wide::Nano128;
    let mut all = vec![
        ours::<Snowflake>("idgen snowflake", windows::of_node::<Snowflake>),
        ours::<Twitter>("idgen twitter", windows::of_node::<Twitter>),
        ours::<Discord>("idgen discord", windows::of_node::<Discord>),
        ours::<Mastodon>("idgen mastodon", windows::of_node::<Mastodon>),
        ours::<Leaf>("idgen leaf", windows::of_node::<Leaf>),
        ours::<Baidu>("idgen baidu", windows::of_node::<Baidu>),
        ours::<Js53>("idgen js53", windows::of_node::<Js53>),
        ours::<Sonyflake>("idgen sonyflake", windows::of_node::<Sonyflake>),
        ours::<Instagram>("idgen instagram", windows::of_node::<Instagram>),
        ours::<Nano128>("idgen nano128", windows::of_nano),
        ours::<UuidV1>("idgen uuid-v1", |_, _| of_catalog("uuid-v1")),
        ours::<UuidV6>("idgen uuid-v6", |_, _| of_catalog("uuid-v6")),
        ours::<UuidV7>("idgen uuid-v7", |_, _| of_catalog("uuid-v7")),
        ours::<Ulid>("idgen ulid", |_, _| of_catalog("ulid")),
        Subject {
            name: "idgen uuid-v4",
            package: "idgen",
            build: |_, _| of_catalog("uuid-v4"),
            millis: None,
            node: None,
            ordered: false,
            ends: 0,
            promised: true,
            copies: None,
        },
        // Outside the promises: a node id whose windows nobody keeps a record of, and a clock that is
        // set back across a restart.
        Subject {
            promised: false,
            ..ours::<Snowflake>("idgen snowflake, no windows kept", |node, _| {
                let ids = Builder::<Snowflake>::new().node(node).shared();
                let ids = ids.map_err(|error| error.to_string())?;
                Ok(Box::new(move || match ids.generate() {
                    Ok(id) => Ok(id.into()),
                    Err(error) => Err(error.to_string()),
                }))
            })
        },
    ];
    all.extend(peers::subjects());
    all
}

/// A scheme of ours. What rests on a node id keeps its windows in a file.
fn ours<S: IdScheme>(name: &'static str, build: fn(u64, &str) -> Result<Next, String>) -> Subject {
    let scheme = Scheme::of::<S>();
    let entry = idgen::find(S::NAME).expect("an entry of the catalog");
    let bits = scheme.layout.node_bits();
    let node = (bits > 0 && entry.needs_node()).then(|| u64::MAX >> (64 - bits));
    Subject {
        name,
        package: "idgen",
        build,
        millis: Some(|word| {
            let time = Scheme::of::<S>().time(word).expect("a scheme with time");
            i64::try_from(time.as_millis()).expect("a time of some age")
        }),
        node: node.map(|greatest| {
            let of: fn(u128) -> u64 = |word| Scheme::of::<S>().layout.unpack(word).node;
            (of, greatest)
        }),
        ordered: scheme.layout.is_time_ordered(),
        ends: if scheme.layout.width() == 64 { 2_400 } else { 11_000 },
        promised: true,
        copies: None,
    }
}

/// A generator that needs nothing of others.
fn of_catalog(name: &str) -> Result<Next, String> {
    let entry = idgen::find(name).ok_or("no such scheme")?;
    let made = entry.generator(&Settings::default()).ok_or("it makes no ids")?;
    let ids = made.map_err(|error| error.to_string())?;
    Ok(Box::new(move || ids.generate_word().map_err(|error| error.to_string())))
}

/// Whether a type can be copied: ours must not be.
pub struct Copies<T>(std::marker::PhantomData<T>);

pub trait Not {
    const COPIES: bool = false;
}

impl<T> Not for Copies<T> {}

impl<T: Clone> Copies<T> {
    pub const COPIES: bool = true;
}

const _: () = {
    use idgen::generator::{Drawn, Laned, Monotonic, Shared, Tailed, Ticked};
    use idgen::snowflake::Snowflake;
    use idgen::uuid::{UuidV4, UuidV7};
    use idgen::wide::Nano128;
    assert!(!Copies::<Shared<Snowflake>>::COPIES && !Copies::<Laned<Snowflake>>::COPIES);
    assert!(!Copies::<Tailed<UuidV7>>::COPIES && !Copies::<Drawn<UuidV4>>::COPIES);
    assert!(!Copies::<Ticked<Nano128>>::COPIES && !Copies::<Monotonic<Ulid>>::COPIES);
    assert!(!Copies::<SharedMonotonic<Ulid>>::COPIES && Copies::<u64>::COPIES);
};
