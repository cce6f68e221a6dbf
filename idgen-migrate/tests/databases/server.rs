//! A database of each test's own.

use std::sync::atomic::{AtomicU32, Ordering};

use idgen_migrate::session::{Engine, Session};

/// A fresh database. It is gone with its server.
pub(crate) struct Database {
    pub(crate) address: String,
    pub(crate) engine: Engine,
    /// Where a database is that has no server.
    _folder: Option<tempfile::TempDir>,
}

impl Database {
    pub(crate) async fn new(engine: Engine) -> Self {
        if engine == Engine::Sqlite {
            return Self::file("PRAGMA journal_mode = WAL").await;
        }
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("idgen_migrate_{}_{number}", std::process::id());
        let variable = match engine {
            Engine::Postgres => "IDGEN_TEST_POSTGRES",
            Engine::MariaDb | Engine::Sqlite => "IDGEN_TEST_MYSQL",
        };
        let server = std::env::var(variable).unwrap_or_else(|_| {
            panic!("{variable} is not set; scripts/test migrate starts a server")
        });
        let mut admin = Session::connect(&server).await.unwrap();
        admin.run(&format!("CREATE DATABASE {name}")).await.unwrap();
        let (host, _) = server.rsplit_once('/').unwrap();
        Self { address: format!("{host}/{name}"), engine, _folder: None }
    }

    /// A file of SQLite's, with this said in it first.
    pub(crate) async fn file(sql: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        // An empty file is an empty database.
        std::fs::write(&path, "").unwrap();
        let address = format!("sqlite:{}", path.display());
        run(&mut Session::connect(&address).await.unwrap(), sql).await;
        Self { address, engine: Engine::Sqlite, _folder: Some(folder) }
    }

    pub(crate) async fn session(&self) -> Session {
        Session::connect(&self.address).await.unwrap()
    }
}

/// Runs a statement on the migrated table that no trigger of ours sees; where an engine cannot be asked for that, they
/// are off until the next phase that makes them.
pub(crate) async fn run_past_triggers(session: &mut Session, migration: &str, sql: &str) {
    let sql = match session.engine() {
        Engine::Postgres => format!(
            "SET session_replication_role = replica; {sql}; SET session_replication_role = origin"
        ),
        Engine::MariaDb => format!("DROP TRIGGER IF EXISTS idgen_{migration}_00_update; {sql}"),
        Engine::Sqlite => {
            format!("DROP TRIGGER IF EXISTS idgen_migrate_{migration}_00_update; {sql}")
        }
    };
    run(session, &sql).await;
}

/// Runs statements that must succeed.
pub(crate) async fn run(session: &mut Session, sql: &str) {
    if let Err(error) = session.run(sql).await {
        panic!("{error}\n{sql}");
    }
}
