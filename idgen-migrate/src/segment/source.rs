//! Where a key's numbers come from, and how a segment of them is taken.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::engine::{Dialect, Step, dialect};
use crate::plan::{Column, Table, locate};
use crate::session::{Engine, Session};

/// Where the numbers of a key come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The database's kind.
    pub engine: Engine,
    /// The table, as the engine quotes it.
    pub table: String,
    /// The table's name alone.
    pub name: String,
    /// The key, as the engine quotes it.
    pub key: String,
    /// What counts.
    pub counter: Counter,
}

/// What counts a key's numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counter {
    /// A sequence, which is the key's default.
    Sequence {
        /// Its name, as the engine quotes it.
        name: String,
        /// The default that asks it.
        default: String,
    },
    /// A sequence of PostgreSQL that belongs to an identity column.
    Identity {
        /// Its name, as the engine quotes it.
        name: String,
        /// Whether the column refused other numbers.
        always: bool,
    },
    /// MariaDB's AUTO_INCREMENT.
    AutoIncrement,
    /// SQLite's AUTOINCREMENT.
    Rowid,
}

/// Finds out where the numbers of a table's key come from.
///
/// # Errors
/// If they come from nowhere, or are no line of numbers that grows by one.
pub async fn find(session: &mut Session, table: &str, key: Option<&str>) -> Result<Source, Error> {
    let (found, column) = locate(session, table, key).await?;
    let engine = session.engine();
    let sql = dialect(engine);
    let quoted = match &found.schema {
        Some(schema) => format!("{}.{}", sql.quote(schema), sql.quote(&found.name)),
        None => sql.quote(&found.name),
    };
    let counter = match engine {
        Engine::Postgres => postgres(session, &quoted, &column).await?,
        Engine::MariaDb => mariadb(session, &column).await?,
        Engine::Sqlite => sqlite(session, &found).await?,
    };
    let counter = counter.ok_or_else(|| {
        Error::Schema(format!(
            "nothing counts {}.{} that a range could be taken from without getting in the way of others; a sequence, an identity column, AUTO_INCREMENT or SQLite's AUTOINCREMENT can",
            found.name, column.name
        ))
    })?;
    Ok(Source { engine, table: quoted, name: found.name, key: sql.quote(&column.name), counter })
}

/// Numbers that grow by one, and never begin again.
fn by_one(name: &str, step: i64, cycles: bool) -> Result<(), Error> {
    if step == 1 && !cycles {
        return Ok(());
    }
    let how = if cycles { "begins again at its end".into() } else { format!("grows by {step}") };
    Err(Error::Schema(format!(
        "{name} {how}; segments are of numbers that grow by one, and never come again"
    )))
}

async fn postgres(
    session: &mut Session,
    table: &str,
    column: &Column,
) -> Result<Option<Counter>, Error> {
    // What the default asks: a serial column owns a sequence of its own, also where its default asks another by now.
    let query = "SELECT CASE WHEN a.attidentity <> '' THEN pg_get_serial_sequence(?::text, ?::text) \
        ELSE (SELECT format('%I.%I', n.nspname, s.relname) FROM pg_class s JOIN pg_namespace n ON n.oid = s.relnamespace \
        WHERE s.oid = to_regclass(substring(pg_get_expr(d.adbin, d.adrelid) from 'nextval\\(''([^'']+)'''))) END, a.attidentity::text, \
        pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a \
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
        WHERE a.attrelid = (?::text)::regclass AND a.attname = ?::text";
    let name = column.name.as_str();
    let parameters = [table.into(), name.into(), table.into(), name.into()];
    let Some(row) = session.row(query, &parameters).await? else { return Ok(None) };
    let Some(sequence) = row.optional(0) else { return Ok(None) };
    let settings =
        "SELECT seqincrement, seqcycle::int FROM pg_sequence WHERE seqrelid = (?::text)::regclass";
    if let Some(row) = session.row(settings, &[sequence.as_str().into()]).await? {
        by_one(&sequence, row.integer(0)?, row.integer(1)? == 1)?;
    }
    Ok(match (row.optional(1).as_deref(), row.optional(2)) {
        (Some("a"), _) => Some(Counter::Identity { name: sequence, always: true }),
        (Some("d"), _) => Some(Counter::Identity { name: sequence, always: false }),
        (_, Some(default)) => Some(Counter::Sequence { name: sequence, default }),
        _ => None,
    })
}

async fn mariadb(session: &mut Session, column: &Column) -> Result<Option<Counter>, Error> {
    let Some(default) = &column.default else { return Ok(None) };
    if default == "identity" {
        let step = session.number("SELECT @@global.auto_increment_increment", &[]).await?;
        by_one("AUTO_INCREMENT", step, false)?;
        return Ok(Some(Counter::AutoIncrement));
    }
    let inner = default.strip_prefix("nextval(").and_then(|rest| rest.strip_suffix(')'));
    let Some(name) = inner.map(str::to_owned) else { return Ok(None) };
    let settings = format!("SELECT increment, cycle_option FROM {name}");
    if let Some(row) = session.row(&settings, &[]).await? {
        by_one(&name, row.integer(0)?, row.integer(1)? == 1)?;
    }
    Ok(Some(Counter::Sequence { name, default: default.clone() }))
}

/// Only AUTOINCREMENT: other rowids follow the greatest that there is, also into somebody's segment.
async fn sqlite(session: &mut Session, table: &Table) -> Result<Option<Counter>, Error> {
    let query = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ? AND upper(sql) LIKE '%AUTOINCREMENT%'";
    let counts = session.number(query, &[table.name.as_str().into()]).await? == 1;
    Ok(counts.then_some(Counter::Rowid))
}

impl Source {
    fn sql(&self) -> &'static dyn Dialect {
        dialect(self.engine)
    }

    /// Takes a segment of so many numbers, in one round trip: stretches of them, first and last. None
    /// where the change is not at a stage that grants any.
    pub(crate) async fn take(
        &self,
        session: &mut Session,
        name: &str,
        size: i64,
    ) -> Result<Vec<(i64, i64)>, Error> {
        let kept = self.sql().own("segment");
        let of = self.sql().literal(name);
        let record = format!(
            "UPDATE {kept} SET granted = granted + {size}, claims = claims + 1 WHERE name = {of} AND stage <> 'planned'"
        );
        let granting = format!("(SELECT stage FROM {kept} WHERE name = {of}) <> 'planned'");
        let rows = match (&self.counter, self.engine) {
            (Counter::Sequence { name, .. } | Counter::Identity { name, .. }, Engine::Postgres) => {
                let query = format!(
                    "WITH kept AS ({record} RETURNING name) \
                     SELECT nextval({}::regclass) FROM kept, generate_series(1, {size})",
                    self.sql().literal(name)
                );
                session.rows(&query, &[]).await?
            }
            (Counter::Sequence { name, .. } | Counter::Identity { name, .. }, _) => {
                let batch = format!(
                    "START TRANSACTION; {record}; \
                     SELECT NEXTVAL({name}) FROM seq_1_to_{size} WHERE {granting}; COMMIT"
                );
                session.batch(&batch, "ROLLBACK").await?
            }
            (Counter::AutoIncrement, _) => {
                let table = &self.table;
                let alter = format!("ALTER TABLE {table} AUTO_INCREMENT = ");
                let alter = self.sql().literal(&alter);
                let batch = format!(
                    "LOCK TABLES {table} WRITE, {kept} WRITE; {record}; SET @idgen_taken = ROW_COUNT(); \
                     SET @idgen_first = ({}); \
                     EXECUTE IMMEDIATE IF(@idgen_taken = 1, CONCAT({alter}, @idgen_first + {size}), 'DO 0'); \
                     UNLOCK TABLES; \
                     SELECT CAST(@idgen_first AS SIGNED), CAST(@idgen_first + {size} - 1 AS SIGNED) FROM DUAL WHERE @idgen_taken = 1",
                    self.counted_next()
                );
                session.batch(&batch, "UNLOCK TABLES").await?
            }
            (Counter::Rowid, _) => {
                let table = self.sql().literal(&self.name);
                let batch = format!(
                    "BEGIN IMMEDIATE; {}; {record}; \
                     UPDATE sqlite_sequence SET seq = seq + {size} WHERE name = {table} AND {granting} \
                     RETURNING seq - {size} + 1, seq; COMMIT",
                    self.begun()
                );
                session.batch(&batch, "ROLLBACK").await?
            }
        };
        let mut taken = Vec::new();
        for row in rows {
            taken.push((row.integer(0)?, row.integer(row.0.len() - 1)?));
        }
        Ok(stretches(taken))
    }

    /// MariaDB's next number of a table.
    fn counted_next(&self) -> String {
        format!(
            "SELECT auto_increment FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = {}",
            self.sql().literal(&self.name)
        )
    }

    /// Has SQLite's counter of a table be there.
    fn begun(&self) -> String {
        let table = self.sql().literal(&self.name);
        format!(
            "INSERT INTO sqlite_sequence (name, seq) SELECT {table}, 0 \
             WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = {table})"
        )
    }

    /// How far the counter is, and how many numbers it cost to find out.
    pub(crate) async fn position(&self, session: &mut Session) -> Result<(i64, i64), Error> {
        let (query, cost) = match (&self.counter, self.engine) {
            (Counter::Sequence { name, .. } | Counter::Identity { name, .. }, Engine::Postgres) => {
                (format!("SELECT nextval({}::regclass)", self.sql().literal(name)), 1)
            }
            (Counter::Sequence { name, .. } | Counter::Identity { name, .. }, _) => {
                (format!("SELECT NEXTVAL({name})"), 1)
            }
            (Counter::AutoIncrement, _) => {
                (format!("SELECT CAST(({}) AS SIGNED) - 1", self.counted_next()), 0)
            }
            (Counter::Rowid, _) => {
                let table = self.sql().literal(&self.name);
                (format!("SELECT seq FROM sqlite_sequence WHERE name = {table}"), 0)
            }
        };
        Ok((session.number(&query, &[]).await?, cost))
    }

    /// The greatest number that a row has.
    pub(crate) async fn greatest(&self, session: &mut Session) -> Result<i64, Error> {
        session.number(&format!("SELECT max({}) FROM {}", self.key, self.table), &[]).await
    }

    /// Has the table accept numbers that an app brings, or no longer.
    pub(crate) fn accept(&self, brought: bool) -> Vec<Step> {
        match &self.counter {
            Counter::Identity { always: true, .. } => {
                let how = if brought { "BY DEFAULT" } else { "ALWAYS" };
                let sql = format!(
                    "ALTER TABLE {} ALTER COLUMN {} SET GENERATED {how}",
                    self.table, self.key
                );
                let title =
                    format!("numbers of {} are generated {}", self.name, how.to_lowercase());
                vec![Step::moment(title, vec![sql])]
            }
            _ => Vec::new(),
        }
    }

    /// Has the table refuse rows without a number, or make it up again.
    pub(crate) fn guard(&self, guarded: bool) -> Vec<Step> {
        let Counter::Sequence { default, .. } = &self.counter else { return Vec::new() };
        let (what, title) = match (guarded, self.engine) {
            (true, _) => ("DROP DEFAULT".to_owned(), "rows without a number are refused"),
            (false, Engine::MariaDb) => {
                (format!("SET DEFAULT ({default})"), "numbers come by default")
            }
            (false, _) => (format!("SET DEFAULT {default}"), "numbers come by default"),
        };
        let sql = format!("ALTER TABLE {} ALTER COLUMN {} {what}", self.table, self.key);
        let transaction = self.engine != Engine::MariaDb;
        vec![Step { transaction, ..Step::moment(format!("{title} in {}", self.name), vec![sql]) }]
    }
}

/// Numbers that follow each other, joined.
fn stretches(mut taken: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    taken.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for (first, last) in taken {
        match joined.last_mut() {
            Some(before) if before.1 + 1 == first => before.1 = last,
            _ => joined.push((first, last)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_each_other_is_one_stretch() {
        let taken = vec![(7, 7), (3, 3), (4, 4), (6, 6), (10, 19), (20, 20)];
        assert_eq!(stretches(taken), [(3, 4), (6, 7), (10, 20)]);
        assert_eq!(stretches(Vec::new()), []);
    }
}
