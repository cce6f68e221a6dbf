//! A session with a database: the narrow waist that all engines share.
//!
//! Statements are text, with `?` for each parameter; parameters and results are integers and
//! texts, to which the statements cast. What is one engine's own stands in its file.

mod address;
mod driver;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
mod row;
mod silent;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use address::{engine_of, without_password};
pub use row::{Row, Value};

use crate::Error;
use crate::engine::dialect;
use silent::{Known, Patience, in_time};

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// PostgreSQL 13 or later.
    Postgres,
    /// MariaDB 10.6 or later. MySQL speaks its protocol, and is refused.
    MariaDb,
    /// SQLite, which is built in. Triggers run in the app's own: 3.35 or later, and 3.41 for UUIDs.
    Sqlite,
}

/// How long the operator's lock is asked for: a server notices a little later that whoever had it has ended.
const HOLD_FOR: Duration = Duration::from_secs(5);

/// How long to wait before it is asked for again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What was being done when a session could not be had.
const CONNECTING: &str = "cannot connect to the database";

/// How long a server may take to welcome a session.
const WELCOME_WITHIN: Duration = Duration::from_secs(10);
/// How long an app waits for an answer: for locks it waits for 5 s at most.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(7);

/// One connection.
#[derive(Debug)]
pub struct Session {
    connection: Connection,
    patience: Patience,
}

#[derive(Debug)]
enum Connection {
    #[cfg(feature = "postgres")]
    Postgres(Box<sqlx::PgConnection>),
    #[cfg(feature = "mysql")]
    MySql(Box<sqlx::MySqlConnection>),
    #[cfg(feature = "sqlite")]
    Sqlite(Box<sqlite::Connected>),
}

#[cfg(feature = "sqlite")]
impl Connection {
    /// Takes the lock of an engine that has no locks for its users: a file beside the database.
    fn hold_file(&mut self) -> Option<Result<Option<String>, Error>> {
        match self {
            Self::Sqlite(of) => Some(of.hold()),
            #[cfg(any(feature = "postgres", feature = "mysql"))]
            _ => None,
        }
    }
}

/// Calls one engine's own function, for as long as an answer may take.
macro_rules! of_engine {
    ($session:expr, $function:ident($($argument:expr),*)) => {{
        let patience = $session.patience.clone();
        in_time(patience, async {
            match &mut $session.connection {
                #[cfg(feature = "postgres")]
                Connection::Postgres(connection) => postgres::$function(connection, $($argument),*).await,
                #[cfg(feature = "mysql")]
                Connection::MySql(connection) => mysql::$function(connection, $($argument),*).await,
                #[cfg(feature = "sqlite")]
                Connection::Sqlite(of) => sqlite::$function(&mut of.connection, $($argument),*).await,
            }
        })
        .await
    }};
}

impl Session {
    /// A session with the database of this address: `postgres://`, `mysql://` or `sqlite:PATH`.
    ///
    /// # Errors
    /// If it cannot be reached, or is of no known engine.
    pub async fn connect(address: &str) -> Result<Self, Error> {
        let connection = in_time(Patience::Within(WELCOME_WITHIN), Self::welcome(address)).await?;
        Ok(Self { connection, patience: Patience::Endless })
    }

    async fn welcome(address: &str) -> Result<Connection, Error> {
        Ok(match engine_of(address) {
            #[cfg(feature = "postgres")]
            Some(Engine::Postgres) => Connection::Postgres(Box::new(
                postgres::connect(address).await.map_err(Error::database(CONNECTING))?,
            )),
            #[cfg(feature = "mysql")]
            Some(Engine::MariaDb) => Connection::MySql(Box::new(mysql::connect(address).await?)),
            #[cfg(feature = "sqlite")]
            Some(Engine::Sqlite) => Connection::Sqlite(Box::new(
                sqlite::connect(address).await.map_err(Error::database(CONNECTING))?,
            )),
            _ => return Err(Error::Address { address: without_password(address) }),
        })
    }

    /// The same session, whose server is taken for lost where an answer takes longer: for statements that never
    /// take long.
    pub(crate) fn answering_within(self, limit: Duration) -> Self {
        Self { patience: Patience::Within(limit), ..self }
    }

    /// A session whose statements may take long: its server is taken for lost where it does not know the
    /// connection any more, or cannot be reached on another one.
    pub(crate) async fn connect_for_long(address: &str) -> Result<Self, Error> {
        let mut session = Self::connect(address).await?;
        let Some((mine, _)) = dialect(session.engine()).connection() else { return Ok(session) };
        let id = session.number(mine, &[]).await?;
        let known = Known { address: address.into(), id };
        Ok(Self { patience: Patience::While(Arc::new(known)), ..session })
    }

    /// The engine at the other end.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match &self.connection {
            #[cfg(feature = "postgres")]
            Connection::Postgres(_) => Engine::Postgres,
            #[cfg(feature = "mysql")]
            Connection::MySql(_) => Engine::MariaDb,
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(_) => Engine::Sqlite,
        }
    }

    /// Runs statements without parameters, as they are.
    ///
    /// # Errors
    /// If the database refuses one.
    pub async fn run(&mut self, sql: &str) -> Result<(), Error> {
        of_engine!(self, run(sql)).map_err(Error::database(shortened(sql)))
    }

    /// Ends a transaction, and leaves none open where the database refuses.
    ///
    /// # Errors
    /// If the database refuses.
    pub(crate) async fn commit(&mut self) -> Result<(), Error> {
        let ended = self.run("COMMIT").await;
        if ended.is_err() {
            // SQLite's may be busy, and then goes on. The first error is the one to tell.
            let _ = self.run("ROLLBACK").await;
        }
        ended
    }

    /// Ends a transaction by what came of it: what went wrong in it is undone, and told.
    pub(crate) async fn end<T>(&mut self, done: Result<T, Error>) -> Result<T, Error> {
        match done {
            Ok(found) => self.commit().await.map(|()| found),
            Err(error) => {
                // The first error is the one to tell.
                let _ = self.run("ROLLBACK").await;
                Err(error)
            }
        }
    }

    /// Lets transactions of this session be written to the disk a moment later, where the engine can: a crash of
    /// the machine may take the last ones back, whole, and never what another session wrote after them.
    pub(crate) async fn write_behind(&mut self) -> Result<(), Error> {
        let Some((behind, only)) = dialect(self.engine()).write_behind() else { return Ok(()) };
        let mode = self.row(only.0, &[]).await?.and_then(|row| row.optional(0));
        if mode.as_deref() == Some(only.1) { self.run(behind).await } else { Ok(()) }
    }

    /// Takes the operator's lock of a migration, which ends with the session; who has it otherwise, and
    /// goes on to have it for a while.
    pub(crate) async fn hold(&mut self, name: &str) -> Result<Option<String>, Error> {
        let begun = tokio::time::Instant::now();
        loop {
            let holder = self.try_hold(name).await?;
            if holder.is_none() || begun.elapsed() >= HOLD_FOR {
                return Ok(holder);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn try_hold(&mut self, name: &str) -> Result<Option<String>, Error> {
        #[cfg(feature = "sqlite")]
        if let Some(held) = self.connection.hold_file() {
            return held;
        }
        let sql = dialect(self.engine());
        if self.number(&sql.try_hold(name), &[]).await? == 1 {
            return Ok(None);
        }
        let holder = self.row(&sql.holder(name), &[]).await?;
        Ok(Some(holder.and_then(|row| row.optional(0)).unwrap_or("unknown".into())))
    }

    /// Runs one statement, and says how many rows it changed.
    ///
    /// # Errors
    /// If the database refuses it.
    pub async fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, Error> {
        of_engine!(self, execute(sql, parameters)).map_err(Error::database(shortened(sql)))
    }

    /// Calls `each` for every row of a query as it arrives.
    ///
    /// # Errors
    /// If the database refuses it, or `each` does.
    pub async fn stream(
        &mut self,
        sql: &str,
        parameters: &[Value],
        each: &mut (dyn FnMut(Row) -> Result<(), Error> + Send),
    ) -> Result<(), Error> {
        of_engine!(self, stream(sql, parameters, each))
    }

    /// The rows of several statements without parameters, in one round trip; what to say after one was
    /// refused, so that nothing stays begun.
    pub(crate) async fn batch(&mut self, sql: &str, after: &str) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        let mut keep = |row| {
            rows.push(row);
            Ok(())
        };
        let ended = of_engine!(self, batch(sql, &mut keep));
        if ended.is_err() && !after.is_empty() {
            // The first error is the one to tell.
            let _ = self.run(after).await;
        }
        ended.map(|()| rows)
    }

    /// The rows of a query.
    ///
    /// # Errors
    /// If the database refuses it.
    pub async fn rows(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        let mut keep = |row| {
            rows.push(row);
            Ok(())
        };
        self.stream(sql, parameters, &mut keep).await?;
        Ok(rows)
    }

    /// The first row of a query, if there is one.
    ///
    /// # Errors
    /// If the database refuses it.
    pub async fn row(&mut self, sql: &str, parameters: &[Value]) -> Result<Option<Row>, Error> {
        Ok(self.rows(sql, parameters).await?.into_iter().next())
    }

    /// The integer that a query yields in its first row; 0 where there is none.
    ///
    /// # Errors
    /// If the database refuses it.
    pub async fn number(&mut self, sql: &str, parameters: &[Value]) -> Result<i64, Error> {
        match self.row(sql, parameters).await? {
            Some(row) if row.0.first() != Some(&Value::Null) => row.integer(0),
            _ => Ok(0),
        }
    }
}

/// The beginning of a statement, for messages.
fn shortened(sql: &str) -> String {
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
