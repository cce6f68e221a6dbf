//! MariaDB.

pub(super) mod acting;
mod constraints;
pub(super) mod defaults;
pub(super) mod discover;
mod indexes;
mod standing;
mod steps;
mod triggers;

use super::{Dialect, Link, Step, of_number};
use crate::plan::{Column, Kind, Plan};
use crate::target::{Lanes, Target};
use crate::{Error, Phase};

/// MariaDB's SQL.
pub(super) struct MariaDb;

impl Dialect for MariaDb {
    fn quote(&self, name: &str) -> String {
        format!("`{}`", name.replace('`', "``"))
    }

    /// A backslash is one of the engine's own signs.
    fn literal(&self, text: &str) -> String {
        format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
    }

    fn own(&self, table: &str) -> String {
        self.quote(&format!("idgen_migrate_{table}"))
    }

    fn prepare(&self) -> Vec<String> {
        Vec::new()
    }

    fn long_text(&self) -> &'static str {
        "LONGTEXT"
    }

    fn read(&self, expression: &str, kind: Kind) -> String {
        match kind {
            // Of every number as it is, also of those past 2^63, which an UNSIGNED column may hold.
            Kind::Integer => format!("CAST({expression} AS DECIMAL(20))"),
            // As a UUID is written, and in full where they are more or fewer.
            Kind::Bytes => format!(
                "lower(insert(insert(insert(insert(hex({expression}), 9, 0, '-'), 14, 0, '-'), 19, 0, '-'), 24, 0, '-'))"
            ),
            Kind::Text => expression.into(),
            _ => format!("CAST({expression} AS CHAR)"),
        }
    }

    fn write(&self, parameter: &str, column: &Column) -> String {
        match column.kind {
            Kind::Integer if is_unsigned(&column.sql_type) => {
                format!("CAST({parameter} AS UNSIGNED)")
            }
            Kind::Integer => format!("CAST({parameter} AS SIGNED)"),
            Kind::Bytes => format!("unhex(replace({parameter}, '-', ''))"),
            Kind::Uuid => format!("CAST({parameter} AS UUID)"),
            Kind::Time => format!("CAST({parameter} AS DATETIME(6))"),
            // In the column's own character set, so that its index serves.
            _ => match column.sql_type.split("CHARACTER SET ").nth(1) {
                Some(set) => {
                    let mut words = set.split_whitespace();
                    let set = words.next().unwrap_or("utf8mb4");
                    // Of two collations that nobody named the server would choose none.
                    let collate = words.next_back().filter(|word| *word != set);
                    let collate =
                        collate.map(|word| format!(" COLLATE {word}")).unwrap_or_default();
                    format!("CONVERT({parameter} USING {set}){collate}")
                }
                None => parameter.into(),
            },
        }
    }

    fn new_column(&self, target: &Target, name: &str) -> Column {
        let (sql_type, kind) =
            if target.is_uuid() { ("BINARY(16)", Kind::Bytes) } else { ("BIGINT", Kind::Integer) };
        Column {
            name: name.into(),
            sql_type: sql_type.into(),
            base: None,
            kind,
            nullable: true,
            default: None,
        }
    }

    fn millis(&self, expression: &str, column: &Column) -> String {
        match column.kind {
            Kind::Time => {
                format!("(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', {expression}) DIV 1000)")
            }
            _ => of_number(&format!("CAST({expression} AS SIGNED)")),
        }
    }

    fn compares_rows(&self) -> bool {
        false
    }

    fn assign(&self, plan: &Plan, to: usize, old: &Column, new: &Column) -> String {
        let (old_name, new_name) = (self.quote(&old.name), self.quote(&new.name));
        format!(
            "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (o VARCHAR(3072) PATH '$[0]', n VARCHAR(40) PATH '$[1]')) v \
             STRAIGHT_JOIN {} t ON t.{old_name} = {} SET t.{new_name} = {}{} WHERE t.{new_name} IS NULL",
            self.table(plan, to),
            self.write("v.o", old),
            self.write("v.n", new),
            untouched("t", &plan.tables[to].touched),
        )
    }

    fn follow(&self, link: &Link<'_>, condition: &str) -> String {
        let Link { child, reference, new, touched, root, root_old, root_new } = link;
        let untouched = untouched("c", touched);
        format!(
            "UPDATE {child} c STRAIGHT_JOIN {root} r ON r.{root_old} = c.{reference} SET c.{new} = r.{root_new}{untouched} \
             WHERE c.{new} IS NULL AND r.{root_new} IS NOT NULL AND {condition}"
        )
    }

    /// Conditions are at the end of an update, which may be cut short there.
    fn some(&self, _link: &Link<'_>, rows: i64) -> String {
        format!("1 = 1 LIMIT {rows}")
    }

    fn quotient(&self, number: &str, by: u128) -> String {
        format!("({number} DIV {by})")
    }

    fn now(&self) -> &'static str {
        "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000)"
    }

    fn standing(&self, plan: &Plan) -> Option<String> {
        Some(standing::query(plan))
    }

    fn trigger_tick(&self, plan: &Plan, lanes: &Lanes) -> String {
        triggers::last_tick(plan, lanes)
    }

    fn queues(&self) -> bool {
        true
    }

    fn begin(&self) -> &'static str {
        "START TRANSACTION"
    }

    fn wait_for_locks(&self, millis: u64) -> String {
        let seconds = self.waits(millis) / 1_000;
        format!("SET lock_wait_timeout = {seconds}, innodb_lock_wait_timeout = {seconds}")
    }

    /// Whole seconds are the least that it knows.
    fn waits(&self, millis: u64) -> u64 {
        millis.div_ceil(1_000).saturating_mul(1_000)
    }

    fn try_hold(&self, name: &str) -> String {
        format!("SELECT GET_LOCK({}, 0)", lock(name))
    }

    fn connection(&self) -> Option<(&'static str, &'static str)> {
        Some((
            "SELECT CONNECTION_ID()",
            "SELECT count(*) FROM information_schema.processlist WHERE id = ?",
        ))
    }

    fn holder(&self, name: &str) -> String {
        format!("SELECT CONCAT('connection ', IS_USED_LOCK({}))", lock(name))
    }

    fn holders(&self, _statements: &str) -> Option<String> {
        // Which tables a transaction has looked at the server does not say.
        Some(
            "SELECT CONCAT('connection ', p.id, ' (', p.command, ' for ', p.time, ' s, in a transaction since ', t.trx_started, ')') \
             FROM information_schema.processlist p JOIN information_schema.innodb_trx t ON t.trx_mysql_thread_id = p.id \
             WHERE p.db = DATABASE() AND p.id <> CONNECTION_ID() ORDER BY t.trx_started, p.id LIMIT 5"
                .into(),
        )
    }

    fn read_triggers(&self, plan: &Plan, lanes: &Lanes) -> Result<Vec<Step>, Error> {
        steps::read_triggers(plan, lanes)
    }

    fn enter(&self, plan: &Plan, lanes: &Lanes, to: Phase) -> Result<Vec<Step>, Error> {
        steps::enter(plan, lanes, to)
    }

    fn leave(&self, plan: &Plan, lanes: &Lanes, from: Phase) -> Result<Vec<Step>, Error> {
        steps::leave(plan, lanes, from)
    }
}

/// Sets columns to what they hold, which an update that does not name them would make the time of it; to follow
/// what it sets.
fn untouched(of: &str, columns: &[String]) -> String {
    let each = columns.iter().map(|column| MariaDb.quote(column));
    each.map(|column| format!(", {of}.{column} = {of}.{column}")).collect()
}

/// Whether a type has no negative numbers.
fn is_unsigned(sql_type: &str) -> bool {
    sql_type.to_ascii_lowercase().contains("unsigned")
}

/// A migration's lock. Locks are the whole server's, and their names have 64 characters.
fn lock(name: &str) -> String {
    format!("concat('idgen migrate ', sha1(concat(DATABASE(), '/', {})))", MariaDb.literal(name))
}
