//! Any text is a layout or an error; a layout is read back from its own text, and takes words
//! apart and together again.
#![no_main]

use idgen_core::layout::Layout;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(layout) = text.parse::<Layout>() else { return };
    assert_eq!(layout.to_string().parse(), Ok(layout));
    let parts = layout.unpack(u128::MAX);
    let word = layout.pack(parts).expect("parts of a word fit");
    assert_eq!(layout.unpack(word), parts);
    assert_eq!(layout.check(word), Ok(()));
});
