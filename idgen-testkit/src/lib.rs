//! A conformance suite for id schemes and generators, with scripted time.
//!
//! Any scheme and any generator, also a third party's, is checked in a few lines of a test:
//!
//! ```
//! # use idgen_core::{Id, IdScheme, Timebase, UnixTime, layout::{Field, Kind, Layout}, text::Form};
//! # struct Snowflake;
//! # impl IdScheme for Snowflake {
//! #     type Word = u64;
//! #     const NAME: &'static str = "snowflake";
//! #     const LAYOUT: Layout = Layout::new(64, &[
//! #         Field::new(Kind::Unused, 1), Field::new(Kind::Tick, 41),
//! #         Field::new(Kind::Node, 10), Field::new(Kind::Sequence, 12)]);
//! #     const TIMEBASE: Option<Timebase> =
//! #         Some(Timebase::new(UnixTime::EPOCH, core::time::Duration::from_millis(1)));
//! #     const TEXT: Form = Form::Decimal;
//! # }
//! idgen_testkit::positional::<Snowflake>();
//! ```
//!
//! | to check | call |
//! |---|---|
//! | a scheme of tick, node and sequence, with all that the core makes of it | [`positional`] |
//! | a scheme's layout, bounds, text forms and times | [`scheme`] |
//! | a generator under scripted clocks, restarts and threads | [`generator`] |
//! | lanes, which have one owner | [`lane`] |
//! | a generator without its type | [`erased`] |
//! | a generator that rests on random bits | [`drawn`] |
//! | ids of a simulation of your own | [`Oracle`] |
//! | what a child of a real fork makes (feature `fork`) | `in_child` |
//!
//! A violation panics with the values and the schedule up to there; [`replay`] plays a seed again.
//! For the tests of an application, [`create_test_generator`] makes the same ids each time.

mod conformance;
mod drawn;
mod expectation;
#[cfg(all(unix, feature = "fork"))]
mod fork;
mod grid;
mod oracle;
mod play;
mod promise;
mod random;
mod scenarios;
mod schedule;
mod scheme;
mod suite;
mod test_generator;
mod threads;
mod ticks;
mod vectors;
mod violation;
mod worker;

pub use conformance::{erased, generator, lane, positional, replay};
pub use drawn::drawn;
#[cfg(all(unix, feature = "fork"))]
pub use fork::in_child;
pub use oracle::Oracle;
pub use promise::{Order, Promise, Setup};
pub use random::SplitMix64;
pub use schedule::{Call, Event, Schedule};
pub use scheme::scheme;
pub use suite::Suite;
pub use test_generator::{TestGenerator, create_test_generator};
pub use ticks::{ScriptedTicks, Wait};
pub use vectors::VECTORS;
pub use violation::Violation;
