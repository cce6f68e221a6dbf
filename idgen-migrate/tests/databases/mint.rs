//! Both ids of a new customer, whichever way the migration goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use idgen_core::IdScheme;
use idgen_core::generator::{Builder, Shared, Tailed};
use idgen_migrate::app::{Dual, Known, Live, Moment, New};
use idgen_migrate::target::LanedUuid;

use crate::shop::{Flake, Path, old_id};

/// A customer's ids, as texts.
pub(crate) type Customer = Known<String, String>;

/// Old ids as texts, and new ones by a generator.
type Texts<G> = Dual<fn() -> String, G>;

/// What makes the ids of new customers.
pub(crate) enum Mint {
    Flake(Box<Texts<Shared<Flake>>>),
    Uuid(Box<Texts<Tailed<LanedUuid>>>),
}

static OLD_IDS: AtomicU64 = AtomicU64::new(0);

impl Mint {
    pub(crate) fn new(path: Path, live: Arc<Live>, node: u64) -> Self {
        match path {
            Path::FlakeToUuid => {
                let ids = Builder::<LanedUuid>::new().node(node).tailed().unwrap();
                Self::Uuid(Box::new(Dual::new(
                    live,
                    || {
                        old_id(
                            Path::SequenceToFlake,
                            900_000_000_000_000_000_u64 + OLD_IDS.fetch_add(1, Ordering::Relaxed),
                        )
                    },
                    ids,
                )))
            }
            Path::UuidToFlake | Path::SequenceToFlake => {
                let ids = Builder::<Flake>::new().node(node).shared().unwrap();
                Self::Flake(Box::new(Dual::new(
                    live,
                    || {
                        old_id(
                            Path::UuidToFlake,
                            (1 << 40) + OLD_IDS.fetch_add(1, Ordering::Relaxed),
                        )
                    },
                    ids,
                )))
            }
        }
    }

    /// The ids of a new customer, as the app writes them at this moment.
    pub(crate) fn mint(&self, moment: Moment) -> Customer {
        fn texts<S: IdScheme>(ids: Known<String, idgen_core::Id<S>>) -> Customer {
            Known { old: ids.old, new: ids.new.map(|New(id)| New(id.to_string())) }
        }
        match self {
            Self::Flake(dual) => texts(dual.mint_at(moment).unwrap().ids),
            Self::Uuid(dual) => texts(dual.mint_at(moment).unwrap().ids),
        }
    }
}
