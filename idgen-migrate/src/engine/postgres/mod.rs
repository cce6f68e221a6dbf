//! PostgreSQL.

pub(super) mod acting;
mod constraints;
pub(super) mod discover;
mod domains;
mod indexes;
mod locks;
mod rekey;
mod rights;
mod settle;
mod standing;
mod steps;
mod triggers;

use super::{Dialect, Link, Step, of_number};
use crate::plan::{Column, Kind, Plan};
use crate::target::{Lanes, Target};
use crate::{Error, Phase};

/// PostgreSQL's SQL.
pub(super) struct Postgres;

/// The schema of everything that is ours.
const SCHEMA: &str = "idgen_migrate";

impl Dialect for Postgres {
    fn quote(&self, name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    fn own(&self, table: &str) -> String {
        format!("{SCHEMA}.{}", self.quote(table))
    }

    fn prepare(&self) -> Vec<String> {
        vec![format!("CREATE SCHEMA IF NOT EXISTS {SCHEMA}")]
    }

    fn read(&self, expression: &str, kind: Kind) -> String {
        match kind {
            Kind::Integer => format!("{expression}::bigint"),
            _ => format!("{expression}::text"),
        }
    }

    fn write(&self, parameter: &str, column: &Column) -> String {
        // Twice, so that the parameter itself is a text whatever it becomes; and of a domain what it stands for,
        // since a bound may be what its checks refuse.
        format!("{parameter}::text::{}", column.stored_type())
    }

    fn new_column(&self, target: &Target, name: &str) -> Column {
        let (sql_type, kind) =
            if target.is_uuid() { ("uuid", Kind::Uuid) } else { ("bigint", Kind::Integer) };
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
            // The first and the last instant of the type stand for those that are before and after all.
            Kind::Time => format!(
                "CASE {expression} WHEN 'infinity' THEN {} WHEN '-infinity' THEN {} \
                 ELSE floor(extract(epoch FROM {expression}) * 1000)::bigint END",
                INSTANTS.1, INSTANTS.0
            ),
            _ => of_number(&format!("{expression}::bigint")),
        }
    }

    fn compares_rows(&self) -> bool {
        true
    }

    /// By pages, however many rows each has: to count rows every chunk would read all that are left.
    fn places(&self, table: &str, chunk_rows: i64) -> Option<(Column, String)> {
        let place = Column {
            name: "ctid".into(),
            sql_type: "tid".into(),
            base: None,
            kind: Kind::Other,
            nullable: false,
            default: None,
        };
        let ends = format!(
            "SELECT format('(%s,0)', page) FROM (SELECT (SELECT count(*) FROM {table}) AS rows, \
             pg_relation_size({}) / current_setting('block_size')::bigint AS pages) AS of, \
             LATERAL (SELECT greatest(1, {chunk_rows} * pages / greatest(1, rows)) AS each) AS chunk, \
             generate_series(each, pages - 1, each) AS page",
            self.literal(table)
        );
        Some((place, ends))
    }

    fn assign(&self, plan: &Plan, to: usize, old: &Column, new: &Column) -> String {
        let to = self.table(plan, to);
        let (old_name, new_name) = (self.quote(&old.name), self.quote(&new.name));
        format!(
            "UPDATE {to} AS t SET {new_name} = v.n FROM (SELECT {} AS o, {} AS n \
             FROM jsonb_array_elements(?::text::jsonb) AS e) AS v \
             WHERE t.{old_name} = v.o AND t.{new_name} IS NULL",
            self.write("(e ->> 0)", old),
            self.write("(e ->> 1)", new),
        )
    }

    /// One that has moved meanwhile is of those that are left.
    fn some(&self, link: &Link<'_>, rows: i64) -> String {
        format!("c.ctid = ANY (ARRAY ({}))", link.open("ctid", rows))
    }

    fn now(&self) -> &'static str {
        "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    }

    fn standing(&self, plan: &Plan) -> Option<String> {
        Some(standing::query(plan))
    }

    fn standing_on_keys(&self, plan: &Plan, new: bool) -> Option<String> {
        standing::on_keys(plan, new)
    }

    fn trigger_tick(&self, plan: &Plan, lanes: &Lanes) -> String {
        let sequence = self.literal(&triggers::sequence(plan));
        format!("SELECT pg_sequence_last_value({sequence}::regclass) / {}", lanes.per_tick())
    }

    fn begin(&self) -> &'static str {
        "BEGIN"
    }

    fn wait_for_locks(&self, millis: u64) -> String {
        format!("SET lock_timeout = {millis}")
    }

    fn try_hold(&self, name: &str) -> String {
        format!("SELECT pg_try_advisory_lock({})", lock_key(OPERATOR, name))
    }

    fn connection(&self) -> Option<(&'static str, &'static str)> {
        Some((
            "SELECT pg_backend_pid()",
            "SELECT count(*) FROM pg_stat_activity WHERE pid = ?::bigint",
        ))
    }

    fn holder(&self, name: &str) -> String {
        let key = lock_key(OPERATOR, name).cast_unsigned();
        format!(
            "SELECT string_agg('pid ' || a.pid || ', since ' || a.backend_start::text, '; ') \
             FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted \
             AND l.classid::bigint = {} AND l.objid::bigint = {}",
            key >> 32,
            key & 0xffff_ffff
        )
    }

    fn holders(&self, statements: &str) -> Option<String> {
        Some(format!(
            "SELECT 'pid ' || a.pid || ' (' || coalesce(a.state, 'unknown') || ' since ' || a.xact_start || ')' \
             FROM pg_stat_activity a WHERE a.pid <> pg_backend_pid() AND a.xact_start IS NOT NULL \
             AND EXISTS (SELECT FROM pg_locks l JOIN pg_class c ON c.oid = l.relation \
             WHERE l.pid = a.pid AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
             AND strpos({}, c.relname) > 0) ORDER BY a.xact_start, a.pid LIMIT 5",
            self.literal(statements)
        ))
    }

    fn old_snapshots(&self) -> Option<(&'static str, &'static str)> {
        Some((
            "SELECT json_build_object('next', pg_current_xact_id(), 'open', \
             (SELECT json_agg(virtualtransaction) FROM pg_locks WHERE locktype = 'virtualxid' AND granted))::text",
            // Of the sessions of others that this role may not look at, it sees whether their transaction is the same.
            "SELECT DISTINCT 'pid ' || a.pid || ', in a transaction since ' || coalesce(a.xact_start::text, 'unknown') \
             FROM (SELECT ?::json AS at) AS mark, pg_stat_activity AS a \
             WHERE a.pid <> pg_backend_pid() AND a.datname = current_database() AND CASE a.backend_type \
             WHEN 'client backend' THEN greatest(age(a.backend_xmin), age(a.backend_xid)) > age((at ->> 'next')::xid8::xid) \
             ELSE a.backend_type IS NULL AND EXISTS (SELECT FROM pg_locks AS l WHERE l.pid = a.pid \
             AND l.virtualtransaction IN (SELECT json_array_elements_text(at -> 'open'))) END",
        ))
    }

    fn replica_lag(&self) -> Option<&'static str> {
        Some(
            "SELECT (extract(epoch FROM replay_lag) * 1000)::bigint, \
             coalesce(nullif(application_name, ''), 'process ' || pid) || coalesce(' at ' || host(client_addr), '') \
             FROM pg_stat_replication WHERE replay_lag IS NOT NULL ORDER BY replay_lag DESC, pid LIMIT 1",
        )
    }

    fn enter(&self, plan: &Plan, lanes: &Lanes, to: Phase) -> Result<Vec<Step>, Error> {
        steps::enter(plan, lanes, to)
    }

    fn leave(&self, plan: &Plan, lanes: &Lanes, from: Phase) -> Result<Vec<Step>, Error> {
        steps::leave(plan, lanes, from)
    }
}

/// The first and the last instant of timestamps (8.5, Date/Time Types), in Unix milliseconds.
const INSTANTS: (i64, i64) = (-210_866_803_200_000, 9_224_318_015_999_999);

/// What the operator's lock is for.
const OPERATOR: &str = "operator";

/// The number of one of a migration's advisory locks: FNV-1a of what it is for, which is one word and comes first, so
/// that no name makes it another's.
fn lock_key(what: &str, name: &str) -> i64 {
    let fold = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    format!("idgen-migrate {what} {name}").bytes().fold(0xcbf2_9ce4_8422_2325, fold).cast_signed()
}
