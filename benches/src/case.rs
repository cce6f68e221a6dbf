//! One implementation at one job, and the check of what it makes.

use idgen::{Id, IdScheme};
use idgen_bench::{Contender, verify};

/// One implementation at one job.
pub struct Case {
    /// It, to be measured.
    pub contender: Contender<'static>,
    /// What its ids carry: time, and how fresh; order; horizon; safety after fork.
    pub carries: &'static str,
    check: Box<dyn FnMut() -> Result<(), String>>,
}

/// What ids that were made must be, besides distinct.
#[derive(Clone, Copy)]
pub enum Made {
    /// Of the present, by the milliseconds since 1970 that this reads from a word, and increasing
    /// where they come from one thread.
    Ordered(fn(u128) -> u64),
    /// Of the present.
    Timed(fn(u128) -> u64),
    /// Nothing but distinct.
    Random,
}

/// Milliseconds since 1970 of an id of ours, or of a peer's in the same layout.
pub fn millis<S: IdScheme>(word: u128) -> u64 {
    let word = idgen::Word::from_u128(word).expect("a word of the scheme");
    let id = Id::<S>::from_word(word).expect("an id of the scheme");
    let time = id.time().expect("a scheme with time");
    u64::try_from(time.as_millis()).expect("a time after 1970")
}

impl Case {
    /// A case whose check is this.
    pub fn new(
        contender: Contender<'static>,
        carries: &'static str,
        check: impl FnMut() -> Result<(), String> + 'static,
    ) -> Self {
        Self { contender, carries, check: Box::new(check) }
    }

    /// A case whose ids are checked: those of `sample`, which makes many of them.
    pub fn of_ids(
        contender: Contender<'static>,
        carries: &'static str,
        made: Made,
        mut sample: impl FnMut() -> Vec<u128> + 'static,
    ) -> Self {
        Self::new(contender, carries, move || {
            // Each end is held against the time that it was made at: many ids take long to make.
            let began = verify::now_millis();
            let mut words = sample();
            let ended = verify::now_millis();
            if let Made::Ordered(_) = made {
                verify::increasing(&words).map_err(|fault| fault.to_string())?;
            }
            if let Made::Ordered(millis) | Made::Timed(millis) = made {
                let (Some(&first), Some(&last)) = (words.first(), words.last()) else {
                    return Err("nothing was made".into());
                };
                for (word, now) in [(first, began), (last, ended)] {
                    verify::of_time(millis(word), now).map_err(|fault| fault.to_string())?;
                }
            }
            verify::distinct(&mut words).map_err(|fault| fault.to_string())
        })
    }

    /// A case of one id a call, on one thread.
    pub fn one<R>(
        name: &str,
        carries: &'static str,
        made: Made,
        make: impl FnMut() -> R + Clone + 'static,
        word: impl Fn(R) -> u128 + 'static,
    ) -> Self {
        let mut for_sample = make.clone();
        Self::of_ids(Contender::calling(name, make), carries, made, move || {
            (0..SAMPLE).map(|_| word(for_sample())).collect()
        })
    }

    /// A case of one id a call, of a generator that has one owner: `build` makes one to be measured
    /// and one to be checked.
    pub fn owned<R, G: FnMut() -> R + 'static>(
        name: &str,
        carries: &'static str,
        made: Made,
        build: impl Fn() -> G,
        word: impl Fn(R) -> u128 + 'static,
    ) -> Self {
        let mut checked = build();
        Self::of_ids(Contender::calling(name, build()), carries, made, move || {
            (0..SAMPLE).map(|_| word(checked())).collect()
        })
    }

    /// The group's name, and the implementation's.
    pub fn parts(&self) -> (String, String) {
        let name = self.contender.name();
        let (group, implementation) = name.rsplit_once('/').expect("scheme/task/variant/who");
        (group.into(), implementation.into())
    }

    /// Panics unless its ids are what they must be.
    pub fn check(&mut self) {
        if let Err(fault) = (self.check)() {
            panic!("{}: {fault}", self.contender.name());
        }
    }
}

/// Ids that threads make together in a turn, at the fewest: some ten milliseconds of them. In less the system does not get
/// to have each thread on a processor of its own, and they make theirs one after the other.
pub const TOGETHER: u64 = 4_000_000;

/// Ids that a check looks at.
pub const SAMPLE: usize = 1_000_000;

/// Ids made on threads at once, a sample of them in all.
///
/// # Panics
/// If those of a thread do not increase.
pub fn sample_on(threads: u32, make: &(impl Fn() -> u128 + Sync)) -> Vec<u128> {
    let each = SAMPLE / threads as usize;
    let made = || {
        let ids: Vec<_> = (0..each).map(|_| make()).collect();
        verify::increasing(&ids).expect("order within a thread");
        ids
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(made)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a thread that ends")).collect()
    })
}
