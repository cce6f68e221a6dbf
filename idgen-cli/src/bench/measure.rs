//! What is measured: single ids, batches, threads, and text forms.

use std::hint::black_box;
use std::time::Duration;

use idgen::catalog::{Entry, Settings};
use idgen::generator::{ErasedGenerator, Start};
use idgen::random::{RandomSource, ScriptedRandom};
use idgen::text::Form;
use idgen::{Scheme, Window, Word};
use idgen_bench::{Contender, Figures, Plan, compare, on_threads, timed, verify};
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
    Duration::from_millis(if quick { 40 } else { 250 })
}

/// Turns of all that is measured, for a progress bar.
pub(super) fn turns(schemes: usize, quick: bool) -> u64 {
    let (rounds, schemes) = (u64::from(plan(quick).rounds), schemes as u64);
    schemes * (2 * rounds + 1 + THREADS.len() as u64) + rounds * 4 * Form::ALL.len() as u64
}

/// Measures the schemes, all of them in every round; and says why some make no ids today, where
/// nobody has `named` them.
pub(super) fn schemes(
    entries: &[&'static Entry],
    named: bool,
    quick: bool,
    progress: &ProgressBar,
) -> Result<(Vec<OfScheme>, Vec<String>), Failure> {
    let (mut taken, mut generators, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for entry in entries {
        progress.set_message(format!("{}: checking its ids", entry.scheme.name));
        progress.inc(1);
        match generator(entry) {
            Ok(ids) => {
                let checked = check(&entry.scheme, &*ids)?;
                generators.push((ids, checked));
                taken.push(*entry);
            }
            Err(Failure::Data(why)) if !named => left_out.push(why),
            Err(failure) => return Err(failure),
        }
    }
    let entries = &taken[..];
    let name = |entry: &&&Entry| entry.scheme.name.to_string();
    progress.set_message("single ids");
    let mut contenders: Vec<_> = entries
        .iter()
        .zip(&generators)
        .map(|(entry, (ids, _))| Contender::calling(name(&entry), || ids.generate_word()))
        .zip(entries)
        .map(|(contender, entry)| contender.at_most(burst(entry)))
        .collect();
    let one = compare(&mut contenders, &plan(quick), || progress.inc(1));
    progress.set_message("batches");
    let mut contenders: Vec<_> = entries
        .iter()
        .zip(&generators)
        .map(|(entry, (ids, _))| {
            let batch = usize::try_from(burst(entry)).map_or(BATCH, |burst| burst.min(BATCH));
            let mut words = vec![0; batch];
            let fill = move |calls| {
                timed(|| (0..calls).for_each(|_| _ = black_box(ids.fill_words(&mut words))))
            };
            Contender::timing(name(&entry), batch as u64, fill).at_most(burst(entry) / batch as u64)
        })
        .collect();
    let bulk = compare(&mut contenders, &plan(quick), || progress.inc(1));
    drop(contenders);
    let mut measured = Vec::new();
    for (i, (entry, (ids, checked))) in entries.iter().zip(&generators).enumerate() {
        let sustained = THREADS.map(|threads| {
            progress.set_message(format!("{} on {threads} threads", entry.scheme.name));
            progress.inc(1);
            sustained(&**ids, threads, long(quick))
        });
        measured.push(OfScheme {
            scheme: entry.scheme,
            about: entry.about,
            needs_node: entry.needs_node(),
            one: one[i].nanos(),
            bulk: bulk[i].nanos(),
            sustained,
            checked: *checked,
        });
    }
    Ok((measured, left_out))
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

/// Ids a second of threads that make them for this long.
fn sustained(ids: &dyn ErasedGenerator, threads: u32, long: Duration) -> f64 {
    // As many as a first, short run says that the time is enough for.
    let mut calls = 1_000;
    loop {
        let took = on_threads(threads, calls, &|| look(&ids.generate_word()));
        let rate = Figures::rate_of(calls, took);
        if took >= long / 2 || calls >= 1 << 32 {
            return rate;
        }
        let scale = long.as_secs_f64() / took.as_secs_f64().max(1e-6);
        calls = if scale < 8.0 { calls.saturating_mul(2) } else { calls.saturating_mul(8) };
    }
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
