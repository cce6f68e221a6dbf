//! The namespace's own record, in each place: that the folder was made, when, and how far its windows reach.

use core::time::Duration;
use std::io;
use std::sync::Arc;

use idgen_core::clock::Clock;

use super::disk::{Disk, Lock};
use super::record::{Charter, Founding};
use super::shelf::{Place, Shelf, is_missing};
use crate::{Event, StoreError};

/// Its name, and what the names of its drafts begin with, and what those are called that were put out of the way.
const RECORD: &str = "namespace.json";
const DRAFT: &str = "namespace.new-";
const VOID: &str = "namespace.void";

/// The lock of who writes it, and how often and in what intervals it is tried for: ten seconds, which a disk may take over it.
const LOCK: &str = "namespace.lock";
const LOOKS: u32 = 500;
const LOOK: Duration = Duration::from_millis(20);

/// What the places of a shelf have of it, in their order.
struct Foundings(Vec<Option<Founding>>);

impl Foundings {
    /// Reads them. One that is damaged counts as none where the other can be read; every one that is found must have the
    /// realm's charter.
    fn read<D: Disk>(shelf: &Shelf<D>, events: &dyn Fn(Event)) -> Result<Self, StoreError> {
        let (mut known, mut damaged) = (Vec::new(), None);
        for place in shelf.places() {
            let founding = match place.read::<Founding>(RECORD) {
                Err(error @ StoreError::Damaged { .. }) => {
                    damaged = Some(error);
                    None
                }
                read => read?,
            };
            if let Some(one) = &founding {
                shelf.check(&one.charter, place, RECORD)?;
            }
            known.push(founding);
        }
        match damaged {
            Some(error) if known.iter().all(Option::is_none) => return Err(error),
            Some(error) => events(Event::Damaged { error: Arc::new(error) }),
            None => {}
        }
        Ok(Self(known))
    }

    /// What counts, if every place has one.
    fn whole(&self) -> Option<Founding> {
        self.0.iter().all(Option::is_some).then(|| self.counting())?
    }

    /// What counts of those that there are. The folder was made when the last of them was: a place that was lost may have
    /// had the only record of a window, of a process that knew no other place or of a time when the other was lost.
    fn counting(&self) -> Option<Founding> {
        let latest = self.0.iter().flatten().max_by_key(|one| one.founded())?;
        Some(latest.clone().reaching(self.longest()))
    }

    /// The longest window that any of them tells of.
    fn longest(&self) -> Duration {
        self.0.iter().flatten().map(Founding::longest).max().unwrap_or_default()
    }
}

impl<D: Disk> Shelf<D> {
    /// The namespace's record, and whether it is new in any place: it is made where it is missing.
    pub(super) fn found(
        &self,
        clock: &dyn Clock,
        events: &dyn Fn(Event),
    ) -> Result<(Founding, bool), StoreError> {
        if let Some(founding) = Foundings::read(self, events)?.whole() {
            return Ok((founding, false));
        }
        let _lock = self.lock_founding(clock)?;
        // Somebody else may have written it meanwhile.
        let mut known = Foundings::read(self, &|_| ())?;
        // A place that lacks it was lost, with records that may be nowhere else when the other is lost in turn.
        let made = Founding::new(Charter::of(self.realm()), clock.wall(), known.longest());
        let mut new = false;
        for (place, lacking) in
            self.places().iter().zip(&mut known.0).filter(|(_, one)| one.is_none())
        {
            place.found(&made, clock)?;
            *lacking = Some(made.clone());
            new = true;
        }
        Ok((known.counting().unwrap_or(made), new))
    }

    /// Has the namespace's record say, in each place, that windows are this long at least.
    pub(super) fn reach(&self, clock: &dyn Clock, longest: Duration) -> Result<(), StoreError> {
        let is_short = |one: &&Founding| one.longest() < longest;
        if !Foundings::read(self, &|_| ())?.0.iter().flatten().any(|one| is_short(&one)) {
            return Ok(());
        }
        let _lock = self.lock_founding(clock)?;
        for (place, known) in self.places().iter().zip(Foundings::read(self, &|_| ())?.0) {
            if let Some(short) = known.filter(|one| is_short(&one)) {
                place.found(&short.reaching(longest), clock)?;
            }
        }
        Ok(())
    }

    /// Makes the namespace's record anew, whatever it says, but for how long windows are.
    pub(super) fn found_anew(
        &self,
        clock: &dyn Clock,
        longest: Duration,
    ) -> Result<(), StoreError> {
        let _lock = self.lock_founding(clock)?;
        let founding = Founding::new(Charter::of(self.realm()), clock.wall(), longest);
        self.places().iter().try_for_each(|place| place.found(&founding, clock))
    }

    /// Who writes the namespace's record has its lock, so that nobody makes less of it than somebody else just did.
    fn lock_founding(&self, clock: &dyn Clock) -> Result<Box<dyn Lock>, StoreError> {
        let place = &self.places()[0];
        for _ in 0..LOOKS {
            if let Some(lock) = place.lock(LOCK, false)? {
                return Ok(lock);
            }
            clock.wait(LOOK);
        }
        let busy = io::Error::other(
            "another process has been writing the namespace's record for ten seconds",
        );
        Err(StoreError::io("lock", place.path().join(LOCK))(busy))
    }
}

impl Place {
    /// Writes the namespace's record, by a draft of its own: a process whose lock is in another first folder, or in one that
    /// was removed, may be at it as well. Drafts of others are put out of the way, for they may have crashed; one who has
    /// not writes his anew.
    fn found(&self, founding: &Founding, clock: &dyn Clock) -> Result<(), StoreError> {
        for draft in self.names()?.iter().filter(|name| name.starts_with(DRAFT)) {
            self.put_away(draft, VOID)?;
        }
        let draft = format!("{DRAFT}{:x}", clock.wall().as_nanos());
        let put = || self.put(&draft, RECORD, founding, || Ok(()));
        put().or_else(|error| if is_missing(&error) { put() } else { Err(error) })
    }
}
