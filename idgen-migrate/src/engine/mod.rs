//! What differs between engines: names, casts, discovery, and the steps of each phase.
//!
//! **Invariant:** a step is idempotent: done twice, or cut short and done again, it leaves what it
//! leaves when it is done once.

#[cfg(feature = "mysql")]
mod mariadb;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
mod twins;

pub(crate) use twins::and_refers;

use serde::Serialize;

#[cfg(feature = "sqlite")]
use crate::plan::Made;
use crate::plan::{Column, Definition, Kind, Plan};
use crate::session::{Engine, Session, Value};
use crate::target::{Lanes, Target};
use crate::{Error, Phase};

/// One thing that is done to the schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What it does, for people.
    pub title: String,
    /// What it holds while it runs.
    pub lock: Lock,
    /// The statements, in order.
    pub sql: Vec<String>,
    /// Whether they run in one transaction, where the engine's DDL can.
    pub transaction: bool,
    /// What is said before the transaction, and after it however it ends.
    pub frame: Option<(String, String)>,
    /// A query that names what would be lost by what is done: there must be nothing. It is asked in the
    /// transaction.
    #[serde(skip)]
    pub guard: Option<String>,
    /// A query that yields 1 where the step is done already.
    #[serde(skip)]
    pub done: Option<String>,
    /// A query that yields 1 where an earlier attempt left a ruin, and what removes it.
    #[serde(skip)]
    pub ruin: Option<(String, String)>,
    /// A query that counts the rows that do not allow what was done: there must be none. It is asked in
    /// the transaction, if there is one.
    #[serde(skip)]
    pub none: Option<String>,
}

/// How a step gets in the way of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lock {
    /// Not at all.
    None,
    /// It reads or writes whole tables, beside all other work.
    Beside,
    /// It keeps everybody out of its tables, for a moment.
    Moment,
    /// It keeps writers out while it reads or writes whole tables.
    Writers,
}

impl Step {
    /// Statements that keep everybody out for a moment, in one transaction.
    pub(crate) fn moment(title: impl Into<String>, sql: Vec<String>) -> Self {
        Self {
            title: title.into(),
            lock: Lock::Moment,
            sql,
            transaction: true,
            frame: None,
            guard: None,
            done: None,
            ruin: None,
            none: None,
        }
    }

    /// Statements that run beside other work, each by itself.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(crate) fn beside(title: impl Into<String>, sql: Vec<String>) -> Self {
        Self { lock: Lock::Beside, transaction: false, ..Self::moment(title, sql) }
    }

    pub(crate) fn unless(self, done: impl Into<String>) -> Self {
        Self { done: Some(done.into()), ..self }
    }
}

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

    /// A column of instants as whole Unix milliseconds, rounded down.
    fn millis(&self, expression: &str, column: &Column) -> String;

    /// Whether `(a, b) > (1, 2)` uses an index.
    fn compares_rows(&self) -> bool;

    /// What names a row for the length of a transaction, quicker than its key does; none where that can change
    /// meanwhile.
    fn row_name(&self) -> Option<&'static str> {
        None
    }

    /// Sets the column `new` of the table `to`, where it is NULL and the row is as given, by one
    /// parameter: a JSON list of pairs of texts, the row's name or `old`, and new.
    fn assign(&self, to: &str, old: &Column, new: &Column) -> String;

    /// Sets the column `new` of the table `child`, where it is NULL and the condition holds for
    /// `c`, by the row of `root` whose `old` is in `reference`.
    fn follow(&self, link: &Link<'_>, condition: &str) -> String {
        let Link { child, reference, new, root, root_old, root_new } = link;
        format!(
            "UPDATE {child} AS c SET {new} = r.{root_new} FROM {root} AS r \
             WHERE r.{root_old} = c.{reference} AND c.{new} IS NULL AND r.{root_new} IS NOT NULL \
             AND {condition}"
        )
    }

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

    /// A query that yields the tick of the last position that was taken in the trigger's lane: when somebody
    /// last wrote by old ids alone.
    fn trigger_tick(&self, plan: &Plan, lanes: &Lanes) -> String;

    /// Whether whoever waits for any lock of a table holds up all who come after.
    fn queues(&self) -> bool {
        false
    }

    /// A transaction that is going to write.
    fn begin(&self) -> &'static str;

    /// How long a session waits for a lock, and no longer.
    fn wait_for_locks(&self, millis: u64) -> String;

    /// A query that says whether the operator's lock of a migration was had: 1 for yes.
    fn try_hold(&self, name: &str) -> String;

    /// A query that says who holds the operator's lock.
    fn holder(&self, name: &str) -> String;

    /// A query that says who stands in the way of a lock, a line each; none where the engine does not say.
    fn holders(&self) -> Option<&'static str> {
        None
    }

    /// A query that yields a mark of this moment, and one that lists the transactions that are older
    /// than such a mark; none where the triggers see all that is committed, whoever writes.
    fn old_snapshots(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    /// A query that yields how many milliseconds the farthest replica lags behind; none where the engine
    /// does not know.
    fn replica_lag(&self) -> Option<&'static str> {
        None
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
    pub(crate) root: &'a str,
    pub(crate) root_old: &'a str,
    pub(crate) root_new: &'a str,
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

/// What a database says of its schema, before anything is concluded from it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalog {
    pub(crate) tables: Vec<crate::plan::Table>,
    pub(crate) columns: Vec<(usize, Column)>,
    pub(crate) indexes: Vec<FoundIndex>,
    pub(crate) references: Vec<crate::plan::Reference>,
    pub(crate) definitions: Vec<Definition>,
    pub(crate) odd: Vec<Odd>,
}

/// Something of columns that cannot be carried over to others.
#[cfg_attr(
    not(any(feature = "postgres", feature = "mysql")),
    allow(
        dead_code,
        reason = "SQLite makes tables anew from their texts, with all that is in them"
    )
)]
#[derive(Clone, Debug)]
pub(crate) struct Odd {
    pub(crate) table: usize,
    pub(crate) columns: Vec<String>,
    /// By which name it can be accepted.
    pub(crate) name: &'static str,
    pub(crate) what: String,
}

impl Catalog {
    /// Keeps the text of something, where the engine works on texts.
    #[cfg(feature = "sqlite")]
    fn define(&mut self, table: usize, what: Made, name: &str, sql: String) {
        self.definitions.push(Definition { table, what, name: name.into(), sql });
    }
}

/// An index as it was found.
#[derive(Clone, Debug)]
pub(crate) struct FoundIndex {
    pub(crate) index: crate::plan::Index,
    /// Why it cannot have a twin, if so.
    pub(crate) odd: Option<&'static str>,
}

/// What of the app's own stands on the old columns that are to go: what becomes of it, and its name.
pub(crate) async fn standing(
    session: &mut Session,
    plan: &Plan,
) -> Result<Vec<(String, String)>, Error> {
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
        Engine::Sqlite => sqlite::discover::look(session, plan).await,
        _ => {
            let _ = plan;
            Ok(())
        }
    }
}

/// Brings up to date what a plan keeps of the schema's texts.
pub(crate) async fn refresh(session: &mut Session, plan: &mut Plan) -> Result<(), Error> {
    match session.engine() {
        #[cfg(feature = "sqlite")]
        Engine::Sqlite => sqlite::discover::refresh(session, plan).await,
        _ => {
            let _ = plan;
            Ok(())
        }
    }
}

/// The condition that columns lie after `low` and not after `high`, and its parameters.
pub(crate) fn between(
    sql: &dyn Dialect,
    alias: &str,
    columns: &[&Column],
    low: Option<&[String]>,
    high: Option<&[String]>,
) -> (String, Vec<Value>) {
    let mut conditions = Vec::new();
    let mut parameters = Vec::new();
    for (bound, operator) in [(low, ">"), (high, "<=")] {
        let Some(bound) = bound else { continue };
        if sql.compares_rows() {
            let names: Vec<_> =
                columns.iter().map(|c| format!("{alias}.{}", sql.quote(&c.name))).collect();
            let values: Vec<_> = columns.iter().map(|c| sql.write("?", c)).collect();
            conditions.push(format!("({}) {operator} ({})", names.join(", "), values.join(", ")));
            parameters.extend(bound.iter().map(|value| Value::from(value.as_str())));
        } else {
            conditions.push(spelled(sql, alias, columns, bound, operator, &mut parameters));
        }
    }
    if conditions.is_empty() {
        conditions.push("1 = 1".into());
    }
    (conditions.join(" AND "), parameters)
}

/// A comparison of rows, spelled out: `a >= 1 AND (a > 1 OR (a = 1 AND b > 2))`.
fn spelled(
    sql: &dyn Dialect,
    alias: &str,
    columns: &[&Column],
    bound: &[String],
    operator: &str,
    parameters: &mut Vec<Value>,
) -> String {
    let strict = &operator[..1];
    let mut compare = |i: usize, operator: &str| {
        parameters.push(Value::from(bound[i].as_str()));
        let column = columns[i];
        format!("{alias}.{} {operator} {}", sql.quote(&column.name), sql.write("?", column))
    };
    let or_equal = format!("{strict}=");
    let mut spelled = compare(0, if columns.len() == 1 { operator } else { &or_equal });
    if columns.len() > 1 {
        let mut cases = Vec::new();
        for i in 0..columns.len() {
            let mut case: Vec<_> = (0..i).map(|j| compare(j, "=")).collect();
            case.push(compare(i, if i + 1 == columns.len() { operator } else { strict }));
            cases.push(format!("({})", case.join(" AND ")));
        }
        spelled = format!("{spelled} AND ({})", cases.join(" OR "));
    }
    spelled
}

/// The names in a JSON list.
pub(crate) fn names(json: Option<String>) -> Result<Vec<String>, Error> {
    let Some(json) = json else { return Ok(Vec::new()) };
    serde_json::from_str(&json).map_err(|error| Error::Kept(error.to_string()))
}
