//! Measures things side by side on a machine that is never quiet.
//!
//! Contenders run in turn, a slice of a few milliseconds each, round after round: what disturbs
//! the machine disturbs neighbours alike, so that the *ratio* of two in one round says more than
//! either's nanoseconds. A figure is the median over rounds.
//!
//! ```
//! use idgen_bench::{Contender, Plan, compare};
//!
//! let (mut some, mut same) = (0_u64, 0_u64);
//! let mut contenders = [
//!     Contender::calling("one", move || { some += 1; some }),
//!     Contender::calling("another", move || { same += 1; same }),
//! ];
//! let figures = compare(&mut contenders, &Plan::QUICK, || ());
//! assert!(figures[0].nanos() > 0.0 && figures[0].ratio_to(&figures[1]) > 0.0);
//! ```
//!
//! What was measured is worth nothing unless it is checked: [`verify`] holds the checks that the
//! ids are distinct and of the present.

mod figures;
mod machine;
mod rounds;
pub mod verify;

pub use figures::{Figures, digits, median};
pub use machine::Machine;
pub use rounds::{
    Contender, Plan, Start, clock_cost, compare, look, on_threads, on_threads_with, timed,
};
