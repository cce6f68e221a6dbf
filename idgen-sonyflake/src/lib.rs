//! Sonyflake ids: a tick of 10 ms, a sequence and a machine id in 63 bits.
//!
//! [`Sonyflake`] is the layout and epoch of version 1, [`SonyflakeV2`] what version 2 of the
//! original does where nothing is set, and [`Settings`] are version 2's bits, tick and start time.
//!
//! ```
//! use idgen_core::generator::{Generator, Shared};
//! use idgen_sonyflake::Sonyflake;
//!
//! let ids = Shared::<Sonyflake>::builder().node(515).shared()?;
//! assert_eq!(ids.generate()?.field("machine"), Some(515));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # What uniqueness rests on
//!
//! Two ids are equal only if machine id and position (tick and sequence) are. One generator issues
//! each position once, and generators that follow each other with one machine id have windows of
//! ticks after each other. A machine id of the low 16 bits of a private address
//! ([`machine_id_from_private_ipv4`]) is as unique as those bits are: not across networks, nor
//! behind address translation, nor in containers that see an address of their own.
//!
//! # Features
//!
//! `std` (default): generators on the operating system's clock, and the catalog entries.
//! `private-ip`: `private_ipv4`, which finds the host's address.

#![cfg_attr(not(any(feature = "std", test)), no_std)]

mod machine;
mod settings;
mod sonyflake;

#[cfg(feature = "private-ip")]
pub use machine::{PrivateIpError, private_ipv4};
pub use machine::{PublicAddressError, machine_id_from_private_ipv4};
pub use settings::{Settings, SettingsError};
pub use sonyflake::{Sonyflake, SonyflakeV2};

#[cfg(feature = "std")]
use idgen_core::catalog::Entry;

/// The schemes of this crate, for the catalog.
#[cfg(feature = "std")]
pub const CATALOG: &[Entry] = &[
    Entry::positional::<Sonyflake>(
        "65,536 machines, 256 ids per 10 ms each, from 2014 to 2188",
        "github.com/sony/sonyflake, sonyflake.go",
        MACHINE_AND_WINDOW,
    ),
    Entry::positional::<SonyflakeV2>(
        "Sonyflake's version 2 by its default settings: the same bits from 2025 on",
        "github.com/sony/sonyflake, v2/sonyflake.go",
        MACHINE_AND_WINDOW,
    ),
];

#[cfg(feature = "std")]
const MACHINE_AND_WINDOW: &str =
    "the machine id, and windows of ticks after each other for each machine";
