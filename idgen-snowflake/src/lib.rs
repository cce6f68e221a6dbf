//! Snowflake ids: a tick, a node id and a sequence in 64 bits.
//!
//! [`Snowflake`] is this workspace's own layout. The presets read and write the ids of systems
//! that run already: [`Twitter`], [`Discord`], [`Mastodon`], [`Leaf`], [`Baidu`]; [`Js53`] keeps to
//! the 53 bits that a JavaScript number tells apart.
//!
//! ```
//! use idgen_core::generator::{Generator, Shared};
//! use idgen_snowflake::Snowflake;
//!
//! let ids = Shared::<Snowflake>::builder().node(7).shared()?;
//! let id = ids.generate()?;
//! assert_eq!((id.field("datacenter"), id.field("worker")), (Some(0), Some(7)));
//! println!("{}", id.inspect());
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # What uniqueness rests on
//!
//! Two ids are equal only if node id and position (tick and sequence) are. One generator issues
//! no position twice; generators of one node id must have disjoint windows of ticks, one after
//! the other. With a static node id and no store of windows, that holds if no two generators have
//! the node id at the same time and the clock is not set back across a restart. Outside of it
//! lie a node id given twice by its operator and a virtual machine cloned inside a window.

#![cfg_attr(not(any(feature = "std", test)), no_std)]

mod presets;
mod snowflake;

pub use presets::{Baidu, Discord, Js53, Leaf, Mastodon, Twitter};
pub use snowflake::Snowflake;

#[cfg(feature = "std")]
use idgen_core::catalog::Entry;

/// The schemes of this crate, for the catalog.
#[cfg(feature = "std")]
pub const CATALOG: &[Entry] = &[
    Entry::positional::<Snowflake>(
        "1,024 nodes, 4,096 ids a millisecond each, from 2020 to 2089",
        "idgen; after Twitter's Snowflake, 2010",
        NODE_AND_WINDOW,
    ),
    Entry::positional::<Twitter>(
        "Twitter's and X's ids since November 2010",
        "github.com/twitter-archive/snowflake, tag snowflake-2010, IdWorker.scala",
        NODE_AND_WINDOW,
    ),
    Entry::positional::<Discord>(
        "ids of Discord's users, messages and guilds; all 64 bits",
        "discord.com/developers/docs/reference#snowflakes",
        NODE_AND_WINDOW,
    ),
    Entry::positional::<Mastodon>(
        "ids of Mastodon's statuses and accounts; no node id, so one generator in all",
        "github.com/mastodon/mastodon, lib/mastodon/snowflake.rb",
        "one generator at a time, with windows of ticks after each other",
    ),
    Entry::positional::<Leaf>(
        "ids of Meituan's Leaf in snowflake mode",
        "github.com/Meituan-Dianping/Leaf, SnowflakeIDGenImpl.java",
        NODE_AND_WINDOW,
    ),
    Entry::positional::<Baidu>(
        "ids of Baidu's UidGenerator by its default settings, which ended in 2024",
        "github.com/baidu/uid-generator, DefaultUidGenerator.java",
        NODE_AND_WINDOW,
    ),
    Entry::positional::<Js53>(
        "64 nodes, 64 ids a millisecond each, exact as a JavaScript number",
        "idgen; ECMA-262, Number.MAX_SAFE_INTEGER",
        NODE_AND_WINDOW,
    ),
];

#[cfg(feature = "std")]
const NODE_AND_WINDOW: &str = "the node id, and windows of ticks after each other for each node";
