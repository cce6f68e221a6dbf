//! Triggers that keep both ids together, whoever writes: one for each table and event.
//!
//! Cascades of foreign keys do not fire them. They need not: both references have the same actions.

use super::defaults::omitted;
use super::{Dialect, MariaDb};
use crate::Error;
use crate::engine::twins::{self, Pieces, Stage};
use crate::plan::{Carrier, Kind, Plan, suffixed};
use crate::target::Lanes;

/// The table of the last positions of the trigger's lane: a row for each shard.
fn positions(plan: &Plan) -> String {
    own(plan, "_position")
}

fn old_sequence(plan: &Plan) -> String {
    own(plan, "_old")
}

/// A name of a migration's own, no longer than the engine allows.
fn own(plan: &Plan, suffix: &str) -> String {
    MariaDb.quote(&suffixed(&format!("idgen_migrate_{}", plan.name), suffix))
}

/// How many shards there are, and how many positions of a tick each has. A row of that table is locked
/// until its transaction ends, so that connections have different ones where they can.
fn shards(lanes: &Lanes) -> (i64, i64) {
    let shards = lanes.per_tick().min(64);
    (shards, lanes.per_tick() / shards)
}

/// What makes the counters.
pub(super) fn counters(plan: &Plan, lanes: &Lanes) -> Vec<String> {
    let positions = positions(plan);
    // Downwards from where no app that still makes old ids gets: below all, or where nothing is below from
    // the greatest.
    let (top, least): (i64, i64) = match greatest_unsigned(&plan.key().column.sql_type) {
        Some(top) => (top, 1),
        None => (-1, -9_223_372_036_854_775_806),
    };
    let rows: Vec<_> = (0..shards(lanes).0).map(|shard| format!("({shard}, 0)")).collect();
    vec![
        format!(
            "CREATE TABLE IF NOT EXISTS {positions} (shard INT PRIMARY KEY, last BIGINT NOT NULL) ENGINE = InnoDB"
        ),
        format!("INSERT IGNORE INTO {positions} (shard, last) VALUES {}", rows.join(", ")),
        format!(
            "CREATE SEQUENCE IF NOT EXISTS {} START WITH {top} INCREMENT BY -1 MINVALUE {least} MAXVALUE {top}",
            old_sequence(plan)
        ),
    ]
}

/// The greatest number of a type without negative ones, as far as a sequence counts.
fn greatest_unsigned(sql_type: &str) -> Option<i64> {
    let sql_type = sql_type.to_ascii_lowercase();
    let of = |name: &str| sql_type.starts_with(name);
    super::is_unsigned(&sql_type).then(|| match () {
        () if of("tinyint") => u8::MAX.into(),
        () if of("smallint") => u16::MAX.into(),
        () if of("mediumint") => 16_777_215,
        () if of("int") => u32::MAX.into(),
        () => 9_223_372_036_854_775_806,
    })
}

/// What removes them.
pub(super) fn drop_counters(plan: &Plan) -> Vec<String> {
    vec![
        format!("DROP TABLE IF EXISTS {}", positions(plan)),
        format!("DROP SEQUENCE IF EXISTS {}", old_sequence(plan)),
    ]
}

/// How many old ids in a row may be taken that a default makes.
const ATTEMPTS: u32 = 1_000;

/// What the names of all triggers begin with.
pub(super) const PREFIX: &str = "idgen_";

/// The name of a table's trigger, which no other migration has: by the table's number, since names that are
/// joined read alike where others are.
fn name(plan: &Plan, table: usize, event: &str) -> String {
    let of = format!("{PREFIX}{}", plan.name);
    MariaDb.quote(&suffixed(&of, &format!("_{table:02}_{event}")))
}

/// What takes a table's triggers off.
pub(super) fn drop_triggers(plan: &Plan, table: usize) -> Vec<String> {
    ["insert", "update"]
        .map(|event| format!("DROP TRIGGER IF EXISTS {}", name(plan, table, event)))
        .into()
}

/// What puts them on, in place of earlier ones.
pub(super) fn triggers(
    plan: &Plan,
    lanes: &Lanes,
    table: usize,
    stage: Stage,
) -> Result<Vec<String>, Error> {
    let (mut insert, mut update) = (String::new(), String::new());
    if table == 0 {
        let (on_insert, on_update) = of_key(plan, lanes, stage)?;
        insert += &on_insert;
        update += &on_update;
    }
    for carrier in plan.carriers.iter().skip(1).filter(|carrier| carrier.table == table) {
        let (on_insert, on_update) = of_reference(plan, lanes, carrier, stage);
        insert += &on_insert;
        update += &on_update;
    }
    let on = MariaDb.table(plan, table);
    let made = |event: &str, body: &str| {
        format!(
            "CREATE OR REPLACE TRIGGER {} BEFORE {} ON {on} FOR EACH ROW BEGIN\n{body}END",
            name(plan, table, event),
            event.to_uppercase()
        )
    };
    Ok(vec![made("insert", &insert), made("update", &update)])
}

/// How MariaDB writes the pieces of a UUID.
struct Hex;

impl Pieces for Hex {
    fn hex(&self, number: &str, digits: usize) -> String {
        format!("lpad(hex({number}), {digits}, '0')")
    }

    fn random(&self, digits: usize) -> String {
        format!("substr(md5(concat(uuid(), rand())), 1, {digits})")
    }

    fn uuid(&self, pieces: &[String]) -> String {
        format!("unhex(concat({}))", pieces.join(", "))
    }

    fn quotient(&self, position: &str, per_tick: i64) -> String {
        format!("({position} DIV {per_tick})")
    }
}

/// The condition that an update changes a column.
fn changed(column: &str) -> String {
    let column = MariaDb.quote(column);
    format!("NOT (NEW.{column} <=> OLD.{column})")
}

fn of_key(plan: &Plan, lanes: &Lanes, stage: Stage) -> Result<(String, String), Error> {
    let key = plan.key();
    let (old, new) = (MariaDb.quote(&key.column.name), MariaDb.quote(&key.new));
    let next = next(plan, lanes, &new)?;
    let mut insert = format!("IF NEW.{new} IS NULL THEN\n{next}END IF;\n");
    if let (Stage::Swapped, Some(made)) = (stage, old_default(plan)) {
        insert += &made_up(plan, &made);
    }
    let moved = twins::moved(plan, changed);
    // A row that has no new id keeps its place in the order until it has one.
    let mut update =
        format!("IF OLD.{new} IS NULL AND NEW.{new} IS NULL AND ({moved}) THEN\n{next}END IF;\n");
    if stage != Stage::Swapped {
        // An id that was given stays.
        update += &format!("IF OLD.{new} IS NOT NULL THEN SET NEW.{new} = OLD.{new};\nEND IF;\n");
    }
    let backfilled = twins::is_backfilled(&MariaDb, plan, lanes)?;
    let edited = twins::edited(&MariaDb, plan, "INSERT IGNORE INTO");
    update += &format!("IF {backfilled} AND ({moved}) THEN\n{edited};\nEND IF;\n");
    if stage == Stage::Swapped {
        // A key that is changed by its old id alone is to be seen.
        update += &format!(
            "IF NEW.{new} <=> OLD.{new} AND NOT (NEW.{old} <=> OLD.{old}) THEN\n{}END IF;\n",
            seen(plan, lanes)
        );
    }
    Ok((insert, update))
}

/// A query that yields the tick of the last position.
pub(super) fn last_tick(plan: &Plan, lanes: &Lanes) -> String {
    format!("SELECT max(last) DIV {} FROM {}", shards(lanes).1, positions(plan))
}

/// Takes a position of the trigger's lane for a write by old ids alone, which is seen by that.
fn seen(plan: &Plan, lanes: &Lanes) -> String {
    format!("{}END;\n", taken(plan, lanes))
}

/// An id of the trigger's lane: the position after the shard's last one, or the clock's, if that is
/// later. The shard's row is locked until the transaction ends, and a rollback gives back what nobody saw.
fn next(plan: &Plan, lanes: &Lanes, new: &str) -> Result<String, Error> {
    let (positions, per_tick, each) = (positions(plan), lanes.per_tick(), shards(lanes).1);
    let (dressed, taken) = (twins::dressed(lanes, &Hex)?, taken(plan, lanes));
    Ok(format!(
        "{taken}SET p = (SELECT last FROM {positions} WHERE shard = s);\n\
         SET p = p DIV {each} * {per_tick} + s * {each} + p MOD {each};\n\
         SET NEW.{new} = {dressed};\nEND;\n"
    ))
}

/// The beginning of a block that takes the next position.
fn taken(plan: &Plan, lanes: &Lanes) -> String {
    let (positions, base, fence) = (positions(plan), lanes.timebase(), plan.fence.unwrap_or(0));
    let (shards, each) = shards(lanes);
    let (epoch, tick) = (base.epoch().as_nanos() / 1_000, base.tick_nanos());
    format!(
        "BEGIN\nDECLARE p, tick BIGINT;\nDECLARE s INT DEFAULT CONNECTION_ID() MOD {shards};\n\
         SET tick = greatest({fence}, (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - ({epoch})) * 1000 DIV {tick});\n\
         UPDATE {positions} SET last = greatest(last + 1, tick * {each}) WHERE shard = s;\n"
    )
}

/// Makes an old id where the app no longer does. What was made up in an earlier attempt is there already. Our own
/// sequence ends by itself; of a default of the app's own nobody knows.
fn made_up(plan: &Plan, made: &str) -> String {
    let key = &plan.key().column;
    let (old, root) = (MariaDb.quote(&key.name), MariaDb.table(plan, 0));
    let column = suffixed(&format!("{}.{}", plan.root().name, key.name), "");
    let message = MariaDb.literal(&format!(
        "idgen: the DEFAULT of {column} makes old ids that are taken, {ATTEMPTS} in a row"
    ));
    let (declared, counted) = match key.default {
        None => (String::new(), String::new()),
        Some(_) => (
            "DECLARE made INT DEFAULT 0;\n".into(),
            format!(
                "SET made = made + 1;\nIF made > {ATTEMPTS} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = {message};\nEND IF;\n"
            ),
        ),
    };
    format!(
        "IF NEW.{old} IS NULL THEN\nBEGIN\n{declared}REPEAT SET NEW.{old} = {made};\n{counted}\
         UNTIL NOT EXISTS (SELECT 1 FROM {root} r WHERE r.{old} = NEW.{old}) END REPEAT;\nEND;\nEND IF;\n"
    )
}

/// What makes an old id where the app no longer does; none where the column counts by itself.
fn old_default(plan: &Plan) -> Option<String> {
    let column = &plan.key().column;
    match (&column.default, column.kind) {
        (Some(default), _) if default == "identity" => None,
        (Some(default), _) => Some(default.clone()),
        (None, Kind::Integer) => Some(format!("NEXTVAL({})", old_sequence(plan))),
        (None, Kind::Bytes) => Some("unhex(replace(uuid(), '-', ''))".into()),
        (None, _) => Some(match twins::digits_made_up(column) {
            None => "uuid()".into(),
            Some(digits) => Hex.random(digits),
        }),
    }
}

fn of_reference(plan: &Plan, lanes: &Lanes, carrier: &Carrier, stage: Stage) -> (String, String) {
    let (old, new) = (MariaDb.quote(&carrier.column.name), MariaDb.quote(&carrier.new));
    let key = plan.key();
    let (id, id_new) = (MariaDb.quote(&key.column.name), MariaDb.quote(&key.new));
    let root = MariaDb.table(plan, 0);
    // A message has 128 characters at most.
    let column = format!("{}.{}", plan.tables[carrier.table].name, carrier.column.name);
    let message =
        format!("idgen: {} breaks its foreign key: no row has this id", suffixed(&column, ""));
    let message = MariaDb.literal(&message);
    let refers =
        twins::and_refers(plan, carrier, &|column| format!("NEW.{}", MariaDb.quote(column)));
    let follow = |mine: &str, its: &str, set: &str, value: &str, may_be_missing: bool| {
        // A row that refers to itself is not there yet.
        let itself = match carrier.table {
            0 => format!("ELSEIF NEW.{mine} = NEW.{its} THEN SET NEW.{set} = NEW.{value};\n"),
            _ => String::new(),
        };
        let refused = match may_be_missing {
            true => String::new(),
            false => format!(
                "IF NEW.{set} IS NULL{refers} THEN SIGNAL SQLSTATE '23000' SET MYSQL_ERRNO = 1452, MESSAGE_TEXT = {message};\nEND IF;\n"
            ),
        };
        // The reference's own check takes the same lock at the end of the statement.
        format!(
            "IF NEW.{mine} IS NULL THEN SET NEW.{set} = NULL;\n{itself}ELSE SET NEW.{set} = \
             (SELECT r.{value} FROM {root} r WHERE r.{its} = NEW.{mine} LOCK IN SHARE MODE);\n{refused}END IF;\n"
        )
    };
    // Who refers to somebody by an old id may come before that one has a new id.
    let forth = follow(&old, &id, &new, &id_new, stage == Stage::Filling);
    let back = follow(&new, &id_new, &old, &id, false);
    let (old_is, new_is) = (changed(&carrier.column.name), changed(&carrier.new));
    let old_wins = twins::old_wins(&MariaDb, carrier, changed);
    let (first, first_is, second, second_is) = match stage {
        Stage::Swapped => (&back, new_is, &forth, old_is),
        Stage::Enforced => (&forth, old_wins, &back, new_is),
        // The backfill itself is let through.
        Stage::Filling => {
            let by_another = twins::is_no_backfill(&MariaDb, carrier);
            (&forth, old_wins, &back, format!("{by_another} AND {new_is}"))
        }
    };
    let (wins, other) = if stage == Stage::Swapped { (&new, &old) } else { (&old, &new) };
    // A reference by its old id alone is to be seen.
    let seen = if stage == Stage::Swapped { seen(plan, lanes) } else { String::new() };
    let insert = match (omitted(&carrier.column), stage) {
        (None, _) => format!(
            "IF NEW.{wins} IS NOT NULL OR NEW.{other} IS NULL THEN\n{first}ELSE\n{second}{seen}END IF;\n"
        ),
        // Whoever names neither is no old app.
        (Some(default), Stage::Swapped) => format!(
            "IF NEW.{new} IS NOT NULL OR NEW.{old} IS NULL THEN\n{back}ELSEIF NEW.{old} <=> {default} THEN\n{forth}\
             ELSE\n{forth}{seen}END IF;\n"
        ),
        // The default is no id that was given, unless the new one is of the same row.
        (Some(default), Stage::Filling | Stage::Enforced) => format!(
            "IF NEW.{new} IS NOT NULL AND (NEW.{old} IS NULL OR NEW.{old} <=> {default} AND NOT (NEW.{new} <=> \
             (SELECT r.{id_new} FROM {root} r WHERE r.{id} = NEW.{old} LOCK IN SHARE MODE))) THEN\n{back}\
             ELSE\n{forth}END IF;\n"
        ),
    };
    let update =
        format!("IF {first_is} THEN\n{first}ELSEIF {second_is} THEN\n{second}{seen}END IF;\n");
    (insert, update)
}
