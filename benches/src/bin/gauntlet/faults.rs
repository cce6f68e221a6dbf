//! The faults, and what is looked for under each.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::clock;
use crate::subject::{Next, Subject, subjects};

/// The columns: name, and what happens.
pub const FAULTS: [(&str, &str); 9] = [
    ("back", "the clock is stepped back, six times by 50 ms, under load"),
    (
        "forward",
        "the clock is stepped 10 s forward; one second later and three, ids are of which time?",
    ),
    ("frozen", "the clock stands still for 300 ms under load, and then goes on"),
    ("restart", "the process starts again with the clock set back by 200 ms"),
    ("fork", "parent and child go on after a fork, within a tick: the clock stands still for both"),
    (
        "exhaust",
        "more ids are asked for than a tick has, for 300 ms; then the process starts again",
    ),
    ("overflow", "the clock is stepped past the end of the time field"),
    ("clone", "the generator is copied, and both go on within a tick"),
    ("node", "a node id one past the greatest"),
];

/// Longest that a single call may take: longer, and the program hangs as far as its users can tell.
const HANG: Duration = Duration::from_millis(1_500);

/// A wait that is worth a word. Shorter ones are the scheduler's, on a machine that others use.
const NOTED: Duration = Duration::from_millis(100);

/// What was made.
#[derive(Default)]
struct Made {
    words: Vec<u128>,
    error: Option<String>,
    panicked: bool,
    /// The longest call.
    longest: Duration,
}

impl Made {
    /// Asks for ids until there are so many, the time is up, or there is no answer.
    fn ask(&mut self, next: &mut Next, count: usize, time: Duration) {
        let start = Instant::now();
        for _ in 0..count {
            let asked = Instant::now();
            match catch_unwind(AssertUnwindSafe(&mut *next)) {
                Ok(Ok(word)) => self.words.push(word),
                Ok(Err(error)) => self.error = Some(error),
                Err(_) => self.panicked = true,
            }
            self.longest = self.longest.max(asked.elapsed());
            if self.panicked || self.error.is_some() || start.elapsed() > time {
                return;
            }
        }
    }

    /// What is wrong with it; `None` where nothing is.
    fn fault(&self, ordered: bool) -> Option<String> {
        if self.panicked {
            return Some("panics".into());
        }
        let copies = self.words.len() - self.words.iter().collect::<HashSet<_>>().len();
        if copies > 0 {
            return Some(format!("{copies} of {} ids twice", self.words.len()));
        }
        let inversions = self.words.windows(2).filter(|pair| pair[0] >= pair[1]).count();
        if ordered && inversions > 0 {
            return Some(format!("{inversions} of {} out of order", self.words.len()));
        }
        if self.longest > HANG {
            return Some(format!("hangs for {:.1} s", self.longest.as_secs_f64()));
        }
        None
    }

    /// What it did instead of failing, in a few words.
    fn well(&self) -> String {
        match (&self.error, self.longest) {
            (Some(_), _) => "refuses".into(),
            (None, longest) if longest > NOTED => {
                format!("waits {} ms", longest.as_millis())
            }
            _ => String::new(),
        }
    }

    fn verdict(&self, ordered: bool) -> Result<String, String> {
        self.fault(ordered).map_or_else(|| Ok(self.well()), Err)
    }
}

/// Lets a subject meet a fault, and prints what was seen: `ok WORDS` or `bad WORDS`.
pub fn meet(subject: &str, fault: &str, file: &str) -> ExitCode {
    std::panic::set_hook(Box::new(|_| ()));
    let subject = subjects().into_iter().find(|one| one.name == subject).expect("a subject");
    let met = catch_unwind(AssertUnwindSafe(|| run(&subject, fault, file)));
    let seen = match met {
        Ok(Ok(well)) => format!("ok {well}"),
        Ok(Err(refuses)) if refuses == REFUSES => format!("ok {refuses}"),
        Ok(Err(bad)) => format!("bad {bad}"),
        Err(_) => "bad panics".into(),
    };
    println!("{seen}");
    // A ticker of a peer's may not end.
    std::process::exit(0)
}

fn run(subject: &Subject, fault: &str, file: &str) -> Result<String, String> {
    match fault {
        "back" => back(subject, file),
        "forward" => forward(subject, file),
        "frozen" => frozen(subject, file),
        "restart" => restart(subject, file, -200),
        "fork" => fork(subject, file),
        "exhaust" => exhaust(subject, file),
        "overflow" => overflow(subject, file),
        "clone" => copy(subject),
        _ => node(subject, file),
    }
}

/// An error instead of a generator, which is an answer.
const REFUSES: &str = "refuses to start";

/// A generator that has made its first ids.
fn started(subject: &Subject, file: &str) -> Result<(Next, Made), String> {
    let mut next = (subject.build)(1, file).map_err(|_| REFUSES.to_owned())?;
    let mut made = Made::default();
    made.ask(&mut next, 1_000, Duration::from_secs(1));
    Ok((next, made))
}

fn back(subject: &Subject, file: &str) -> Result<String, String> {
    let (mut next, mut made) = started(subject, file)?;
    for _ in 0..6 {
        clock::step(-50);
        made.ask(&mut next, 50_000, Duration::from_millis(100));
    }
    made.verdict(subject.ordered)
}

fn forward(subject: &Subject, file: &str) -> Result<String, String> {
    let Some(millis) = subject.millis else { return Ok("no time".into()) };
    let (mut next, mut made) = started(subject, file)?;
    clock::step(10_000);
    made.ask(&mut next, 1_000, Duration::from_millis(100));
    std::thread::sleep(Duration::from_secs(1));
    // Windows that ended meanwhile are whoever's they are: a refusal is one.
    made.ask(&mut next, 1_000, Duration::from_millis(100));
    let late = clock::millis() - millis(*made.words.last().ok_or("made nothing")?);
    if made.error.is_none() && late.abs() > 1_000 {
        // Who does not believe a step at once may go after it: that is seen two seconds later.
        std::thread::sleep(Duration::from_secs(2));
        made.ask(&mut next, 1_000, Duration::from_millis(100));
        let later = clock::millis() - millis(*made.words.last().ok_or("made nothing")?);
        made.verdict(subject.ordered)?;
        let percent = (late - later) * 100 / 2_000;
        return match percent {
            5.. => Ok(format!("catches up at {percent} %")),
            _ => Err(format!("{:.1} s behind", later as f64 / 1e3)),
        };
    }
    made.verdict(subject.ordered)
}

fn frozen(subject: &Subject, file: &str) -> Result<String, String> {
    let (mut next, mut made) = started(subject, file)?;
    clock::freeze(true);
    // Whoever waits for the clock must not wait for ever, so it goes on by itself.
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_millis(300));
        clock::freeze(false);
    });
    made.ask(&mut next, 3_000_000, Duration::from_millis(400));
    made.ask(&mut next, 1_000, Duration::from_millis(100));
    made.verdict(subject.ordered)
}

/// Another process, forked before anything was made, stands for the one that is started again.
fn restart(subject: &Subject, file: &str, millis: i64) -> Result<String, String> {
    let before = in_child(|| {
        let (mut next, mut made) = started(subject, file)?;
        made.ask(&mut next, 100_000, Duration::from_millis(100));
        Ok(made.words)
    })?;
    clock::step(millis);
    let (mut next, mut made) = started(subject, file)?;
    made.ask(&mut next, 400_000, Duration::from_millis(400));
    let well = made.verdict(subject.ordered)?;
    apart(&before, &made.words)?;
    Ok(well)
}

fn exhaust(subject: &Subject, file: &str) -> Result<String, String> {
    let before = in_child(|| {
        let (mut next, mut made) = started(subject, file)?;
        made.ask(&mut next, 3_000_000, Duration::from_millis(300));
        made.fault(subject.ordered).map_or(Ok(made.words), Err)
    })?;
    let ahead = subject.millis.and_then(|millis| before.last().map(|&word| millis(word)));
    let ahead = ahead.map_or(0, |last| last - clock::millis());
    let (mut next, mut made) = started(subject, file)?;
    made.ask(&mut next, 400_000, Duration::from_millis(200));
    made.verdict(subject.ordered)?;
    apart(&before, &made.words)?;
    Ok(if ahead > 20 { format!("runs {ahead} ms ahead") } else { String::new() })
}

fn fork(subject: &Subject, file: &str) -> Result<String, String> {
    let (mut next, mut made) = started(subject, file)?;
    clock::freeze(true);
    let child = in_child(|| {
        let mut childs = Made::default();
        childs.ask(&mut next, 1_000, Duration::from_millis(200));
        match childs.fault(subject.ordered) {
            Some(fault) => Err(format!("the child {fault}")),
            None => Ok(childs.words),
        }
    });
    let child = child?;
    made.ask(&mut next, 1_000, Duration::from_millis(200));
    made.verdict(subject.ordered)?;
    apart(&child, &made.words)?;
    Ok(if child.is_empty() { "the child refuses".into() } else { String::new() })
}

fn overflow(subject: &Subject, file: &str) -> Result<String, String> {
    let Some(millis) = subject.millis else { return Ok("no time".into()) };
    let (mut next, mut made) = started(subject, file)?;
    let year = 31_556_952_000;
    clock::step((subject.ends - 2026) * year);
    std::thread::sleep(Duration::from_millis(50)); // for whoever has a ticker
    made.ask(&mut next, 5_000, Duration::from_millis(200));
    made.verdict(subject.ordered)?;
    if made.error.is_some() {
        return Ok("refuses".into());
    }
    let last = millis(*made.words.last().ok_or("made nothing")?);
    let (off, off_true) = (clock::millis() - last, clock::machine_millis() - last);
    if off.abs() < 10_000 {
        return Ok("goes on".into());
    }
    // Who never looks at the clock again does not notice, which is another column's, and who does
    // not believe a step of centuries goes on in the true time: nothing was cut off in either's ids.
    if off_true.abs() < 10_000 {
        return Ok("stays in the present".into());
    }
    Err(format!("ids of {} years ago", off / year))
}

fn copy(subject: &Subject) -> Result<String, String> {
    let Some(copies) = subject.copies else { return Ok("cannot be".into()) };
    let [mut one, mut other] = copies();
    let mut made = Made::default();
    clock::freeze(true);
    made.ask(&mut one, 1_000, Duration::from_millis(100));
    made.ask(&mut other, 1_000, Duration::from_millis(100));
    made.verdict(false)
}

fn node(subject: &Subject, file: &str) -> Result<String, String> {
    let Some((node_of, greatest)) = subject.node else { return Ok("no such number".into()) };
    let built = catch_unwind(AssertUnwindSafe(|| (subject.build)(greatest + 1, file)));
    let Ok(built) = built else { return Ok("panics at the call".into()) };
    let Ok(mut next) = built else { return Ok("refuses".into()) };
    let word = match catch_unwind(AssertUnwindSafe(&mut *next)) {
        Ok(Ok(word)) => word,
        Ok(Err(_)) => return Ok("refuses".into()),
        Err(_) => return Err("panics".into()),
    };
    Err(format!("{} becomes {}", greatest + 1, node_of(word)))
}

fn apart(before: &[u128], after: &[u128]) -> Result<(), String> {
    let before: HashSet<_> = before.iter().collect();
    match after.iter().filter(|word| before.contains(word)).count() {
        0 => Ok(()),
        again => Err(format!("{again} of {} ids again", after.len())),
    }
}

/// What a forked child makes.
fn in_child(make: impl FnOnce() -> Result<Vec<u128>, String>) -> Result<Vec<u128>, String> {
    let (mut reader, mut writer) = std::io::pipe().map_err(|error| error.to_string())?;
    // SAFETY: the child uses what one thread may use, and ends by `_exit`.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        drop(reader);
        let made = catch_unwind(AssertUnwindSafe(make)).unwrap_or(Err("panics".into()));
        let bytes = match made {
            Ok(words) => {
                let words = words.iter().flat_map(|word| word.to_be_bytes());
                std::iter::once(b'=').chain(words).collect()
            }
            Err(fault) => [b"!", fault.as_bytes()].concat(),
        };
        let done = writer.write_all(&bytes).is_ok();
        // SAFETY: nothing of the parent's is touched on the way out.
        unsafe { libc::_exit(i32::from(!done)) }
    }
    drop(writer);
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    // SAFETY: the child is ours, and nobody else waits for it.
    unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) };
    match bytes.split_first() {
        Some((b'=', words)) => {
            let (words, _) = words.as_chunks::<16>();
            Ok(words.iter().map(|&word| u128::from_be_bytes(word)).collect())
        }
        Some((_, fault)) => Err(String::from_utf8_lossy(fault).into()),
        None => Err("the process dies".into()),
    }
}
