//! What is measured: single ids, batches, threads, and text forms.

use std::fmt::Display;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use idgen::catalog::{Entry, Settings};
use idgen::clock::{Clock, SystemClock};
use idgen::generator::{ErasedGenerator, Start};
use idgen::random::{RandomSource, ScriptedRandom};
use idgen::text::Form;
use idgen::{Scheme, Window, Word};
use idgen_bench::{Contender, Figures, Plan, compare, look, median, on_threads, timed, verify};
use indicatif::ProgressBar;

use crate::exit::Failure;

/// Ids in a batch.
const BATCH: usize = 256;

/// Ids that are looked at, fewer where the scheme has not so many.
const CHECKED: u64 = 100_000;

/// Numbers of threads that make ids at once.
pub(super) const THREADS: [u32; 4] = [1, 2, 4, 8];

/// Words whose texts are written and read in turn.
const WORDS: usize = 1_024;

/// What a scheme costs.
pub(super) struct OfScheme {
    pub(super) scheme: Scheme,
    pub(super) about: &'static str,
    /// Whether it rests on a node id; random bits keep ids apart otherwise.
    pub(super) needs_node: bool,
    /// Nanoseconds for one id, while the layout has ids left.
    pub(super) one: f64,
    /// Nanoseconds for an id of a batch, while the layout has ids left.
    pub(super) bulk: f64,
    /// Ids a second on so many threads, for as long as one likes.
    pub(super) sustained: [f64; THREADS.len()],
    /// Ids that were checked to be distinct and of the present.
    pub(super) checked: usize,
}

/// Nanoseconds that a form costs, for words of 64 and 128 bits.
pub(super) struct OfForm {
    pub(super) form: Form,
    pub(super) write: [f64; 2],
    pub(super) read: [f64; 2],
}

fn plan(quick: bool) -> Plan {
    let rounds = if quick { 9 } else { 41 };
    Plan { rounds, slice: Duration::from_millis(if quick { 1 } else { 3 }) }
}

/// How long each number of threads makes ids.
fn long(quick: bool) -> Duration {
    Duration::from_millis(if quick { 20 } else { 120 })
}

/// Turns of all that is measured, for a progress bar.
pub(super) fn turns(schemes: usize, quick: bool) -> u64 {
    let (rounds, schemes) = (u64::from(plan(quick).rounds), schemes as u64);
    (schemes + 1) * 2 * rounds
        + schemes * (1 + THREADS.len() as u64)
        + rounds * 4 * Form::ALL.len() as u64
}

/// What the schemes cost, and what they are held beside.
pub(super) struct Schemes {
    pub(super) schemes: Vec<OfScheme>,
    /// Why some make no ids today.
    pub(super) left_out: Vec<String>,
    pub(super) limits: Limits,
}

/// What the processor can do at all, in turns with the schemes.
pub(super) struct Limits {
    /// Nanoseconds for an atomic addition, which single ids of a generator that threads share take at least.
    pub(super) addition: f64,
    /// Nanoseconds to fill the memory of an id of a batch with one value.
    pub(super) memset: f64,
}

/// A scheme with its generator.
struct Maker {
    entry: &'static Entry,
    ids: Box<dyn ErasedGenerator>,
    checked: usize,
}

/// Measures the schemes, all of them in every round. Those that make no ids today are left out, where nobody has
/// `named` them.
pub(super) fn schemes(
    entries: &[&'static Entry],
    named: bool,
    quick: bool,
    progress: &ProgressBar,
) -> Result<Schemes, Failure> {
    let (mut makers, mut left_out) = (Vec::new(), Vec::new());
    for entry in entries {
        progress.set_message(format!("{}: checking its ids", entry.scheme.name));
        progress.inc(1);
        match generator(entry) {
            Ok(ids) => {
                let checked = check(&entry.scheme, &*ids)?;
                makers.push(Maker { entry, ids, checked });
            }
            Err(Failure::Data(why)) if !named => left_out.push(why),
            Err(failure) => return Err(failure),
        }
    }
    let wrong = Wrong::default();
    progress.set_message("single ids");
    let (one, addition) = in_rounds(&makers, quick, progress, addition(), |maker| {
        let (ids, wrong) = (&maker.ids, &wrong);
        let make = move |calls| timed(|| (0..calls).for_each(|_| wrong.look(&ids.generate_word())));
        Contender::timing(maker.name(), 1, make).at_most(burst(maker.entry))
    });
    progress.set_message("batches");
    let (bulk, memset) = in_rounds(&makers, quick, progress, memset(), |maker| {
        let burst = burst(maker.entry);
        let batch = usize::try_from(burst).map_or(BATCH, |burst| burst.min(BATCH));
        let (ids, wrong, mut words) = (&maker.ids, &wrong, vec![0; batch]);
        let fill = move |calls| {
            timed(|| (0..calls).for_each(|_| wrong.look(&ids.fill_words(black_box(&mut words)))))
        };
        Contender::timing(maker.name(), batch as u64, fill).at_most(burst / batch as u64)
    });
    let mut schemes = Vec::new();
    for ((maker, one), bulk) in makers.iter().zip(one).zip(bulk) {
        let sustained = THREADS.map(|threads| {
            progress.set_message(format!("{} on {threads} threads", maker.name()));
            progress.inc(1);
            sustained(&*maker.ids, &wrong, threads, long(quick))
        });
        let Maker { entry, checked, .. } = *maker;
        schemes.push(OfScheme {
            scheme: entry.scheme,
            about: entry.about,
            needs_node: entry.needs_node(),
            one,
            bulk,
            sustained,
            checked,
        });
    }
    match wrong.0.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(Failure::Data(format!("while it was measured: {error}"))),
        None => Ok(Schemes { schemes, left_out, limits: Limits { addition, memset } }),
    }
}

impl Maker {
    fn name(&self) -> String {
        self.entry.scheme.name.to_string()
    }
}

/// What went wrong first: no figure stands for ids that there were not.
#[derive(Default)]
struct Wrong(Mutex<Option<String>>);

impl Wrong {
    #[inline]
    fn look<R, E: Display>(&self, made: &Result<R, E>) {
        look(made);
        if let Err(error) = made {
            self.note(error);
        }
    }

    #[cold]
    fn note(&self, error: &dyn Display) {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| error.to_string());
    }
}

/// Nanoseconds of each maker's contender and of the limit, which have their turns beside each other.
///
/// A round lasts a tick of the slowest at least, which brings back what a turn takes of it.
fn in_rounds<'m>(
    makers: &'m [Maker],
    quick: bool,
    progress: &ProgressBar,
    limit: Contender<'m>,
    contender: impl FnMut(&'m Maker) -> Contender<'m>,
) -> (Vec<f64>, f64) {
    let mut contenders: Vec<_> = makers.iter().map(contender).chain([limit]).collect();
    let bounded = makers.iter().filter(|maker| burst(maker.entry) < u64::MAX);
    let ticks = bounded.filter_map(|maker| maker.entry.scheme.timebase);
    let tick =
        ticks.map(|base| base.tick_nanos()).max().map_or(Duration::ZERO, Duration::from_nanos);
    // What the check before took of the future.
    SystemClock.wait(tick * 20);
    let (mut turn, mut began, turns) = (0, SystemClock.monotonic(), contenders.len());
    let figures = compare(&mut contenders, &plan(quick), || {
        progress.inc(1);
        turn += 1;
        if turn % turns == 0 {
            SystemClock.wait(tick.saturating_sub(SystemClock.monotonic().saturating_sub(began)));
            began = SystemClock.monotonic();
        }
    });
    let mut nanos: Vec<_> = figures.iter().map(Figures::nanos).collect();
    let limit = nanos.pop().unwrap_or(0.0);
    (nanos, limit)
}

fn addition() -> Contender<'static> {
    let counter = AtomicU64::new(0);
    Contender::calling("atomic addition", move || counter.fetch_add(1, Ordering::Relaxed))
}

fn memset() -> Contender<'static> {
    let (mut bytes, mut value) = (vec![0_u8; BATCH * 16], 0_u8);
    Contender::timing("memset", BATCH as u64, move |calls| {
        timed(|| {
            for _ in 0..calls {
                value ^= 1;
                black_box(&mut bytes).fill(value);
            }
        })
    })
}

fn generator(entry: &Entry) -> Result<Box<dyn ErasedGenerator>, Failure> {
    let name = entry.scheme.name;
    let numbered = entry.needs_node() && entry.scheme.layout.node_bits() > 0;
    let mut settings = if numbered { Settings::with_node(0) } else { Settings::default() };
    if numbered && entry.scheme.timebase.is_none() {
        // Counters of no clock are not held to one, as they would be without a window.
        settings.start = Start::Granted(Window::from_start(0));
    }
    let made = entry.generator(&settings).ok_or_else(|| {
        Failure::Usage(format!("{name} ids are made of names: there is no rate to measure"))
    })?;
    made.map_err(|error| Failure::Data(format!("{name}: {error}")))
}

/// Ids that can be had at once without a wait: half of what a tick has, which a pause between the
/// turns brings back.
fn burst(entry: &Entry) -> u64 {
    let a_tick = entry.scheme.capacity().ids_per_tick;
    if entry.needs_node() && entry.scheme.timebase.is_some() {
        u64::try_from(a_tick / 2).unwrap_or(u64::MAX).max(1)
    } else {
        u64::MAX
    }
}

/// Makes ids, and checks that they are distinct and of the present.
fn check(scheme: &Scheme, ids: &dyn ErasedGenerator) -> Result<usize, Failure> {
    let rate = scheme.capacity().ids_per_second.filter(|_| scheme.layout.payload_bits() == 0);
    let a_moment = rate.map_or(CHECKED, |rate| u64::try_from(rate / 8).unwrap_or(CHECKED));
    let count = usize::try_from(a_moment.clamp(1, CHECKED)).unwrap_or(1);
    let mut words = vec![0; count];
    let wrong = |fault: String| Failure::Data(format!("{}: {fault}", scheme.name));
    ids.fill_words(&mut words).map_err(|failed| wrong(failed.error.to_string()))?;
    let last = words[count - 1];
    if let Some(time) = scheme.time(last) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(0);
        verify::present(millis).map_err(|fault| wrong(fault.to_string()))?;
    }
    verify::distinct(&mut words).map_err(|fault| wrong(fault.to_string()))?;
    Ok(count)
}

/// Ids a second of threads that make them for this long: the median of three times.
fn sustained(ids: &dyn ErasedGenerator, wrong: &Wrong, threads: u32, long: Duration) -> f64 {
    let rate = |calls| {
        let took = on_threads(threads, calls, &|| wrong.look(&ids.generate_word()));
        (took, Figures::rate_of(calls, took))
    };
    // As many as short runs say that the time is enough for.
    let mut calls = 1_000;
    let first = loop {
        let (took, rate) = rate(calls);
        if took >= long / 2 || calls >= 1 << 32 {
            break rate;
        }
        let scale = long.as_secs_f64() / took.as_secs_f64().max(1e-6);
        calls = if scale < 8.0 { calls.saturating_mul(2) } else { calls.saturating_mul(8) };
    };
    median(vec![first, rate(calls).1, rate(calls).1])
}

/// Measures the text forms.
pub(super) fn forms(quick: bool, progress: &ProgressBar) -> Vec<OfForm> {
    progress.set_message("text forms");
    let random = ScriptedRandom::new(7);
    let wide: Vec<u128> = (0..WORDS).map(|_| random.word()).collect();
    let narrow: Vec<u64> = wide.iter().map(|word| u64::try_from(word >> 64).unwrap_or(0)).collect();
    let mut contenders = Vec::new();
    for form in Form::ALL {
        contenders.extend(of_form(form, &narrow));
        contenders.extend(of_form(form, &wide));
    }
    let figures = compare(&mut contenders, &plan(quick), || progress.inc(1));
    let nanos: Vec<_> = figures.iter().map(Figures::nanos).collect();
    let (each, _) = nanos.as_chunks::<4>();
    let of = |(form, [write, read, wide_write, wide_read]): (Form, &[f64; 4])| OfForm {
        form,
        write: [*write, *wide_write],
        read: [*read, *wide_read],
    };
    Form::ALL.into_iter().zip(each).map(of).collect()
}

/// A form's writing and reading of words.
fn of_form<W: Word>(form: Form, words: &[W]) -> [Contender<'static>; 2] {
    let texts: Vec<_> = words.iter().map(|&word| form.encode(word)).collect();
    let words = words.to_vec();
    let write = move |calls| {
        timed(|| {
            for _ in 0..calls {
                words.iter().for_each(|&word| look(&form.encode(black_box(word))));
            }
        })
    };
    let read = move |calls| {
        timed(|| {
            for _ in 0..calls {
                texts.iter().for_each(|text| look(&form.decode::<W>(black_box(text))));
            }
        })
    };
    let name = |what| format!("{form} {what}");
    [
        Contender::timing(name("write"), WORDS as u64, write),
        Contender::timing(name("read"), WORDS as u64, read),
    ]
}
