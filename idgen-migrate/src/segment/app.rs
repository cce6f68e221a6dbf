//! The app's generator: numbers from its own segment, and another segment when that is used up.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use idgen_core::sequencer::Sequencer;

use super::Source;
use super::change::{self, Kept};
use crate::Error;
use crate::session::{ANSWER_WITHIN, Session};

/// The number of a new row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// This one, of this process's segment: to be written.
    Ours(i64),
    /// The database's: the column is not to be named.
    Database,
}

/// Hands out numbers of one table, to any number of tasks.
///
/// A number is one atomic addition. When the segment is used up, one task takes the next, in one round
/// trip, while others wait for it. Numbers grow in each process, and are in no order between several.
#[derive(Debug)]
pub struct Segments {
    address: String,
    name: String,
    line: Sequencer,
    /// The stretch that numbers come from now: a number of it is claimed from the line alone.
    stretch: Mutex<(u64, u64)>,
    refill: tokio::sync::Mutex<Refill>,
}

#[derive(Debug)]
struct Refill {
    session: Option<Session>,
    source: Source,
    size: i64,
    /// Stretches of the segment that come after.
    ahead: VecDeque<(u64, u64)>,
}

impl Segments {
    /// Joins the change of this name, which is planned at least.
    ///
    /// # Errors
    /// If there is none, or the database cannot be reached.
    pub async fn join(address: &str, name: &str) -> Result<Self, Error> {
        let mut session = Session::connect(address).await?.answering_within(ANSWER_WITHIN);
        let Kept { source, size, .. } = change::load(&mut session, name).await?;
        Ok(Self {
            address: address.into(),
            name: name.into(),
            line: Sequencer::new(),
            stretch: Mutex::new((0, 0)),
            refill: tokio::sync::Mutex::new(Refill {
                session: Some(session),
                source,
                size,
                ahead: VecDeque::new(),
            }),
        })
    }

    /// A number that nobody else has or gets; or word that the database still makes them.
    ///
    /// # Errors
    /// If a segment is needed and the database cannot be asked. The next call connects anew; a segment of
    /// which the answer was lost is a gap.
    pub async fn next(&self) -> Result<Number, Error> {
        loop {
            if let Some(number) = self.try_next() {
                return Ok(Number::Ours(number));
            }
            let mut refill = self.refill.lock().await;
            // Somebody else may have been quicker.
            if let Some(number) = self.try_next() {
                return Ok(Number::Ours(number));
            }
            if refill.ahead.is_empty() {
                refill.take(&self.address, &self.name).await?;
            }
            match refill.ahead.pop_front() {
                Some(stretch) => {
                    *self.stretch.lock().unwrap_or_else(PoisonError::into_inner) = stretch;
                }
                None => return Ok(Number::Database),
            }
        }
    }

    /// A number of the stretch at hand, if there is one left.
    #[must_use]
    pub fn try_next(&self) -> Option<i64> {
        let (start, end) = *self.stretch.lock().unwrap_or_else(PoisonError::into_inner);
        // A stretch of long ago ends below the line, so that nothing of it is claimed any more.
        self.line.take(start, end).and_then(|number| i64::try_from(number).ok())
    }
}

impl Refill {
    async fn take(&mut self, address: &str, name: &str) -> Result<(), Error> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => Session::connect(address).await?.answering_within(ANSWER_WITHIN),
        };
        // Whoever gives up here, or is given up, leaves no session behind in the middle of something.
        let taken = self.source.take(&mut session, name, self.size).await?;
        self.session = Some(session);
        for (first, last) in taken {
            let whole = u64::try_from(first).ok().zip(u64::try_from(last).ok());
            let (first, last) = whole.ok_or_else(|| {
                Error::Schema(format!("{} counts below zero, at {first}", self.source.name))
            })?;
            self.ahead.push_back((first, last + 1));
        }
        Ok(())
    }
}
