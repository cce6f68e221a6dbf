//! Migrations on real databases, under load: the whole course, crashes, races, and ways back.
//!
//! Those on PostgreSQL and MariaDB are ignored unless asked for: `scripts/test migrate` starts the
//! servers. SQLite is built in. How large they are says IDGEN_TEST_MIGRATE_ROWS.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod acting;
mod actor;
mod clocks;
mod connections;
mod course;
mod crashes;
mod created;
mod defaults;
mod deletions;
mod dependents;
mod domains;
mod dotted;
mod drift;
mod dump;
mod early;
mod empty;
mod gates;
mod heard;
mod hurry;
mod instances;
mod kept;
mod keyless;
mod keys;
mod load;
mod locks;
mod mariadb;
mod mint;
mod odd;
mod odd_sqlite;
mod outlying;
mod races;
mod record;
mod references;
mod rekeyed;
mod rights;
mod rollback;
mod saved;
mod segments;
mod server;
mod several;
mod shop;
mod silence;
mod snapshots;
mod sqlite;
mod status;
mod turns;
mod upserts;
mod wire;

/// Makes a test of each function for each engine: those with a server are ignored unless asked for.
#[macro_export]
macro_rules! every_engine {
    ($($check:ident),+) => {
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            #[ignore = "needs a PostgreSQL: scripts/test migrate"]
            async fn $check() {
                super::$check(idgen_migrate::session::Engine::Postgres).await;
            })+
        }

        mod mariadb {
            $(#[tokio::test(flavor = "multi_thread")]
            #[ignore = "needs a MariaDB: scripts/test migrate"]
            async fn $check() {
                super::$check(idgen_migrate::session::Engine::MariaDb).await;
            })+
        }

        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $check() {
                super::$check(idgen_migrate::session::Engine::Sqlite).await;
            })+
        }
    };
}
