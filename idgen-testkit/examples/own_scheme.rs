//! A scheme of one's own, without a macro, and every generator of it through the suite.
//!
//! `cargo run -p idgen-testkit --example own_scheme`

use std::time::Duration;

use idgen_core::generator::{Generator, Shared};
use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{Id, IdScheme, Timebase, UnixTime};
use idgen_testkit::positional;

/// Receipts of a chain of shops: 10 ms ticks since 2024, 256 shops with 16 tills each, 32 receipts a
/// tick.
struct Receipt;

impl IdScheme for Receipt {
    type Word = u64;
    const NAME: &'static str = "receipt";
    const LAYOUT: Layout = Layout::new(
        64,
        &[
            Field::new(Kind::Unused, 7),
            Field::new(Kind::Tick, 40),
            Field::new(Kind::Node, 8).named("shop"),
            Field::new(Kind::Node, 4).named("till"),
            Field::new(Kind::Sequence, 5),
        ],
    );
    const TIMEBASE: Option<Timebase> = Some(Timebase::new(
        UnixTime::from_millis(1_704_067_200_000), // 2024-01-01T00:00:00Z
        Duration::from_millis(10),
    ));
    const TEXT: Form = Form::Base32;
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    positional::<Receipt>();

    let ids = Shared::<Receipt>::builder().node(12 << 4 | 3).shared()?;
    let id: Id<Receipt> = ids.generate()?;
    println!("{}", id.inspect());
    assert_eq!((id.field("shop"), id.field("till")), (Some(12), Some(3)));
    Ok(())
}

#[test]
fn a_scheme_of_ones_own_conforms() -> Result<(), Box<dyn std::error::Error>> {
    main()
}
