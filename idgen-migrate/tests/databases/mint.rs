//! Both ids of a new customer, whichever way the migration goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use idgen_core::IdScheme;
use idgen_core::generator::{Builder, Shared, Tailed};
use idgen_migrate::Phase;
use idgen_migrate::app::{Counted, Dual, Known, Live, Moment, New, Old};
use idgen_migrate::session::Engine;
use idgen_migrate::target::LanedUuid;

use crate::course::{advance_to, begin};
use crate::every_engine;
use crate::references::patient;
use crate::server::{Database, run};
use crate::shop::{self, Flake, Path, now, old_id};

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

/// In every phase a new row's ids are known after one statement, also where the database makes the old one.
async fn ids_of_rows_that_the_database_counts_are_known(engine: Engine) {
    let path = Path::SequenceToFlake;
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    shop::create(&mut session, path).await;
    shop::fill(&mut session, path, 10).await;
    let mut migration = begin(&database, path, patient()).await;
    let live = Arc::new(Live::join(&database.address, "customers", "web-1").await.unwrap());
    let new = Builder::<Flake>::new().node(1).shared().unwrap();
    let ids = Counted::new(Arc::clone(&live), new);
    for phase in Phase::ALL {
        advance_to(&mut migration, phase).await;
        assert_eq!(live.refresh().await.unwrap(), phase);
        let half = ids.mint().unwrap();
        let mut cells = vec![("name", "'new'".to_owned()), ("created_at", now(engine).into())];
        cells.extend(half.written().map(|New(id)| ("id_new", id.to_string())));
        let (columns, values): (Vec<_>, Vec<_>) = cells.into_iter().unzip();
        let insert = format!(
            "INSERT INTO customers ({}) VALUES ({})",
            columns.join(", "),
            values.join(", ")
        );
        let ask = match half.written() {
            Some(New(id)) => {
                run(&mut session, &insert).await;
                format!("SELECT id FROM customers WHERE id_new = {id}")
            }
            None => format!("{insert} RETURNING id"),
        };
        let told = match half.asks() {
            true => session.row(&ask, &[]).await.unwrap().map(|row| Old(row.integer(0).unwrap())),
            false => None,
        };
        let untold = ids.mint().unwrap().told::<i64>(None);
        assert_eq!(untold.is_err(), half.asks(), "{phase}: what the database made is not lost");
        let known = half.told(told).unwrap();
        let (old, new) = Moment::of(phase).columns();
        assert_eq!((known.old.is_some(), known.new.is_some()), (old, new), "{phase}");
        assert!(known.old.is_none_or(|Old(id)| id > 10), "{phase}: {known:?}");
    }
}

every_engine!(ids_of_rows_that_the_database_counts_are_known);
