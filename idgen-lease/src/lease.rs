//! Settings of a lease, and how it starts.

use core::time::Duration;
use std::fmt;
use std::sync::Arc;

use idgen_core::catalog::Settings;
use idgen_core::generator::{BuildError, ErasedGenerator};
use idgen_core::{IdScheme, Scheme};

use crate::keeper::Tenancy;
use crate::{Event, Interval, LeaseError, Leased, Realm, Store, Wanted, Watch};

/// How long starting may wait where nothing else is said.
pub(crate) const MAX_START_WAIT: Duration = Duration::from_secs(10);

/// How long a generator waits for an id where nothing else is said, and two ticks at least.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// Settings of a lease.
///
/// | setting | default |
/// |---|---|
/// | [`settings`](Self::settings), [`node`](Self::node) | any free node id, one of them; the generator's defaults |
/// | [`namespace`](Realm::named) | the scheme's name |
/// | [`interval`](Self::interval) | the store's longest window, less the drift, which may be half of it: 2 s in a folder |
/// | [`max_start_wait`](Self::max_start_wait) | 10 s |
/// | [`watch`](Self::watch) | nobody is told of events |
/// | [`without_keeper`](Self::without_keeper) | a thread keeps it |
///
/// # Example
/// ```
/// use core::time::Duration;
/// use idgen_core::generator::{Builder, Generator};
/// use idgen_lease::{Event, FileStore, Lease};
/// use idgen_snowflake::Snowflake;
///
/// let folder = tempfile::tempdir()?;
/// let longest = Duration::from_millis(50);
/// let ids = Lease::of::<Snowflake>(FileStore::new(folder.path()).longest_window(longest))
///     .node(7)
///     .watch(|event: &Event| eprintln!("{event:?}"))
///     .start(|settings| Builder::<Snowflake>::new().settings(settings).laned())?;
/// assert_eq!(ids.generate()?.node(), 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "a lease makes no generator before `start` is called"]
pub struct Lease {
    pub(crate) realm: Realm,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) settings: Settings,
    pub(crate) interval: Option<Interval>,
    pub(crate) max_start_wait: Duration,
    pub(crate) watch: Option<Arc<dyn Watch>>,
    pub(crate) kept: bool,
}

impl Lease {
    /// A lease of a node id of the scheme `S`, in the namespace of its name.
    pub fn of<S: IdScheme>(store: impl Store + 'static) -> Self {
        Self::new(Realm::of(Scheme::of::<S>()), store)
    }

    /// A lease of a node id of this realm.
    pub fn new(realm: Realm, store: impl Store + 'static) -> Self {
        Self {
            realm,
            store: Arc::new(store),
            settings: Settings::default(),
            interval: None,
            max_start_wait: MAX_START_WAIT,
            watch: None,
            kept: true,
        }
    }

    /// This node id, and none other. A child of fork gets none then.
    pub fn node(mut self, node: u64) -> Self {
        self.settings.node = Some(node);
        self
    }

    /// Settings of the generator: its node id if it must be a certain one, the size of its block, drift
    /// and waits.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// How far ahead windows reach.
    pub fn interval(mut self, interval: Interval) -> Self {
        self.interval = Some(interval);
        self
    }

    /// How long starting may wait for the clock to reach the first window. A wait of one longest window, or of two ticks
    /// where they are longer, is never too long: a new store begins so far ahead of the clock.
    pub fn max_start_wait(mut self, wait: Duration) -> Self {
        self.max_start_wait = wait;
        self
    }

    /// Tells this of every event.
    pub fn watch(mut self, watch: impl Watch + 'static) -> Self {
        self.watch = Some(Arc::new(watch));
        self
    }

    /// Starts no thread: whoever owns the generator calls [`Leased::keep`] in its stead, and waits for the disk in that
    /// and where he drops the generator.
    pub fn without_keeper(mut self) -> Self {
        self.kept = false;
        self
    }

    /// Takes a node id, builds the generator with it, waits until the first id may be issued, and grants it its
    /// first window then.
    ///
    /// `make` is called with settings that hold the node id, and that leave the generator without a
    /// window: give them to a [`Builder`](idgen_core::generator::Builder) or to a catalog entry. In a
    /// child of fork, or when the node id is lost, it is called again.
    ///
    /// # Errors
    /// If no node id is to be had, the generator's settings do not do, or the first id would have to
    /// wait for too long.
    pub fn start<G: ErasedGenerator + 'static>(
        self,
        make: impl Fn(&Settings) -> Result<G, BuildError> + Send + Sync + 'static,
    ) -> Result<Leased<G>, LeaseError> {
        Tenancy::begin(self, Arc::new(make)).map(Leased::new)
    }

    pub(crate) fn wanted(&self) -> Result<Wanted, LeaseError> {
        let bits = self.settings.block_bits;
        match self.settings.node {
            Some(node) => self.realm.block(node, bits).map(Wanted::This),
            None => self.realm.block(0, bits).map(|_| Wanted::Any { bits }),
        }
    }

    pub(crate) fn max_wait(&self) -> Duration {
        let two_ticks = self.realm.scheme().timebase.map_or(Duration::ZERO, |base| base.tick() * 2);
        self.settings.max_wait.unwrap_or(MAX_WAIT.max(two_ticks))
    }

    pub(crate) fn tell(&self, event: &Event) {
        if let Some(watch) = &self.watch {
            watch.event(event);
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Lease");
        shown.field("realm", &self.realm).field("store", &self.store).finish_non_exhaustive()
    }
}
