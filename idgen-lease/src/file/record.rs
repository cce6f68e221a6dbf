//! The record of a node id, as it stands in its file: a line of JSON, and its checksum.

use core::time::Duration;

use idgen_core::UnixTime;
use serde::{Deserialize, Serialize};

use crate::{Block, Realm};

/// Version of the format.
const FORMAT: u32 = 1;

/// What ids of a namespace are made of, as text: only compared, and shown to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Charter {
    pub(super) namespace: String,
    pub(super) scheme: String,
    pub(super) layout: String,
    pub(super) epoch: Option<String>,
    pub(super) tick: Option<String>,
}

impl Charter {
    pub(super) fn of(realm: &Realm) -> Self {
        let scheme = realm.scheme();
        Self {
            namespace: realm.namespace().to_string(),
            scheme: scheme.name.to_string(),
            layout: scheme.layout.to_string(),
            epoch: scheme.timebase.map(|base| base.epoch().to_string()),
            tick: scheme.timebase.map(|base| format!("{:?}", base.tick())),
        }
    }

    pub(super) fn describe(&self) -> String {
        let Self { scheme, layout, epoch, tick, .. } = self;
        match (epoch, tick) {
            (Some(epoch), Some(tick)) => {
                format!("{scheme} ids of {layout} in ticks of {tick} since {epoch}")
            }
            _ => format!("{scheme} ids of {layout}"),
        }
    }
}

/// The record of a namespace: that it exists, since when, and how far ahead of the clock its windows reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Founding {
    format: u32,
    #[serde(flatten)]
    pub(super) charter: Charter,
    /// Unix time in milliseconds at which the folder was made, by the clock of who made it; and the nanoseconds after
    /// that, for ticks that are shorter.
    founded_unix_ms: i64,
    #[serde(default)]
    founded_nanos: u32,
    /// The longest window that anybody on the folder was ever allowed, in nanoseconds; 0 in records that do not say.
    #[serde(default)]
    longest_window_ns: u64,
}

impl Founding {
    pub(super) fn new(charter: Charter, now: UnixTime, longest: Duration) -> Self {
        let founded_unix_ms = millis(now);
        let rest = now.as_nanos() - UnixTime::from_millis(founded_unix_ms).as_nanos();
        let founded_nanos = u32::try_from(rest.clamp(0, 999_999)).unwrap_or(0);
        let format = FORMAT;
        let made = Self { format, charter, founded_unix_ms, founded_nanos, longest_window_ns: 0 };
        made.reaching(longest)
    }

    /// The same with windows that are at least so long.
    pub(super) fn reaching(mut self, longest: Duration) -> Self {
        let longest = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
        self.longest_window_ns = self.longest_window_ns.max(longest);
        self
    }

    pub(super) fn longest(&self) -> Duration {
        Duration::from_nanos(self.longest_window_ns)
    }

    pub(super) fn founded(&self) -> UnixTime {
        let millis = UnixTime::from_millis(self.founded_unix_ms).as_nanos();
        UnixTime::from_nanos(millis + i128::from(self.founded_nanos))
    }
}

/// The record of a block of node ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    format: u32,
    #[serde(flatten)]
    pub(super) charter: Charter,
    /// First node id of the block.
    pub(super) node: u64,
    /// Size of the block, as a power of two.
    pub(super) block_bits: u32,
    /// How often it was taken.
    pub(super) term: u64,
    /// End of the last window granted: the tick where the next begins at the earliest.
    pub(super) mark: u64,
    /// When this was written, in milliseconds of Unix time.
    written_unix_ms: i64,
    /// Tells this writing from every other, also of a clone of whoever wrote it.
    #[serde(default)]
    pub(super) stamp: u64,
}

impl Record {
    pub(super) fn new(
        charter: Charter,
        block: Block,
        term: u64,
        mark: u64,
        now: UnixTime,
        stamp: u64,
    ) -> Self {
        Self {
            format: FORMAT,
            charter,
            node: block.first(),
            block_bits: block.bits(),
            term,
            mark,
            written_unix_ms: millis(now),
            stamp,
        }
    }

    pub(super) fn written(&self) -> UnixTime {
        UnixTime::from_millis(self.written_unix_ms)
    }
}

/// A value as a file holds it.
pub(super) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    // Structs of numbers and strings have no value that JSON could not say.
    let mut bytes = serde_json::to_vec(value).unwrap_or_default();
    let checksum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(format!("\ncrc32 {checksum:08x}\n").as_bytes());
    bytes
}

/// The value that a file holds, or what is wrong with it.
pub(super) fn decode<T: for<'a> Deserialize<'a>>(bytes: &[u8]) -> Result<T, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is no text".to_owned())?;
    let (json, rest) = text.split_once('\n').ok_or("it has no second line")?;
    let stated = rest.strip_prefix("crc32 ").and_then(|rest| rest.strip_suffix('\n'));
    let stated = stated.ok_or("its second line is no checksum")?;
    let found = format!("{:08x}", crc32fast::hash(json.as_bytes()));
    if stated != found {
        return Err(format!("its checksum is {found}, and should be {stated}"));
    }
    let format: Format = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if format.format != FORMAT {
        return Err(format!("it has format {}, and this program reads {FORMAT}", format.format));
    }
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// Milliseconds, or the nearest that 64 bits can say.
fn millis(time: UnixTime) -> i64 {
    let millis = time.as_millis();
    i64::try_from(millis).unwrap_or(if millis < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use idgen_core::Scheme;
    use idgen_snowflake::Snowflake;
    use proptest::prelude::*;

    use super::*;

    fn record() -> Record {
        let realm = Realm::of(Scheme::of::<Snowflake>());
        let block = realm.block(7, 0).unwrap();
        Record::new(Charter::of(&realm), block, 3, 99, UnixTime::from_millis(5), 17)
    }

    #[test]
    fn a_record_is_a_line_that_people_can_read() {
        let text = String::from_utf8(encode(&record())).unwrap();
        assert_eq!(
            text,
            "{\"format\":1,\"namespace\":\"snowflake\",\"scheme\":\"snowflake\",\
             \"layout\":\"unused=1:tick=41:datacenter(node)=5:worker(node)=5:sequence=12\",\
             \"epoch\":\"2020-01-01T00:00:00Z\",\"tick\":\"1ms\",\"node\":7,\"block_bits\":0,\
             \"term\":3,\"mark\":99,\"written_unix_ms\":5,\"stamp\":17}\ncrc32 "
                .to_owned()
                + &text[text.len() - 9..]
        );
    }

    #[test]
    fn another_format_is_refused() {
        let bytes = encode(&Record { format: 2, ..record() });
        assert!(decode::<Record>(&bytes).unwrap_err().contains("format 2"));
    }

    proptest! {
        /// No damage of a few bytes, and no cut, is read as another record.
        #[test]
        fn prop_damage_is_noticed(at in any::<prop::sample::Index>(), bits in 1..=255_u8, cut: bool) {
            let whole = encode(&record());
            let mut bytes = whole.clone();
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at) } else { bytes[at] ^= bits }
            prop_assert!(decode::<Record>(&bytes).is_err());
            prop_assert_eq!(decode::<Record>(&whole), Ok(record()));
        }

        #[test]
        fn prop_any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode::<Record>(&bytes);
            let _ = decode::<Founding>(&bytes);
        }
    }
}
