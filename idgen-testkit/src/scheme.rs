//! What must hold of a scheme's constants: layout, bounds, text and time.

use idgen_core::layout::{Kind, Parts};
use idgen_core::text::Form;
use idgen_core::{Id, IdScheme, Scheme, Word};

use crate::SplitMix64;

/// Random numbers tried, beside the edges.
const SAMPLES: usize = 1_000;

/// Checks the constants of a scheme: what is packed is unpacked, what does not fit is refused and
/// never masked, every text form is read back and sorts where it says so, and ticks and times
/// agree.
///
/// # Panics
/// If one of these does not hold, naming the values.
///
/// # Example
/// See the [crate's page](crate).
pub fn scheme<S: IdScheme>() {
    let scheme = Scheme::of::<S>();
    let samples = samples(&scheme);
    for &parts in &samples {
        check_round_trip::<S>(&scheme, parts);
    }
    check_bounds(&scheme);
    check_constants::<S>(&scheme);
    check_texts::<S>(&scheme, &samples);
    check_times(&scheme, &samples);
    check_capacity(&scheme);
}

/// The greatest number of `bits` bits.
fn max(bits: u32) -> u128 {
    if bits >= 128 { u128::MAX } else { (1 << bits) - 1 }
}

fn narrow(value: u128) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

/// The greatest tick, node, sequence and payload of a layout.
fn greatest(scheme: &Scheme) -> Parts {
    let layout = &scheme.layout;
    Parts {
        tick: narrow(max(layout.tick_bits())),
        node: narrow(max(layout.node_bits())),
        sequence: narrow(max(layout.sequence_bits())),
        payload: max(layout.payload_bits()),
    }
}

/// Edges of every number, alone and together, and random ones.
fn samples(scheme: &Scheme) -> Vec<Parts> {
    let most = greatest(scheme);
    let none = Parts::default();
    let mut samples = vec![
        none,
        most,
        Parts { tick: most.tick, ..none },
        Parts { node: most.node, ..none },
        Parts { sequence: most.sequence, ..none },
        Parts { payload: most.payload, ..none },
    ];
    let mut random = SplitMix64::new(0x5eed);
    samples.extend((0..SAMPLES).map(|_| Parts {
        tick: narrow(random.up_to(most.tick.into())),
        node: narrow(random.up_to(most.node.into())),
        sequence: narrow(random.up_to(most.sequence.into())),
        payload: random.up_to(most.payload),
    }));
    samples
}

fn check_round_trip<S: IdScheme>(scheme: &Scheme, parts: Parts) {
    let name = scheme.name;
    let word = match scheme.pack(parts) {
        Ok(word) => word,
        Err(error) => panic!("{name}: {parts:?} is in range, and refused: {error}"),
    };
    assert_eq!(scheme.layout.unpack(word), parts, "{name}: unpacking {word:#x}");
    let values: Vec<u64> = scheme.fields(word).map(|(_, value)| value).collect();
    assert_eq!(scheme.layout.assemble(&values), Ok(word), "{name}: its fields put together");
    let id = Id::<S>::from_parts(parts);
    assert_eq!(id.map(|id| id.word().into()), Ok(word), "{name}: the id of {parts:?}");
    assert_eq!(id.map(Id::parts), Ok(parts), "{name}: the parts of {word:#x}");
}

/// One past the greatest of each number is an error that names it.
fn check_bounds(scheme: &Scheme) {
    let most = greatest(scheme);
    let over = [
        most.tick.checked_add(1).map(|tick| (Parts { tick, ..Parts::default() }, tick.into())),
        most.node.checked_add(1).map(|node| (Parts { node, ..Parts::default() }, node.into())),
        most.sequence
            .checked_add(1)
            .map(|sequence| (Parts { sequence, ..Parts::default() }, sequence.into())),
        most.payload.checked_add(1).map(|payload| (Parts { payload, ..Parts::default() }, payload)),
    ];
    for (parts, value) in over.into_iter().flatten() {
        match scheme.pack(parts) {
            Ok(word) => panic!("{}: {parts:?} is out of range, and made {word:#x}", scheme.name),
            Err(error) => assert_eq!(error.value(), value, "{}: {error}", scheme.name),
        }
    }
}

/// Unused bits and constants are what they must be, bit by bit.
fn check_constants<S: IdScheme>(scheme: &Scheme) {
    let Ok(word) = scheme.pack(Parts::default()) else { return };
    for field in scheme.layout.fields() {
        if !matches!(field.kind(), Kind::Unused | Kind::Version(_)) {
            continue;
        }
        for bit in 0..field.bits() {
            let wrong = word ^ 1 << (field.offset() + bit);
            let refused = S::Word::from_u128(wrong).is_none_or(|w| Id::<S>::from_word(w).is_err());
            assert!(refused, "{}: {wrong:#x} with a wrong '{field}' is an id", scheme.name);
        }
    }
}

fn check_texts<S: IdScheme>(scheme: &Scheme, samples: &[Parts]) {
    let mut ids: Vec<Id<S>> = samples.iter().filter_map(|&p| Id::from_parts(p).ok()).collect();
    ids.sort_unstable();
    ids.dedup();
    for form in Form::ALL {
        let mut last: Option<String> = None;
        for &id in &ids {
            let text = id.text(form).to_string();
            assert_eq!(Id::parse_as(&text, form), Ok(id), "{}: {form} {text}", scheme.name);
            assert_eq!(scheme.format_as(id.word().into(), form), *text, "{}", scheme.name);
            if form.sorts() {
                assert!(last < Some(text.clone()), "{}: {last:?}, then {text}", scheme.name);
            }
            last = Some(text);
        }
    }
    for id in ids {
        assert_eq!(id.to_string().parse(), Ok(id), "{}: its own form", scheme.name);
    }
}

/// Ticks and times agree, and where the layout says so later ticks are greater words.
fn check_times(scheme: &Scheme, samples: &[Parts]) {
    if let Some(base) = &scheme.timebase {
        for parts in samples {
            let time = base.time_of(parts.tick);
            assert_eq!(base.tick_at(time), Ok(parts.tick), "{}: {time}", scheme.name);
        }
    }
    if scheme.layout.is_time_ordered() {
        for pair in samples.windows(2).filter(|pair| pair[0].tick < pair[1].tick) {
            let (sooner, later) = (scheme.pack(pair[0]), scheme.pack(pair[1]));
            let greater = sooner.ok() < later.ok();
            assert!(greater, "{}: {:?} is not less than {:?}", scheme.name, pair[0], pair[1]);
        }
    }
}

fn check_capacity(scheme: &Scheme) {
    let (capacity, most, name) = (scheme.capacity(), greatest(scheme), scheme.name);
    assert_eq!(capacity.nodes, u128::from(most.node) + 1, "{name}: nodes");
    assert_eq!(capacity.ids_per_tick, u128::from(most.sequence) + 1, "{name}: ids a tick");
    if let (Some(base), true) = (&scheme.timebase, scheme.layout.tick_bits() > 0) {
        assert_eq!(capacity.first, Some(base.epoch()), "{name}: first instant");
        assert_eq!(capacity.last, Some(base.time_of(most.tick)), "{name}: last instant");
    }
    if let Ok(greatest) = scheme.pack(most) {
        assert_eq!(capacity.fits_i64, i64::try_from(greatest).is_ok(), "{name}: BIGINT");
        assert_eq!(capacity.fits_javascript, greatest < 1 << 53, "{name}: JavaScript");
    }
}
