//! What differs between engines: names, casts, discovery, and the steps of each phase.
//!
//! **Invariant:** a step is idempotent: done twice, or cut short and done again, it leaves what it
//! leaves when it is done once.

mod acting;
mod bounds;
mod catalog;
#[cfg(feature = "mysql")]
mod mariadb;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
mod step;
mod twins;

pub(crate) use bounds::between;
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use catalog::Odd;
pub(crate) use catalog::{Catalog, FoundIndex};
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use step::both;
pub use step::{Lock, Step, Work};
pub(crate) use twins::and_refers;

use crate::plan::{Column, Kind, Plan};
use crate::session::{Engine, Session};
use crate::target::{Lanes, Target};
use crate::{Error, Phase};

/// An engine's own SQL.
pub(crate) trait Dialect: Sync {
    /// A name as the engine quotes it.
    fn quote(&self, name: &str) -> String;

    /// A text as a literal.
    fn literal(&self, text: &str) -> String {
        format!("'{}'", text.replace('\'', "''"))
    }

    /// The name of a table of our own.
    fn own(&self, table: &str) -> String;

    /// What makes our own tables, where they are not there.
    fn prepare(&self) -> Vec<String>;

    /// The type of texts of any length.
    fn long_text(&self) -> &'static str {
        "TEXT"
    }

    /// A column as text or integer.
    fn read(&self, expression: &str, kind: Kind) -> String;

    /// A text or integer as a value for a column.
    fn write(&self, parameter: &str, column: &Column) -> String;

    /// The column of the new ids.
    fn new_column(&self, target: &Target, name: &str) -> Column;

    /// A column of instants, or of numbers as [`of_number`] has them, as whole Unix milliseconds, rounded down.
    fn millis(&self, expression: &str, column: &Column) -> String;

    /// Whether `(a, b) > (1, 2)` uses an index.
    fn compares_rows(&self) -> bool;

    /// By what the rows of a table lie that has no key, and a query that yields in order after which places chunks
    /// of about so many rows end; none where the engine does not show it. A row that moves may be met twice, which
    /// does nothing, or by no chunk, and is filled when all are done.
    fn places(&self, _table: &str, _chunk_rows: i64) -> Option<(Column, String)> {
        None
    }

    /// What names a row for the length of a transaction, quicker than its key does; none where that can change
    /// meanwhile.
    fn row_name(&self) -> Option<&'static str> {
        None
    }

    /// Sets the column `new` of the plan's table `to`, where it is NULL and the row is as given, by one
    /// parameter: a JSON list of pairs of texts, the row's name or `old`, and new.
    fn assign(&self, plan: &Plan, to: usize, old: &Column, new: &Column) -> String;

    /// Sets the column `new` of the table `child`, where it is NULL and the condition holds for
    /// `c`, by the row of `root` whose `old` is in `reference`.
    fn follow(&self, link: &Link<'_>, condition: &str) -> String {
        let Link { child, reference, new, root, root_old, root_new, .. } = link;
        format!(
            "UPDATE {child} AS c SET {new} = r.{root_new} FROM {root} AS r \
             WHERE r.{root_old} = c.{reference} AND c.{new} IS NULL AND r.{root_new} IS NOT NULL \
             AND {condition}"
        )
    }

    /// The condition of `c` by which no more than so many of the rows follow that have not and could.
    fn some(&self, link: &Link<'_>, rows: i64) -> String;

    /// The whole part of a number divided by another.
    fn quotient(&self, number: &str, by: u128) -> String {
        format!("({number} / {by})")
    }

    /// Whether there is one writer at a time, so that several workers would only be in each other's way.
    fn writes_alone(&self) -> bool {
        false
    }

    /// What lets a session's transactions be written to the disk a moment later, and what a query has to yield
    /// for that; none where the engine waits for several at once.
    fn write_behind(&self) -> Option<(&'static str, (&'static str, &'static str))> {
        None
    }

    /// Now, in whole Unix milliseconds.
    fn now(&self) -> &'static str;

    /// A query that names what of the app's own stands on the old columns, and what becomes of it when
    /// they go; none where the last phase asks for itself.
    fn standing(&self, _plan: &Plan) -> Option<String> {
        None
    }

    /// A query that names what of the app's own stands on the primary keys themselves, while they are of the old columns,
    /// or of the new ones; none where nothing can.
    fn standing_on_keys(&self, _plan: &Plan, _new: bool) -> Option<String> {
        None
    }

    /// A query that yields the tick of the last position that was taken in the trigger's lane: when somebody
    /// last wrote by old ids alone.
    fn trigger_tick(&self, plan: &Plan, lanes: &Lanes) -> String;

    /// Whether whoever waits for any lock of a table holds up all who come after.
    fn queues(&self) -> bool {
        false
    }

    /// A transaction that is going to write.
    fn begin(&self) -> &'static str;

    /// How long a session waits for a lock, and no longer: in whole steps of the engine's, see [`Self::waits`].
    fn wait_for_locks(&self, millis: u64) -> String;

    /// For how many milliseconds the engine waits where it is asked to wait for so many.
    fn waits(&self, millis: u64) -> u64 {
        millis
    }

    /// A query that says whether the operator's lock of a migration was had: 1 for yes.
    fn try_hold(&self, name: &str) -> String;

    /// A query that yields by what the server knows this connection, and one that counts those it knows by that;
    /// none where there is no server.
    fn connection(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    /// A query that says who holds the operator's lock.
    fn holder(&self, name: &str) -> String;

    /// A query that says who stands in the way of the locks that these statements want, a line each, who has been there
    /// longest first; none where the engine does not say.
    fn holders(&self, _statements: &str) -> Option<String> {
        None
    }

    /// A query that yields a mark of this moment, and one that lists the transactions that are older
    /// than such a mark; none where the triggers see all that is committed, whoever writes.
    fn old_snapshots(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    /// A query that yields how many milliseconds the farthest replica lags behind, and its name, or no row where
    /// there is none that lags; none where the engine does not know.
    fn replica_lag(&self) -> Option<&'static str> {
        None
    }

    /// The steps that have the triggers of a backfill read anew, where a connection that was lost while
    /// it read them leaves them broken for all others.
    fn read_triggers(&self, _plan: &Plan, _lanes: &Lanes) -> Result<Vec<Step>, Error> {
        Ok(Vec::new())
    }

    /// The steps that enter a phase.
    fn enter(&self, plan: &Plan, lanes: &Lanes, to: Phase) -> Result<Vec<Step>, Error>;

    /// The steps that leave a phase for the one before.
    fn leave(&self, plan: &Plan, lanes: &Lanes, from: Phase) -> Result<Vec<Step>, Error>;

    /// The table's name with its schema.
    fn table(&self, plan: &Plan, table: usize) -> String {
        let table = &plan.tables[table];
        match &table.schema {
            Some(schema) => format!("{}.{}", self.quote(schema), self.quote(&table.name)),
            None => self.quote(&table.name),
        }
    }

    /// Names, quoted and separated by commas.
    fn list(&self, names: &[&str]) -> String {
        names.iter().map(|name| self.quote(name)).collect::<Vec<_>>().join(", ")
    }
}

/// The condition that ids in a column are of the trigger's lane.
pub(crate) fn of_lane(sql: &dyn Dialect, lanes: &Lanes, new: &Column) -> Result<String, Error> {
    let column = sql.quote(&new.name);
    if let Some((weight, count, node)) = lanes.trigger_digits()? {
        return Ok(format!("{} % {count} = {node}", sql.quotient(&column, weight)));
    }
    // Of a UUID the digits 17 to 19 are variant and node.
    let digits = idgen_core::text::Form::Hex.encode(lanes.triggered(0)?);
    let text = format!("lower(replace({}, '-', ''))", sql.read(&column, new.kind));
    Ok(format!("substr({text}, 17, 3) = '{}'", &digits[16..19]))
}

/// A column that follows the migrated key.
pub(crate) struct Link<'a> {
    pub(crate) child: &'a str,
    pub(crate) reference: &'a str,
    pub(crate) new: &'a str,
    /// Columns of the child that become the time of an update which does not name them.
    #[cfg_attr(
        not(feature = "mysql"),
        allow(dead_code, reason = "other engines have no such columns")
    )]
    pub(crate) touched: &'a [String],
    pub(crate) root: &'a str,
    pub(crate) root_old: &'a str,
    pub(crate) root_new: &'a str,
}

impl Link<'_> {
    /// The query of what names rows that have not followed and could, no more than so many.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    fn open(&self, name: &str, rows: i64) -> String {
        let Link { child, reference, new, root, root_old, root_new, .. } = self;
        format!(
            "SELECT o.{name} FROM {child} AS o JOIN {root} AS r ON r.{root_old} = o.{reference} \
             WHERE o.{new} IS NULL AND r.{root_new} IS NOT NULL LIMIT {rows}"
        )
    }
}

/// The SQL of an engine.
pub(crate) fn dialect(engine: Engine) -> &'static dyn Dialect {
    match engine {
        #[cfg(feature = "postgres")]
        Engine::Postgres => &postgres::Postgres,
        #[cfg(feature = "mysql")]
        Engine::MariaDb => &mariadb::MariaDb,
        #[cfg(feature = "sqlite")]
        Engine::Sqlite => &sqlite::Sqlite,
        // No session can be had of an engine that was left out.
        #[allow(unreachable_patterns, reason = "reached where an engine is left out")]
        _ => unreachable!("no session is of an engine that was left out"),
    }
}

/// What of the app's own stands on the old columns that are to go: what becomes of it, and its name.
pub(crate) async fn standing(
    session: &mut Session,
    plan: &Plan,
) -> Result<Vec<(String, String)>, Error> {
    #[cfg(feature = "sqlite")]
    if plan.engine == Engine::Sqlite && !plan.keep_key {
        return Ok(sqlite::losses::standing(plan));
    }
    let Some(query) = dialect(plan.engine).standing(plan).filter(|_| !plan.keep_key) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for row in session.rows(&query, &[]).await? {
        found.push((row.text(0)?, row.text(1)?));
    }
    // What stands on several of them stands there once.
    found.sort();
    found.dedup();
    Ok(found)
}

/// What of the app's own stands on the primary keys that are to change, while they are of the old columns or of the new
/// ones.
pub(crate) async fn standing_on_keys(
    session: &mut Session,
    plan: &Plan,
    new: bool,
) -> Result<Vec<String>, Error> {
    let Some(query) = dialect(plan.engine).standing_on_keys(plan, new) else {
        return Ok(Vec::new());
    };
    session.rows(&query, &[]).await?.iter().map(|row| row.text(0)).collect()
}

/// What of the app's own acts on the updates that fill new columns: what becomes of it, and the way out.
pub(crate) async fn acting(session: &mut Session, plan: &Plan) -> Result<Vec<String>, Error> {
    match session.engine() {
        #[cfg(feature = "postgres")]
        Engine::Postgres => postgres::acting::told(session, plan).await,
        #[cfg(feature = "mysql")]
        Engine::MariaDb => mariadb::acting::told(session, plan).await,
        #[cfg(feature = "sqlite")]
        Engine::Sqlite => sqlite::acting::told(session, plan).await,
        #[allow(unreachable_patterns, reason = "reached where an engine is left out")]
        _ => unreachable!("no session is of an engine that was left out"),
    }
}

/// Reads the schema that a table is in.
pub(crate) async fn catalog(session: &mut Session) -> Result<Catalog, Error> {
    match session.engine() {
        #[cfg(feature = "postgres")]
        Engine::Postgres => postgres::discover::catalog(session).await,
        #[cfg(feature = "mysql")]
        Engine::MariaDb => mariadb::discover::catalog(session).await,
        #[cfg(feature = "sqlite")]
        Engine::Sqlite => sqlite::discover::catalog(session).await,
        #[allow(unreachable_patterns, reason = "reached where an engine is left out")]
        _ => unreachable!("no session is of an engine that was left out"),
    }
}

/// Completes a plan by what its tables hold, where the schema alone does not tell.
pub(crate) async fn look(session: &mut Session, plan: &mut Plan) -> Result<(), Error> {
    match session.engine() {
        #[cfg(feature = "sqlite")]
        Engine::Sqlite => sqlite::look::look(session, plan).await,
        #[cfg(feature = "postgres")]
        Engine::Postgres => postgres::discover::look(session, plan).await,
        #[cfg(feature = "mysql")]
        Engine::MariaDb => {
            mariadb::defaults::look(plan);
            mariadb::discover::look(plan)
        }
        #[allow(unreachable_patterns, reason = "reached where an engine is left out")]
        _ => unreachable!("no session is of an engine that was left out"),
    }
}

/// Brings up to date what a plan keeps of the schema for what its statements must not lose.
pub(crate) async fn refresh(session: &mut Session, plan: &mut Plan) -> Result<(), Error> {
    match session.engine() {
        #[cfg(feature = "sqlite")]
        Engine::Sqlite => sqlite::discover::refresh(session, plan).await,
        #[cfg(feature = "mysql")]
        Engine::MariaDb => mariadb::discover::refresh(session, plan).await,
        _ => {
            let _ = plan;
            Ok(())
        }
    }
}

/// A whole number as milliseconds of Unix time: below 10^11 it is one of seconds.
pub(crate) fn of_number(number: &str) -> String {
    format!(
        "CASE WHEN {number} BETWEEN -99999999999 AND 99999999999 THEN {number} * 1000 ELSE {number} END"
    )
}

/// The names in a JSON list.
pub(crate) fn names(json: Option<String>) -> Result<Vec<String>, Error> {
    let Some(json) = json else { return Ok(Vec::new()) };
    serde_json::from_str(&json).map_err(|error| Error::Kept(error.to_string()))
}
