//! Distributed unique ids: one feature for each family of schemes, and the one catalog of them.
//!
//! ```
//! # #[cfg(feature = "snowflake")] {
//! use idgen::generator::{Generator, Shared};
//! use idgen::snowflake::Snowflake;
//!
//! let ids = Shared::<Snowflake>::builder().node(7).shared()?;
//! assert!(ids.generate()? < ids.generate()?);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! `snowflake`: the scheme above, and its presets.
//!
//! `sonyflake`: more machines, with fewer ids each.
//! ```
//! # #[cfg(feature = "sonyflake")] {
//! use idgen::generator::{Generator, Shared};
//! use idgen::sonyflake::Sonyflake;
//!
//! let ids = Shared::<Sonyflake>::builder().node(65_535).shared()?;
//! assert_eq!(ids.generate()?.node(), 65_535);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `instagram`: ids that tell the shard of their row.
//! ```
//! # #[cfg(feature = "instagram")] {
//! use idgen::generator::{Generator, Shared};
//! use idgen::instagram::Instagram;
//!
//! let ids = Shared::<Instagram>::builder().node(1_341).shared()?;
//! assert_eq!(ids.generate()?.field("shard"), Some(1_341));
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `uuid`: versions 1 to 8, to and from the `uuid` crate.
//! ```
//! # #[cfg(feature = "uuid")] {
//! use idgen::generator::Generator;
//! use idgen::uuid::UuidV7;
//!
//! let ids = UuidV7::generator()?;
//! assert!(ids.generate()?.to_string() < ids.generate()?.to_string());
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `wide`: 128 bits that are no UUIDs: ULIDs, to and from the `ulid` crate, and nanoseconds.
//! ```
//! # #[cfg(feature = "wide")] {
//! use idgen::generator::Generator;
//! use idgen::wide::Ulid;
//!
//! let ids = Ulid::generator()?;
//! assert!(ids.generate()?.to_string() < ids.generate()?.to_string());
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `lamport`: logical clocks, whose ids are in the order of causes.
//! ```
//! # #[cfg(feature = "lamport")] {
//! use idgen::lamport::{Hlc, LogicalClock};
//!
//! let (here, there) = (Hlc::clock()?, Hlc::clock()?);
//! let sent = here.tick()?;
//! there.observe(sent)?;
//! assert!(there.tick()? > sent);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! All of them are on by default, with these three:
//!
//! - `lease`: node ids and windows that outlive processes, and `leased_in`, a generator of them.
//! - `config`: schemes and settings from TOML.
//! - `sql`: functions that make ids inside a database.
//!
//! The others are for those who need them:
//!
//! `private-ip`: the host's private address, for the machine ids of the original Sonyflake.
//! ```
//! # #[cfg(feature = "private-ip")] {
//! use idgen::sonyflake::{machine_id_from_private_ipv4, private_ipv4};
//!
//! match private_ipv4() {
//!     Ok(address) => println!("machine id {}", machine_id_from_private_ipv4(address)?),
//!     Err(error) => println!("{error}"),
//! }
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `counter`: a clock that reads the processor's time-stamp counter.
//! ```
//! # #[cfg(feature = "counter")] {
//! use idgen::clock::{Clock, CounterClock};
//!
//! let clock = CounterClock::new();
//! assert!(clock.wall().as_millis() > 0);
//! # }
//! ```
//!
//! `serde`: ids as strings in formats for people and as numbers in binary ones; `idgen::serde::number`
//! for numbers in each.
//! ```
//! # #[cfg(feature = "serde")] {
//! # use core::time::Duration;
//! # use idgen::{IdScheme, Timebase, UnixTime, layout::{Field, Kind, Layout}, text::Form};
//! # struct Order;
//! # impl IdScheme for Order {
//! #     type Word = u64;
//! #     const NAME: &'static str = "order";
//! #     const LAYOUT: Layout = Layout::new(64, &[
//! #         Field::new(Kind::Unused, 1), Field::new(Kind::Tick, 41),
//! #         Field::new(Kind::Node, 10), Field::new(Kind::Sequence, 12)]);
//! #     const TIMEBASE: Option<Timebase> =
//! #         Some(Timebase::new(UnixTime::EPOCH, Duration::from_millis(1)));
//! #     const TEXT: Form = Form::Decimal;
//! # }
//! let id: idgen::Id<Order> = serde_json::from_str("\"1541815603606036480\"")?;
//! assert_eq!(serde_json::to_string(&id)?, "\"1541815603606036480\"");
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `schemars`: the JSON schemas of these strings.
//! ```
//! # #[cfg(feature = "schemars")] {
//! # use core::time::Duration;
//! # use idgen::{IdScheme, Timebase, UnixTime, layout::{Field, Kind, Layout}, text::Form};
//! # struct Order;
//! # impl IdScheme for Order {
//! #     type Word = u64;
//! #     const NAME: &'static str = "order";
//! #     const LAYOUT: Layout = Layout::new(64, &[
//! #         Field::new(Kind::Unused, 1), Field::new(Kind::Tick, 41),
//! #         Field::new(Kind::Node, 10), Field::new(Kind::Sequence, 12)]);
//! #     const TIMEBASE: Option<Timebase> =
//! #         Some(Timebase::new(UnixTime::EPOCH, Duration::from_millis(1)));
//! #     const TEXT: Form = Form::Decimal;
//! # }
//! let schema = schemars::SchemaGenerator::default().into_root_schema_for::<idgen::Id<Order>>();
//! assert_eq!(schema.get("type").and_then(|kind| kind.as_str()), Some("string"));
//! # }
//! ```
//!
//! `jiff`: instants to and from `jiff::Timestamp`.
//! ```
//! # #[cfg(feature = "jiff")] {
//! let noon: jiff::Timestamp = "2026-01-01T12:00:00Z".parse()?;
//! assert_eq!(idgen::UnixTime::from(noon).to_string(), "2026-01-01T12:00:00Z");
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `sqlx-postgres`, `sqlx-mysql`, `sqlx-sqlite`, `diesel-postgres`, `diesel-mysql` and `diesel-sqlite`: ids
//! as values of sqlx and diesel. Their examples are in docs/databases.md.
//!
//! Everything of `idgen-core` is here under the same names, and `catalog` lists the schemes whose
//! features are on.

#[cfg(feature = "config")]
pub mod config;
mod schemes;
#[cfg(feature = "sql")]
pub mod sql;
#[cfg(feature = "lease")]
mod state;

pub use idgen_core::*;
pub use schemes::{catalog, find};

#[cfg(feature = "lease")]
pub use state::{STATE_VARIABLE, leased_in, state_folder};

#[cfg(feature = "wide")]
pub use idgen_128 as wide;
#[cfg(feature = "instagram")]
pub use idgen_instagram as instagram;
#[cfg(feature = "lamport")]
pub use idgen_lamport as lamport;
#[cfg(feature = "lease")]
pub use idgen_lease as lease;
#[cfg(feature = "snowflake")]
pub use idgen_snowflake as snowflake;
#[cfg(feature = "sonyflake")]
pub use idgen_sonyflake as sonyflake;
#[cfg(feature = "uuid")]
pub use idgen_uuid as uuid;

/// The example of the page on Lamport's clocks, as a test.
#[cfg(all(doctest, feature = "lamport"))]
#[doc = include_str!("../../docs/schemes/lamport.md")]
pub struct LamportPage;

/// The examples of the README, as tests.
#[cfg(all(doctest, feature = "snowflake"))]
#[doc = include_str!("../../README.md")]
pub struct Readme;
