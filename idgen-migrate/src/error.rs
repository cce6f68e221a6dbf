//! What can go wrong in a migration, and the way out.

use std::time::Duration;

use crate::Phase;
use crate::target::TargetError;

/// Why a migration could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database refused, or could not be reached.
    #[error("{doing}: {source}")]
    Database {
        /// What was being done.
        doing: String,
        /// What the driver says.
        source: sqlx::Error,
    },
    /// An address of no engine that was built in.
    #[error(
        "'{address}' is no address of a database; take postgres://, mysql:// or sqlite:PATH, and see that the engine was built in"
    )]
    Address {
        /// The address, without its password.
        address: String,
    },
    /// A server of MariaDB's protocol that is none.
    #[error(
        "the server is of version {version}, and no MariaDB: MySQL has no such triggers, sequences and changes in place; take MariaDB 10.6 or later"
    )]
    Server {
        /// What it says of itself.
        version: String,
    },
    /// What was found in the schema cannot be migrated.
    #[error("{0}")]
    Schema(String),
    /// There is no migration of this name.
    #[error("there is no migration '{name}' in this database; see which there are with status")]
    Unknown {
        /// The name.
        name: String,
    },
    /// There is one already.
    #[error(
        "the migration '{name}' is there already, in phase {phase}; go on with it, or roll it back first"
    )]
    Exists {
        /// Its name.
        name: String,
        /// Where it stands.
        phase: Phase,
    },
    /// Another migration is at work on the same columns.
    #[error(
        "{what} in the migration {name} too, which is in phase {phase}: end it first, or roll it back and forget it"
    )]
    Shared {
        /// What both have.
        what: String,
        /// The other one's name.
        name: String,
        /// Where it stands.
        phase: Phase,
    },
    /// Somebody else has moved it on.
    #[error(
        "the migration '{name}' is no longer at version {version}: another operator moved it; look at its status and decide again"
    )]
    Moved {
        /// Its name.
        name: String,
        /// The version that was expected.
        version: i64,
    },
    /// Somebody else is at work on it.
    #[error("another operator is at work on '{name}' ({holder}); wait for them")]
    Busy {
        /// Its name.
        name: String,
        /// Who.
        holder: String,
    },
    /// The gate of a phase, or of a stage of segments, is closed.
    #[error("the gate of {into} is closed: {reasons}")]
    Gate {
        /// The phase or stage that was to be entered.
        into: &'static str,
        /// What was found, one reason after the other.
        reasons: String,
    },
    /// Something is accepted that is no check.
    #[error("'{name}' is no check that could be accepted; there are {known}")]
    NoCheck {
        /// The name.
        name: String,
        /// The names of those that there are.
        known: String,
    },
    /// A lock was not to be had.
    #[error(
        "no lock for '{step}' after {attempts} attempts of up to {longest:?}, {in_all:?} in all: {holders}; end what holds it, or try when there is less load"
    )]
    Locked {
        /// The step that needs it.
        step: String,
        /// How often it was tried.
        attempts: u32,
        /// The longest wait.
        longest: Duration,
        /// How long all of them took together.
        in_all: Duration,
        /// Who holds it, as far as the database says.
        holders: String,
    },
    /// Transactions from before a step did not end.
    #[error(
        "{count} transactions are older than the backfill's end ({who}); end them, or wait longer"
    )]
    OldSnapshots {
        /// How many.
        count: usize,
        /// Who.
        who: String,
    },
    /// A replica did not catch up.
    #[error(
        "replica {replica} lags {lag:?} behind, and was waited for in vain for {waited:?}, until it lags no more than {most:?}; see to it or take it away, and go on, or let it lag farther"
    )]
    Lags {
        /// By what the server knows it.
        replica: String,
        /// How far it is behind.
        lag: Duration,
        /// How far it may be.
        most: Duration,
        /// How long it was waited for.
        waited: Duration,
    },
    /// There is no phase to go to.
    #[error("there is no way {way} from {from}")]
    NoWay {
        /// `on` or `back`.
        way: &'static str,
        /// The phase or stage.
        from: &'static str,
    },
    /// Steps have begun in one direction and have not ended, and this is not their way.
    #[error("'{name}' was stopped in the middle of its steps to {to}; {way} to end them first")]
    UnderWay {
        /// Its name.
        name: String,
        /// Where they lead.
        to: Phase,
        /// How they are ended.
        way: &'static str,
    },
    /// The new ids cannot be made.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// What the database keeps of the migration is not what was put there.
    #[error("what the database keeps of the migration cannot be read: {0}")]
    Kept(String),
    /// A failpoint of a test.
    #[error("stopped at the failpoint '{0}'")]
    Failpoint(String),
}

impl Error {
    pub(crate) fn database(doing: impl Into<String>) -> impl FnOnce(sqlx::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Database { doing, source }
    }

    /// Whether a lock was not had in time.
    #[must_use]
    pub fn is_lock_timeout(&self) -> bool {
        // PostgreSQL's lock_not_available, MariaDB's lock wait timeout, SQLite's BUSY and LOCKED with
        // their reasons.
        self.has_code(&["55P03", "1205", "5", "261", "517", "773", "6", "262"])
    }

    /// Whether the same again may well succeed: a deadlock, a serialization failure, or a statement of
    /// MariaDB that was prepared before a trigger came.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.is_lock_timeout()
            || self.has_code(&["40P01", "40001", "1213"])
            || self.is_of_earlier_triggers()
    }

    /// Whether MariaDB ran a statement that was prepared just before a trigger came: it then misses the
    /// trigger's tables.
    fn is_of_earlier_triggers(&self) -> bool {
        let Self::Database { source, .. } = self else { return false };
        self.has_code(&["1146"]) && source.to_string().contains("idgen_migrate_")
    }

    /// Whether MariaDB's cache has a table whose triggers a connection was reading when it was ended: it
    /// holds them broken for all, until they are made or the tables are flushed.
    pub(crate) fn is_of_broken_triggers(&self) -> bool {
        let Self::Database { source, .. } = self else { return false };
        self.has_code(&["1064"]) && source.to_string().contains(" has an error in its body")
    }

    /// Whether PostgreSQL refused a value by NOT NULL or a check.
    #[cfg(feature = "postgres")]
    pub(crate) fn is_of_check(&self) -> bool {
        self.has_code(&["23502", "23514"])
    }

    /// Whether a table is not there.
    pub(crate) fn is_no_table(&self) -> bool {
        let Self::Database { source, .. } = self else { return false };
        // SQLite has one code for all that is wrong with a statement.
        self.has_code(&["42P01", "3F000", "1146"])
            || self.has_code(&["1"]) && source.to_string().contains("no such table")
    }

    /// Whether the connection is gone.
    #[must_use]
    pub fn is_connection_lost(&self) -> bool {
        let Self::Database { source, .. } = self else { return false };
        matches!(source, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed)
            // Ended by an administrator, or by a server that stops.
            || self.has_code(&["57P01", "57P02", "57P03", "1927", "1053", "4031"])
    }

    fn has_code(&self, codes: &[&str]) -> bool {
        let Self::Database { source, .. } = self else { return false };
        let Some(error) = source.as_database_error() else { return false };
        let number = number_of(error);
        error.code().is_some_and(|code| codes.contains(&&*code))
            || number.is_some_and(|number| codes.contains(&number.as_str()))
    }
}

/// MariaDB's own number of an error: its SQLSTATEs say less.
fn number_of(error: &dyn sqlx::error::DatabaseError) -> Option<String> {
    #[cfg(feature = "mysql")]
    if let Some(error) = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
        return Some(error.number().to_string());
    }
    let _ = error;
    None
}
