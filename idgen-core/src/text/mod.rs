//! Text forms: how an id's word is written and read.
//!
//! ```
//! use idgen_core::text::Form;
//!
//! let text = Form::Base32.encode(1_541_815_603_606_036_480_u64);
//! assert_eq!(text, "1ASD13XH1F800");
//! assert_eq!(Form::Base32.decode::<u64>(&text), Ok(1_541_815_603_606_036_480));
//! ```
//!
//! A [`Form`] is an alphabet and a rule of width. [`Form::encode`] writes a word into a
//! [`TextBuf`] on the stack; [`Form::decode`] reads it back, or says with a [`ParseError`]
//! which character is at fault.
//!
//! | form | alphabet | 64 bits | 128 bits | sorts |
//! |---|---|---|---|---|
//! | [`Decimal`](Form::Decimal) | 0-9 | 1 to 20 characters | 1 to 39 | no |
//! | [`Hex`](Form::Hex) | 0-9, a-f | 16 | 32 | yes |
//! | [`Base32`](Form::Base32) | 0-9, A-Z but I, L, O, U | 13 | 26 | yes |
//! | [`Base58`](Form::Base58) | letters and digits but 0, I, O, l | 11 | 22 | yes |
//! | [`Base62`](Form::Base62) | 0-9, A-Z, a-z | 11 | 22 | yes |
//! | [`Uuid`](Form::Uuid) | 0-9, a-f, hyphens | 36 | 36 | yes |
//!
//! Architecture invariant: a word has exactly one text in a form, but for letter case in
//! hex and base 32 and for Crockford's aliases of 1 and 0. Reading is strict: no sign, no
//! white space, no separator but a UUID's, no other width; a text of more bits than the word is refused,
//! never cut off. No text, of whatever length, makes it panic.
//!
//! Architecture invariant: nothing here allocates, and nothing here knows what the bits of
//! a word mean.
//!
//! # Source
//! Hex: RFC 9562, section 4, for the lower case. Base 32: Douglas Crockford, ["Base 32"], and
//! the [ULID specification], for the width and the overflow. Base 58: Bitcoin Core,
//! `src/base58.cpp`. Base 62: [KSUID], `base62.go`.
//!
//! ["Base 32"]: https://www.crockford.com/base32.html
//! [ULID specification]: https://github.com/ulid/spec
//! [KSUID]: https://github.com/segmentio/ksuid
//!
//! # Code map
//! Four forms of fixed width are one algorithm (`radix.rs`) over four alphabets, and the text of
//! a UUID is hex with hyphens. The
//! path that reads a good text only finds out *that* a text is bad; *what* is wrong with it
//! is looked for afterwards, off the hot path (`diagnosis.rs`).

mod base32;
mod base58;
mod base62;
mod buffer;
mod decimal;
mod diagnosis;
mod error;
mod form;
mod hex;
mod radix;
mod uuid;

pub use buffer::TextBuf;
pub use error::{ParseError, UnknownForm};
pub use form::Form;

#[cfg(test)]
mod properties;
