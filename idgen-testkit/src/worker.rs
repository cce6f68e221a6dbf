//! One way to call them all: a generator, a lane or an erased generator as a worker on words.

use std::sync::Arc;

use idgen_core::generator::{ErasedGenerator, Generator};
use idgen_core::layout::Parts;
use idgen_core::{GenerateError, Id, IdScheme, Stall};

use crate::Call;

/// Who makes ids: one thread's access to a generator, or a lane.
pub(crate) trait Worker {
    /// Makes one call, for `count` ids where it is one for a batch, and appends their words.
    fn call(&mut self, call: Call, count: usize, words: &mut Vec<u128>) -> End;

    /// Whether there is nothing but single attempts.
    fn only_tries(&self) -> bool {
        false
    }
}

/// The workers of one generator.
pub(crate) type Workers<'a> = Vec<Box<dyn Worker + Send + 'a>>;

/// How a call ended.
#[derive(Clone, Debug)]
pub(crate) enum End {
    /// With all that was asked for.
    Done,
    /// With a stall.
    Stalled(Stall),
    /// With an error, and so many ids issued that nobody got.
    Failed { error: GenerateError, lost: usize },
    /// With an answer that contradicts itself.
    Broken(String),
}

/// A generator that any number of workers share.
pub(crate) struct Typed<G: Generator> {
    ids: Arc<G>,
    batch: Vec<Id<G::Scheme>>,
}

impl<G: Generator> Typed<G> {
    pub(crate) fn over(ids: Arc<G>) -> Self {
        Self { ids, batch: Vec::new() }
    }

    fn take_batch(&mut self, len: usize, words: &mut Vec<u128>) {
        words.extend(self.batch[..len].iter().map(|id| u128::from(*id)));
    }

    /// Makes room for so many ids. What stands there is of tick 0: no schedule's window has it,
    /// so a generator that counts what it did not write is found out.
    fn clear(&mut self, count: usize) -> Result<(), End> {
        let blank = Id::from_parts(Parts::default())
            .map_err(|error| End::Broken(format!("the id of zeros is refused: {error}")))?;
        self.batch.clear();
        self.batch.resize(count, blank);
        Ok(())
    }
}

impl<G: Generator> Worker for Typed<G> {
    fn call(&mut self, call: Call, count: usize, words: &mut Vec<u128>) -> End {
        let ids = Arc::clone(&self.ids);
        match call {
            Call::TryGenerate => single(ids.try_generate().map(Into::into), words, End::Stalled),
            Call::Generate => single(ids.generate().map(Into::into), words, failed),
            Call::TryFill => {
                if let Err(end) = self.clear(count) {
                    return end;
                }
                let filled = ids.try_fill(&mut self.batch);
                let (len, end) = tried(filled, count);
                self.take_batch(len, words);
                end
            }
            Call::Fill => {
                if let Err(end) = self.clear(count) {
                    return end;
                }
                let (len, end) = match ids.fill(&mut self.batch) {
                    Ok(()) => (count, End::Done),
                    Err(error) => partly(error.filled, error.asked, count, error.error),
                };
                self.take_batch(len, words);
                end
            }
            Call::Batch => match ids.generate_batch(count) {
                Ok(batch) if batch.len() == count => {
                    words.extend(batch.into_iter().map(u128::from));
                    End::Done
                }
                Ok(batch) => End::Broken(format!(
                    "generate_batch({count}) made {} ids and no error",
                    batch.len()
                )),
                Err(error) => match partly(error.filled, error.asked, count, error.error) {
                    (lost, End::Failed { error, .. }) => End::Failed { error, lost },
                    (_, end) => end,
                },
            },
        }
    }
}

/// An erased generator that any number of workers share.
pub(crate) struct Erased(pub(crate) Arc<dyn ErasedGenerator>);

impl Worker for Erased {
    fn call(&mut self, call: Call, count: usize, words: &mut Vec<u128>) -> End {
        let ids = &self.0;
        // What stands in a batch before it is filled is no id of a 64-bit layout, and of the last
        // tick, which no window has, in one of 128 bits.
        match call {
            Call::TryGenerate => {
                let mut word = [u128::MAX];
                let (len, end) = tried(ids.try_fill_words(&mut word), 1);
                words.extend(&word[..len]);
                end
            }
            Call::Generate => single(ids.generate_word(), words, failed),
            Call::TryFill => {
                let mut batch = vec![u128::MAX; count];
                let (len, end) = tried(ids.try_fill_words(&mut batch), count);
                words.extend(&batch[..len]);
                end
            }
            Call::Fill | Call::Batch => {
                let mut batch = vec![u128::MAX; count];
                let (len, end) = match ids.fill_words(&mut batch) {
                    Ok(()) => (count, End::Done),
                    Err(error) => partly(error.filled, error.asked, count, error.error),
                };
                words.extend(&batch[..len]);
                end
            }
        }
    }
}

/// A lane that one worker owns.
pub(crate) struct Owned<L>(pub(crate) L);

impl<L, S> Worker for Owned<L>
where
    L: FnMut() -> Result<Id<S>, Stall>,
    S: IdScheme,
{
    fn call(&mut self, _: Call, _: usize, words: &mut Vec<u128>) -> End {
        single((self.0)().map(Into::into), words, End::Stalled)
    }

    fn only_tries(&self) -> bool {
        true
    }
}

fn single<E>(made: Result<u128, E>, words: &mut Vec<u128>, end: impl FnOnce(E) -> End) -> End {
    match made {
        Ok(word) => {
            words.push(word);
            End::Done
        }
        Err(error) => end(error),
    }
}

fn failed(error: GenerateError) -> End {
    End::Failed { error, lost: 0 }
}

/// How many ids of a `try_fill` count, and how it ended.
fn tried(filled: Result<usize, Stall>, count: usize) -> (usize, End) {
    match filled {
        Ok(0) if count > 0 => (0, broken("try_fill", count, "filled nothing and did not stall")),
        Ok(len) if len > count => (0, broken("try_fill", count, &format!("says it filled {len}"))),
        Ok(len) => (len, End::Done),
        Err(stall) if count == 0 => (0, broken("try_fill", 0, &format!("stalled: {stall}"))),
        Err(stall) => (0, End::Stalled(stall)),
    }
}

/// How many ids of a batch count that failed, and how it ended.
fn partly(filled: usize, asked: usize, count: usize, error: GenerateError) -> (usize, End) {
    if asked != count {
        (0, broken("fill", count, &format!("says it was asked for {asked}")))
    } else if filled >= count {
        (0, broken("fill", count, &format!("filled {filled} and failed: {error}")))
    } else {
        (filled, failed(error))
    }
}

fn broken(call: &str, count: usize, what: &str) -> End {
    End::Broken(format!("{call} of {count} ids {what}"))
}
