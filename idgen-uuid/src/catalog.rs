//! The schemes of this crate, for programs that list them.

use idgen_core::catalog::Setting::{Block, MaxDrift, MaxWait, Node};
use idgen_core::catalog::{Entry, Setting, Settings};
use idgen_core::generator::{BuildError, Builder, ErasedGenerator};
use idgen_core::layout::{Layout, Parts};
use idgen_core::{IdScheme, Name, Scheme};

use crate::{UuidV1, UuidV3, UuidV4, UuidV5, UuidV6, UuidV7, UuidV8, gregorian};

/// The schemes of this crate, for the catalog.
///
/// A node id that is given to versions 1 and 6 makes them rest on it; without one they draw nodes
/// at random.
pub const CATALOG: &[Entry] = &[
    Entry::new::<UuidV1>(
        "100 ns since 1582, low bits first; its texts do not sort by time",
        "RFC 9562, section 5.1",
        "57 random bits in each 100 ns, or a node id and windows of ticks after each other",
    )
    .made_by(|settings| timed::<UuidV1>(settings, UuidV1::COUNTED, UuidV1::COUNTED_OF_NODE))
    .without_node(),
    Entry::new::<UuidV3>(
        "the MD5 of a name; for those who have it already",
        "RFC 9562, section 5.3",
        "the names, and MD5, whose collisions can be made at will",
    ),
    Entry::new::<UuidV4>(
        "122 random bits, in no order",
        "RFC 9562, section 5.4",
        "122 random bits",
    )
    .made_by(|settings| {
        refuse::<UuidV4>(settings, &[Node, Block, MaxDrift, MaxWait])?;
        Ok(Box::new(UuidV4::generator()))
    })
    .without_node(),
    Entry::new::<UuidV5>(
        "the SHA-1 of a name",
        "RFC 9562, section 5.5",
        "the names, and SHA-1 where nobody gains by a collision",
    ),
    Entry::new::<UuidV6>(
        "version 1 with the time first, so that texts sort by it",
        "RFC 9562, section 5.6",
        "57 random bits in each 100 ns, or a node id and windows of ticks after each other",
    )
    .made_by(|settings| timed::<UuidV6>(settings, UuidV6::COUNTED, UuidV6::COUNTED_OF_NODE))
    .without_node(),
    Entry::new::<UuidV7>(
        "Unix milliseconds, a counter and 54 random bits: the one to take",
        "RFC 9562, sections 5.7 and 6.2 (method 1)",
        "54 random bits, and a counter that begins each millisecond at a random place",
    )
    .made_by(|settings| {
        refuse::<UuidV7>(settings, &[Node, Block])?;
        Ok(Box::new(UuidV7::builder().settings(settings).tailed()?))
    })
    .without_node(),
    Entry::new::<UuidV8>(
        "122 bits of one's own: the SHA-256 of a name, or a 64-bit id",
        "RFC 9562, section 5.8",
        "the names or the ids, and the namespace",
    ),
];

/// A generator of version 1 or 6.
fn timed<S: IdScheme>(
    settings: &Settings,
    counted: Layout,
    counted_of_node: Layout,
) -> Result<Box<dyn ErasedGenerator>, BuildError> {
    let builder = Builder::<S>::new().settings(settings);
    let Some(node) = settings.node else {
        return Ok(Box::new(builder.refined(counted).tailed()?));
    };
    Scheme::of::<S>().pack(Parts { node, ..Parts::default() })?;
    let node = gregorian::with_random_clock(node);
    Ok(Box::new(builder.refined(counted_of_node).node(node).shared()?))
}

/// Refuses what generators of the scheme have no use for.
fn refuse<S: IdScheme>(settings: &Settings, absent: &[Setting]) -> Result<(), BuildError> {
    settings.refuse(Name::new(S::NAME), absent)
}
