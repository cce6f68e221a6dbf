//! Triggers that keep both ids together, whoever writes.

use super::{Dialect, Postgres, rekey, settle};
use crate::Error;
use crate::engine::twins::{self, Pieces, Stage};
use crate::plan::{Carrier, Kind, Plan, suffixed};
use crate::target::Lanes;

/// The sequence whose last value is the last position of the trigger's lane.
pub(super) fn sequence(plan: &Plan) -> String {
    Postgres.own(&suffixed(&plan.name, "_position"))
}

/// The sequence of old ids, where they have no default of their own.
fn old_sequence(plan: &Plan) -> String {
    Postgres.own(&suffixed(&plan.name, "_old"))
}

fn next_function(plan: &Plan) -> String {
    Postgres.own(&suffixed(&plan.name, "_next"))
}

fn function(plan: &Plan, carrier: usize) -> String {
    Postgres.own(&suffixed(&plan.name, &format!("_{carrier:02}")))
}

fn edited_function(plan: &Plan) -> String {
    Postgres.own(&suffixed(&plan.name, "_edited"))
}

/// What the names of all triggers begin with: a table's triggers fire in the order of their names, and
/// the app's own come first.
pub(super) const PREFIX: &str = "zz_idgen_";

/// The name of a carrier's trigger, which no other migration has.
pub(super) fn trigger(plan: &Plan, carrier: usize, event: &str) -> String {
    suffixed(&format!("{PREFIX}{}", plan.name), &format!("_{carrier:02}_{event}"))
}

/// What makes the functions, in a stage.
pub(super) fn functions(plan: &Plan, lanes: &Lanes, stage: Stage) -> Result<Vec<String>, Error> {
    let mut sql = vec![
        format!("CREATE SEQUENCE IF NOT EXISTS {} AS bigint MINVALUE 0 START 0", sequence(plan)),
        next(plan, lanes)?,
        of_key(plan, stage),
        edited(plan, lanes)?,
    ];
    sql.extend(settle::functions(plan, stage));
    let followers = plan.carriers.iter().enumerate().skip(1);
    sql.extend(followers.map(|(i, carrier)| of_reference(plan, i, carrier, stage)));
    if stage == Stage::Swapped {
        sql.extend(rekey::functions(plan));
    }
    if stage == Stage::Swapped && matches!(OldIds::of(plan), OldIds::Downwards) {
        let (sequence, root) = (old_sequence(plan), Postgres.table(plan, 0));
        let old = Postgres.quote(&plan.key().column.name);
        sql.push(format!("CREATE SEQUENCE IF NOT EXISTS {sequence} AS bigint INCREMENT BY -1"));
        sql.push(format!(
            "SELECT setval({}, least((SELECT min({old}) FROM {root}), 0) - 1)",
            Postgres.literal(&sequence)
        ));
    }
    Ok(sql)
}

/// What removes them.
pub(super) fn drop_functions(plan: &Plan) -> Vec<String> {
    let each = 0..plan.carriers.len();
    let functions = each.clone().map(|i| function(plan, i));
    let functions = functions.chain(each.map(|i| settle::function(plan, i)));
    let functions = functions.chain([next_function(plan), edited_function(plan)]);
    let mut sql: Vec<_> =
        functions.map(|name| format!("DROP FUNCTION IF EXISTS {name}()")).collect();
    sql.extend(rekey::drop_functions(plan));
    sql.extend(
        [sequence(plan), old_sequence(plan)].map(|name| format!("DROP SEQUENCE IF EXISTS {name}")),
    );
    sql
}

/// What puts the triggers on a table, in place of earlier ones.
pub(super) fn triggers(plan: &Plan, table: usize, stage: Stage) -> Vec<String> {
    let name = Postgres.table(plan, table);
    let mut sql = drop_triggers(plan, table);
    for (i, carrier) in plan.carriers.iter().enumerate() {
        if carrier.table != table {
            continue;
        }
        let new = Postgres.quote(&carrier.new);
        let (old_is, new_is) = (changed(&carrier.column.name), changed(&carrier.new));
        let when = match stage {
            // A row that has no new id keeps its place in the order until it has one.
            _ if i == 0 => {
                let moved = twins::moved(plan, changed);
                sql.push(format!(
                    "CREATE TRIGGER {} AFTER UPDATE ON {name} FOR EACH ROW \
                     WHEN (OLD.{new} IS NOT NULL AND ({moved})) EXECUTE FUNCTION {}()",
                    Postgres.quote(&trigger(plan, i, "edited")),
                    edited_function(plan)
                ));
                let early = format!("OLD.{new} IS NULL AND NEW.{new} IS NULL AND ({moved})");
                match stage {
                    // A key that is changed by its old id alone is to be seen.
                    Stage::Swapped => format!("{early} OR ({old_is} AND NOT {new_is})"),
                    // An id that was given stays.
                    _ => format!("{early} OR (OLD.{new} IS NOT NULL AND {new_is})"),
                }
            }
            // The backfill itself is let through.
            Stage::Filling => {
                format!("{old_is} OR ({new_is} AND {})", twins::is_no_backfill(&Postgres, carrier))
            }
            Stage::Enforced | Stage::Swapped => format!("{old_is} OR {new_is}"),
        };
        let function = function(plan, i);
        sql.push(format!(
            "CREATE TRIGGER {} BEFORE INSERT ON {name} FOR EACH ROW EXECUTE FUNCTION {function}()",
            Postgres.quote(&trigger(plan, i, "insert"))
        ));
        sql.push(format!(
            "CREATE TRIGGER {} BEFORE UPDATE ON {name} \
             FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {function}()",
            Postgres.quote(&trigger(plan, i, "update"))
        ));
        sql.extend(settle::trigger(plan, i, stage));
    }
    if table == 0 && stage == Stage::Swapped {
        sql.extend(rekey::triggers(plan));
    }
    sql
}

/// The condition that an update changes a column.
pub(super) fn changed(column: &str) -> String {
    let column = Postgres.quote(column);
    format!("OLD.{column} IS DISTINCT FROM NEW.{column}")
}

/// The function that keeps which rows changed their place when they had their id from the backfill.
fn edited(plan: &Plan, lanes: &Lanes) -> Result<String, Error> {
    let backfilled = twins::is_backfilled(&Postgres, plan, lanes)?;
    let keep = twins::edited(&Postgres, plan, "INSERT INTO");
    let body = format!("    {keep} WHERE {backfilled} ON CONFLICT DO NOTHING;\n");
    Ok(function_of(&edited_function(plan), "", &body))
}

/// What takes them off.
pub(super) fn drop_triggers(plan: &Plan, table: usize) -> Vec<String> {
    let name = Postgres.table(plan, table);
    let of_table = plan.carriers.iter().enumerate().filter(|(_, carrier)| carrier.table == table);
    let each = of_table.flat_map(|(i, _)| {
        let of = |event: &str| Postgres.quote(&trigger(plan, i, event));
        [of("insert"), of("update"), of("edited"), settle::name(plan, i)]
    });
    let of_key = rekey::names(plan).filter(|_| table == 0);
    each.chain(of_key).map(|of| format!("DROP TRIGGER IF EXISTS {of} ON {name}")).collect()
}

/// The function that makes an id of the trigger's lane: the position after the last one, or the
/// clock's, if that is later. One session at a time, by a lock that ends with its subtransaction.
fn next(plan: &Plan, lanes: &Lanes) -> Result<String, Error> {
    let function = next_function(plan);
    let sequence = Postgres.literal(&sequence(plan));
    let key = super::lock_key("position", &plan.name);
    let fence = plan.fence.unwrap_or(0);
    let base = lanes.timebase();
    let epoch = base.epoch().as_nanos() / 1_000;
    let tick = u128::from(base.tick_nanos());
    let per_tick = lanes.per_tick();
    let dressed = twins::dressed(lanes, &Hex)?;
    let kind = Postgres.new_column(&plan.target, "").sql_type;
    Ok(format!(
        "CREATE OR REPLACE FUNCTION {function}() RETURNS {kind} LANGUAGE plpgsql VOLATILE \
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $idgen$
DECLARE
    tick bigint;
    p bigint;
BEGIN
    BEGIN
        PERFORM pg_advisory_xact_lock({key});
        tick := greatest({fence}, ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint - ({epoch})) * 1000 / {tick});
        p := greatest(coalesce(pg_sequence_last_value({sequence}::regclass), -1) + 1, tick * {per_tick});
        PERFORM setval({sequence}, p);
        -- Ends the subtransaction, and with it the lock. A sequence keeps what it has.
        RAISE EXCEPTION USING ERRCODE = 'IDG01';
    EXCEPTION WHEN SQLSTATE 'IDG01' THEN
        NULL;
    END;
    RETURN {dressed};
END
$idgen$"
    ))
}

/// How PostgreSQL writes the pieces of a UUID.
struct Hex;

impl Pieces for Hex {
    fn hex(&self, number: &str, digits: usize) -> String {
        format!("lpad(to_hex({number}), {digits}, '0')")
    }

    fn random(&self, digits: usize) -> String {
        format!("left(replace(gen_random_uuid()::text, '-', ''), {})", digits.min(12))
    }

    fn uuid(&self, pieces: &[String]) -> String {
        format!("({})::uuid", pieces.join(" || "))
    }

    fn quotient(&self, position: &str, per_tick: i64) -> String {
        format!("({position} / {per_tick})")
    }
}

/// What makes an old id where the app no longer does.
enum OldIds<'a> {
    /// The column's own default.
    Default(&'a str),
    /// The sequence that counts the column.
    Counter,
    /// A sequence of ours, downwards from below all: an app that still makes old ids never makes these.
    Downwards,
    /// Chance, as a UUID.
    Uuid,
    /// Chance, as the text of a UUID.
    Text,
}

impl<'a> OldIds<'a> {
    fn of(plan: &'a Plan) -> Self {
        let column = &plan.key().column;
        match (column.default.as_deref(), column.kind) {
            (Some(default), _) if default != "identity" => Self::Default(default),
            (_, Kind::Uuid) => Self::Uuid,
            (Some(_), _) => Self::Counter,
            (None, Kind::Integer) => Self::Downwards,
            (None, _) => Self::Text,
        }
    }

    fn sql(&self, plan: &Plan) -> String {
        match self {
            Self::Default(default) => (*default).into(),
            Self::Counter => format!(
                "nextval(pg_get_serial_sequence({}, {}))",
                Postgres.literal(&Postgres.table(plan, 0)),
                Postgres.literal(&plan.key().column.name)
            ),
            Self::Downwards => format!("nextval({})", Postgres.literal(&old_sequence(plan))),
            Self::Uuid => "gen_random_uuid()".into(),
            Self::Text => match twins::digits_made_up(&plan.key().column) {
                None => "gen_random_uuid()::text".into(),
                Some(digits) => format!("left(md5(gen_random_uuid()::text), {digits})"),
            },
        }
    }
}

/// What is made up for an old key that its app no longer makes, as far as a domain's checks may refuse it.
pub(super) fn made_up(plan: &Plan) -> Option<String> {
    match OldIds::of(plan) {
        OldIds::Default(_) | OldIds::Counter => None,
        OldIds::Downwards => Some("-1".into()),
        made @ (OldIds::Uuid | OldIds::Text) => Some(made.sql(plan)),
    }
}

fn of_key(plan: &Plan, stage: Stage) -> String {
    let key = plan.key();
    let (old, new) = (Postgres.quote(&key.column.name), Postgres.quote(&key.new));
    let next = next_function(plan);
    let mut body =
        format!("    IF NEW.{new} IS NULL THEN\n        NEW.{new} := {next}();\n    END IF;\n");
    if stage != Stage::Swapped {
        let given = format!("TG_OP = 'UPDATE' AND OLD.{new} IS NOT NULL");
        body = format!("    IF {given} THEN\n        NEW.{new} := OLD.{new};\n    END IF;\n{body}");
    }
    if stage == Stage::Swapped {
        let made = OldIds::of(plan).sql(plan);
        body += &format!(
            "    IF TG_OP = 'UPDATE' AND OLD.{new} IS NOT NULL THEN\n        PERFORM {next}();\n    END IF;\n    \
             IF NEW.{old} IS NULL THEN\n        NEW.{old} := {made};\n    END IF;\n"
        );
    }
    wrapped(plan, 0, "", &body)
}

fn of_reference(plan: &Plan, i: usize, carrier: &Carrier, stage: Stage) -> String {
    let (old, new) = (Postgres.quote(&carrier.column.name), Postgres.quote(&carrier.new));
    let key = plan.key();
    let (id, id_new) = (Postgres.quote(&key.column.name), Postgres.quote(&key.new));
    let root = Postgres.table(plan, 0);
    // A row that refers to itself is not there yet.
    let itself = |mine: &str, its: &str, set: &str, value: &str| match carrier.table {
        0 => format!("ELSIF NEW.{mine} = NEW.{its} THEN NEW.{set} := NEW.{value}; "),
        _ => String::new(),
    };
    // What may be missing for a moment is settled later.
    let missing = |set: &str, stand_in: String| match stage {
        Stage::Filling => String::new(),
        _ if carrier.column.nullable => String::new(),
        _ => format!("\n        IF NEW.{set} IS NULL THEN NEW.{set} := {stand_in}; END IF;"),
    };
    // The reference's own check takes the same lock at the end of the statement. Here it waits for whoever changes
    // the old id, of which that check knows nothing.
    let lock = if stage == Stage::Swapped { " FOR KEY SHARE" } else { "" };
    let forth = format!(
        "IF NEW.{old} IS NULL THEN NEW.{new} := NULL; {}ELSE\n        SELECT r.{id_new} INTO NEW.{new} FROM {root} r WHERE r.{id} = NEW.{old}{lock};{}\n    END IF;",
        itself(&old, &id, &new, &id_new),
        missing(&new, settle::stand_in_new(plan, &format!("NEW.{old}")))
    );
    let no_old = match stage {
        Stage::Filling => {
            let cell = |column: &str| format!("NEW.{}", Postgres.quote(column));
            let refers = twins::and_refers(plan, carrier, &cell);
            let refused = settle::refusal(plan, carrier);
            format!("\n        IF NEW.{old} IS NULL{refers} THEN {refused} END IF;")
        }
        _ => missing(&old, settle::stand_in(&carrier.column, &format!("NEW.{new}"))),
    };
    let back = format!(
        "IF NEW.{new} IS NULL THEN NEW.{old} := NULL; {}ELSE\n        SELECT r.{id} INTO NEW.{old} FROM {root} r WHERE r.{id_new} = NEW.{new}{lock};{no_old}\n    END IF;",
        itself(&new, &id_new, &old, &id),
    );
    let new_is = changed(&carrier.new);
    let (forward, backward, first, second) = match stage {
        Stage::Swapped => {
            let forward = format!("NEW.{new} IS NOT NULL OR NEW.{old} IS NULL");
            (forward, new_is.clone(), &back, &forth)
        }
        _ => {
            let forward = twins::old_is_given(&Postgres, carrier);
            (forward, twins::old_wins(&Postgres, carrier, changed), &forth, &back)
        }
    };
    // A reference by its old id alone takes a position of the trigger's lane: it is seen by that.
    let seen = match stage {
        Stage::Swapped => format!(
            "\n    IF {new_is} THEN\n        PERFORM {}();\n    END IF;",
            next_function(plan)
        ),
        _ => String::new(),
    };
    let body = format!(
        "    IF TG_OP = 'INSERT' THEN wins := {forward};\n    ELSE wins := {backward};\n    END IF;\n    IF wins THEN\n    {first}\n    ELSE\n    {second}{seen}\n    END IF;\n"
    );
    wrapped(plan, i, "DECLARE\n    wins boolean;\n", &body)
}

fn wrapped(plan: &Plan, i: usize, declare: &str, body: &str) -> String {
    function_of(&function(plan, i), declare, body)
}

pub(super) fn function_of(function: &str, declare: &str, body: &str) -> String {
    format!(
        "CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql \
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $idgen$
{declare}BEGIN
{body}    RETURN NEW;
END
$idgen$"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::example;

    #[test]
    fn a_default_of_the_apps_own_has_no_sequence_made_whatever_its_name() {
        let mut plan = example();
        plan.carriers[0].column.default = Some("app.make_old_id()".into());
        let made = functions(&plan, &plan.target.lanes().unwrap(), Stage::Swapped).unwrap();
        assert!(made.iter().any(|sql| sql.contains(":= app.make_old_id();")), "{made:?}");
        assert!(!made.iter().any(|sql| sql.contains("INCREMENT BY -1")), "{made:?}");
    }
}
