//! The faults, and what is looked for under each.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use idgen::clock::{Clock, SystemClock};

use crate::clock;
use crate::made::{Made, apart, copies};
use crate::process::{in_child, on_both_sides};
use crate::subject::{Copying, End, Next, Subject, subjects};

/// The columns: name, and what happens.
pub const FAULTS: [(&str, &str); 9] = [
    ("back", "the clock is stepped back, six times by 50 ms, under load"),
    (
        "forward",
        "the clock is stepped 10 s forward; whoever refuses then is asked again, for 10 s at most; one second \
         later and three, ids are of which time?",
    ),
    ("frozen", "the clock stands still for 300 ms under load, and then goes on"),
    ("restart", "the process dies, and starts again with the clock set back by 200 ms"),
    (
        "fork",
        "parent and child go on after a fork, both at the same moment, ten times; the wall clock stands still for both",
    ),
    (
        "exhaust",
        "more ids are asked for than a tick has, for 300 ms; then the process dies, and starts again",
    ),
    (
        "overflow",
        "the clock is stepped past the end of the time field; ours, which believe no step of centuries, \
         start 100 s before it and get there by many",
    ),
    (
        "clone",
        "the generator is copied, or what its callers keep of it, and both go on within a tick; *cannot be*: the \
         compiler refuses, which is asserted",
    ),
    ("node", "a node id one past the greatest"),
];

/// What was seen: it does well, in so many words; it does badly; or the fault says nothing of it, and why.
pub enum Seen {
    Well(String),
    Badly(String),
    Nothing(String),
}

use Seen::{Badly, Nothing, Well};

/// What was seen, where an error is what went wrong.
type Verdict = Result<Seen, String>;

/// Longest that it is waited for one who refuses.
const PATIENCE: Duration = Duration::from_secs(10);

/// An error instead of a generator, as its process begins.
const REFUSES: &str = "refuses to start";

const UNSEEN: &str = "does not look at the clock";

/// Lets a subject meet a fault, and prints what was seen as a word and an explanation.
pub fn meet(subject: &str, fault: &str, folder: &Path) -> ExitCode {
    std::panic::set_hook(Box::new(|_| ()));
    let subject = subjects().into_iter().find(|one| one.name == subject).expect("a subject");
    if let Some(begins) = subject.begins {
        clock::set(begins);
    }
    let met = catch_unwind(AssertUnwindSafe(|| run(&subject, fault, folder)));
    match met {
        Ok(Ok(Well(how))) => println!("well {how}"),
        Ok(Ok(Nothing(why))) => println!("nothing {why}"),
        // An answer, but none to this fault; and ours have to start.
        Ok(Err(refuses)) if refuses == REFUSES && !subject.promised => {
            println!("nothing {refuses}")
        }
        Ok(Ok(Badly(how)) | Err(how)) => println!("badly {how}"),
        Err(_) => println!("badly panics"),
    }
    // A ticker of a peer's may not end.
    std::process::exit(0)
}

fn run(subject: &Subject, fault: &str, folder: &Path) -> Verdict {
    match fault {
        "back" => back(subject, folder),
        "forward" => forward(subject, folder),
        "frozen" => frozen(subject, folder),
        "restart" => restart(subject, folder),
        "fork" => fork(subject, folder),
        "exhaust" => exhaust(subject, folder),
        "overflow" => overflow(subject, folder),
        "clone" => copy(subject, folder),
        _ => node(subject, folder),
    }
}

/// A generator that has made its first ids.
fn started(subject: &Subject, folder: &Path) -> Result<(Next, Made), String> {
    let mut next = (subject.build)(None, folder).map_err(|_| REFUSES.to_owned())?;
    let mut made = Made::by(subject);
    made.ask(&mut next, 1_000, Duration::from_secs(1));
    Ok((next, made))
}

/// Lets a fault of the clock happen, which says nothing of whoever did not look at it meanwhile.
fn under(subject: &Subject, folder: &Path, happen: impl FnOnce(&mut Made, &mut Next)) -> Verdict {
    let (mut next, mut made) = started(subject, folder)?;
    let reads = clock::reads();
    happen(&mut made, &mut next);
    let seen = clock::reads() > reads;
    made.ask_again(&mut next, PATIENCE);
    let how = made.verdict()?;
    Ok(if seen || subject.millis.is_none() { Well(how) } else { Nothing(UNSEEN.into()) })
}

fn back(subject: &Subject, folder: &Path) -> Verdict {
    under(subject, folder, |made, next| {
        for _ in 0..6 {
            clock::step(-50);
            made.ask(next, 200_000, Duration::from_millis(100));
        }
    })
}

fn frozen(subject: &Subject, folder: &Path) -> Verdict {
    under(subject, folder, |made, next| {
        clock::freeze(true);
        // Whoever waits for the clock must not wait for ever, so it goes on by itself.
        std::thread::spawn(|| {
            SystemClock.wait(Duration::from_millis(300));
            clock::freeze(false);
        });
        made.ask(next, 2_000_000, Duration::from_millis(400));
        made.ask(next, 1_000, Duration::from_millis(100));
    })
}

fn forward(subject: &Subject, folder: &Path) -> Verdict {
    let Some(millis) = &subject.millis else { return Ok(Nothing("no time".into())) };
    let (mut next, mut made) = started(subject, folder)?;
    clock::step(10_000);
    made.ask(&mut next, 1_000, Duration::from_millis(100));
    made.ask_again(&mut next, PATIENCE);
    SystemClock.wait(Duration::from_secs(1));
    let late = lateness(&mut made, &mut next, millis)?;
    if late.abs() <= 1_000 {
        return made.verdict().map(Well);
    }
    // Who does not believe a step at once may go after it: that is seen two seconds later.
    let start = clock::monotonic();
    SystemClock.wait(Duration::from_secs(2));
    let later = lateness(&mut made, &mut next, millis)?;
    let how = made.verdict()?;
    let passed = i64::try_from(clock::since(start).as_millis()).expect("seconds");
    let percent = ((late - later) as f64 * 100.0 / passed as f64).round();
    if percent < 5.0 {
        return Err(format!("{:.1} s behind", later as f64 / 1e3));
    }
    let refused = if how.is_empty() { how } else { format!("{how}, then ") };
    Ok(Well(format!("{refused}{:.1} s behind, catches up at {percent} %", later as f64 / 1e3)))
}

/// How far ids are behind the clock, in milliseconds, as their time goes on: so long ticks may be.
fn lateness(made: &mut Made, next: &mut Next, millis: &dyn Fn(u128) -> i64) -> Result<i64, String> {
    let start = clock::monotonic();
    let (mut first, mut least, mut looks) = (None, i64::MAX, 0);
    loop {
        made.ask(next, 1, Duration::ZERO);
        made.ask_again(next, PATIENCE);
        let now = clock::millis();
        let last = millis(*made.words.last().ok_or("made nothing")?);
        if last > *first.get_or_insert(last) || clock::since(start) > Duration::from_secs(2) {
            // The least of a few: this process may be put aside between an id and the clock.
            least = least.min(now - last);
            looks += 1;
            if looks == 10 {
                return Ok(least);
            }
        }
        SystemClock.wait(Duration::from_micros(200));
    }
}

/// Another process, forked before anything was made, stands for the one that is started again. It dies with
/// nothing given back.
fn restart(subject: &Subject, folder: &Path) -> Verdict {
    let before = in_child(|| {
        let (mut next, mut made) = started(subject, folder)?;
        made.ask(&mut next, 100_000, Duration::from_millis(100));
        Ok(made.words)
    })?;
    clock::step(-200);
    let (made, how) = again(subject, folder, Duration::from_millis(400))?;
    apart(&before, &made.words)?;
    Ok(Well(how))
}

fn exhaust(subject: &Subject, folder: &Path) -> Verdict {
    let before = in_child(|| {
        let (mut next, mut made) = started(subject, folder)?;
        made.ask(&mut next, 2_000_000, Duration::from_millis(300));
        made.fault().map_or(Ok(made.words), Err)
    })?;
    let ahead = subject.millis.as_ref().and_then(|millis| before.last().map(|&word| millis(word)));
    let ahead = ahead.map_or(0, |last| last - clock::millis());
    let (made, how) = again(subject, folder, Duration::from_millis(200))?;
    apart(&before, &made.words)?;
    Ok(Well(if ahead > 20 { format!("runs {ahead} ms ahead") } else { how }))
}

/// What a process makes that starts again, and what it did instead of failing.
fn again(subject: &Subject, folder: &Path, time: Duration) -> Result<(Made, String), String> {
    let start = clock::monotonic();
    let (mut next, mut made) = started(subject, folder)?;
    let took = clock::since(start);
    made.ask(&mut next, 2_000_000, time);
    made.ask_again(&mut next, PATIENCE);
    let how = made.verdict()?;
    let late = took > Duration::from_millis(150) && how.is_empty();
    Ok((made, if late { format!("starts after {} ms", took.as_millis()) } else { how }))
}

fn fork(subject: &Subject, folder: &Path) -> Verdict {
    const TRIES: usize = 10;
    let (mut next, mut made) = started(subject, folder)?;
    let (mut childs, mut refusals) = (Vec::new(), 0);
    for _ in 0..TRIES {
        clock::freeze(true);
        // So that what both remember is of this tick.
        made.ask(&mut next, 1, Duration::ZERO);
        let (parents, its) = on_both_sides(|| {
            let mut made = Made::by(subject);
            made.ask(&mut next, 300, Duration::from_secs(1));
            made.fault().map_or(Ok(made.words), Err)
        })?;
        clock::freeze(false);
        refusals += usize::from(its.is_empty());
        made.words.extend(parents);
        childs.extend(its);
        // Who refuses waits before it does.
        if refusals == 2 {
            break;
        }
    }
    made.ask_again(&mut next, PATIENCE);
    made.verdict()?;
    childs.extend(&made.words);
    match copies(&childs) {
        0 if refusals > 0 => Ok(Well("the child refuses".into())),
        0 => Ok(Well(String::new())),
        twice => Err(format!("{twice} of {} ids twice", childs.len())),
    }
}

fn overflow(subject: &Subject, folder: &Path) -> Verdict {
    let Some(millis) = &subject.millis else { return Ok(Nothing("no time".into())) };
    let year = 31_556_952_000;
    let (steps, step) = match subject.ends {
        End::At(end) => {
            clock::set(end - 100_000);
            (26, 4_000)
        }
        End::Before(ends) => (1, (ends - 2026) * year),
    };
    let (mut next, mut made) = started(subject, folder)?;
    if made.words.is_empty() {
        return Err("makes nothing before the end".into());
    }
    let reads = clock::reads();
    for _ in 0..steps {
        clock::step(step);
        SystemClock.wait(Duration::from_millis(50)); // for whoever has a ticker
        made.error = None;
        made.ask(&mut next, 5_000, Duration::from_millis(100));
    }
    let seen = clock::reads() > reads;
    made.verdict()?;
    if made.error.is_some() {
        return Ok(Well("refuses".into()));
    }
    if !seen {
        return Ok(Nothing(UNSEEN.into()));
    }
    let last = millis(*made.words.last().ok_or("made nothing")?);
    let (off, off_true) = (clock::millis() - last, clock::machine_millis() - last);
    if off.abs() < 10_000 {
        return Ok(Well("goes on".into()));
    }
    // Who does not believe a step of centuries goes on in the true time: nothing was cut off in its ids, and
    // nothing was seen of the field's end.
    if off_true.abs() < 10_000 {
        return Ok(Nothing("stays in the present".into()));
    }
    Err(format!("ids of {} years ago", off / year))
}

fn copy(subject: &Subject, folder: &Path) -> Verdict {
    let [mut one, mut other] = match &subject.copying {
        Copying::Made(copies) => copies(folder),
        Copying::Refused => return Ok(Well("cannot be".into())),
        Copying::NoGenerator => return Ok(Nothing("no generator to copy".into())),
    };
    let mut made = Made::by_copies(subject);
    clock::freeze(true);
    made.ask(&mut one, 1_000, Duration::from_millis(100));
    made.ask(&mut other, 1_000, Duration::from_millis(100));
    made.verdict().map(Well)
}

fn node(subject: &Subject, folder: &Path) -> Verdict {
    let Some(nodes) = &subject.node else { return Ok(Nothing("no such number".into())) };
    let beyond = nodes.greatest + 1;
    let built = catch_unwind(AssertUnwindSafe(|| (subject.build)(Some(beyond), folder)));
    let Ok(built) = built else { return Ok(Well("panics at the call".into())) };
    let Ok(mut next) = built else { return Ok(Well("refuses".into())) };
    match catch_unwind(AssertUnwindSafe(&mut *next)) {
        Ok(Ok(word)) => Err(format!("{beyond} becomes {}", (nodes.of)(word))),
        Ok(Err(_)) => Ok(Well("refuses".into())),
        Err(_) => Err("panics".into()),
    }
}
