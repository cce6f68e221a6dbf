//! What the rows of a plan's tables hold, as far as it is in the way.

use idgen_core::UnixTime;

use super::{Column, Finding, Kind, Order, Plan};
use crate::Error;
use crate::check::OUTLYING;
use crate::engine::dialect;
use crate::session::{Engine, Session};
use crate::target::Lanes;

/// Counts what is in the way: missing and outlying times.
pub(super) async fn look_at_rows(session: &mut Session, plan: &mut Plan) -> Result<(), Error> {
    let sql = dialect(plan.engine);
    let table = sql.table(plan, 0);
    let rows = session.number(&format!("SELECT count(*) FROM {table}"), &[]).await?;
    plan.tables[0].rows = rows;
    // Of tables that were never analysed, and of empty ones, the database knows nothing.
    for number in 1..plan.tables.len() {
        if plan.tables[number].rows == 0 {
            let count = format!("SELECT count(*) FROM {}", sql.table(plan, number));
            plan.tables[number].rows = session.number(&count, &[]).await?;
        }
    }
    have_keys(session, plan).await?;
    let (column, (from, to)) = match plan.order.clone() {
        Order::Time { column, believed } => (column, believed),
        Order::Id { source, believed } => {
            return look_at_ids(session, plan, &source.lanes()?, believed).await;
        }
        Order::Key { .. } => return Ok(()),
    };
    has_times(plan, &column)?;
    let at = sql.millis(&sql.quote(&column.name), &column);
    let query = format!(
        "SELECT count(*) - count({at}), min({at}), max({at}), \
         count(CASE WHEN {at} < ? THEN 1 END), count(CASE WHEN {at} > ? THEN 1 END) FROM {table}"
    );
    let Some(row) = session.row(&query, &[from.into(), to.into()]).await? else { return Ok(()) };
    if row.integer(0)? > 0 {
        return Err(Error::Schema(format!(
            "{} rows of {} have no {}; give them one, or name another column",
            row.integer(0)?,
            plan.root().name,
            column.name
        )));
    }
    let mut outside = Vec::new();
    for (count, edge, bound) in [(3, 1, from), (4, 2, to)] {
        let count = row.integer(count)?;
        // Of no rows there is no edge either.
        if count > 0 {
            let edge = UnixTime::from_millis(row.integer(edge)?);
            outside.push((count, edge.to_string(), bound));
        }
    }
    plan.findings.extend(outlying(rows, &column.name, &outside));
    Ok(())
}

/// Whether a column is of a type that tells a time. SQLite's say nothing: there it goes by what is in them.
pub(super) fn tells_time(engine: Engine, column: &Column) -> bool {
    engine == Engine::Sqlite || matches!(column.kind, Kind::Integer | Kind::Time)
}

/// Errs where a column is of one that tells none.
fn has_times(plan: &Plan, column: &Column) -> Result<(), Error> {
    if tells_time(plan.engine, column) {
        return Ok(());
    }
    Err(Error::Schema(format!(
        "{} of {} is of type {}, which tells no time of creation; name a column of integers (whole seconds or milliseconds of Unix time), dates or times",
        column.name,
        plan.root().name,
        column.sql_type
    )))
}

/// Errs where rows have no old id, as a key that is merely unique allows.
pub(crate) async fn have_keys(session: &mut Session, plan: &Plan) -> Result<(), Error> {
    let sql = dialect(plan.engine);
    let key = &plan.key().column.name;
    let query =
        format!("SELECT count(*) FROM {} WHERE {} IS NULL", sql.table(plan, 0), sql.quote(key));
    match session.number(&query, &[]).await? {
        0 => Ok(()),
        count => Err(Error::Schema(format!(
            "{count} rows of {} have no {key}; give them one, or take them away",
            plan.root().name
        ))),
    }
}

/// The same of old ids that hold their time.
async fn look_at_ids(
    session: &mut Session,
    plan: &mut Plan,
    source: &Lanes,
    (from, to): (i64, i64),
) -> Result<(), Error> {
    let sql = dialect(plan.engine);
    let (table, key) = (sql.table(plan, 0), plan.key().column.clone());
    let quoted = sql.quote(&key.name);
    let tick = |millis| source.timebase().nearest_tick(UnixTime::from_millis(millis));
    let edges = [
        (tick(from), "<", "ASC", from),
        // Where the layout ends before that, no id is later.
        (tick(to).saturating_add(1), ">=", "DESC", to),
    ];
    let mut all_outside = Vec::new();
    for (tick, is_outside, order, bound) in edges {
        let Ok(edge) = source.least_of(tick) else { continue };
        let edge = source.scheme().format(edge).to_string();
        let outside = format!("{quoted} {is_outside} {}", sql.write("?", &key));
        let count = format!("SELECT count(*) FROM {table} WHERE {outside}");
        let count = session.number(&count, &[edge.into()]).await?;
        if count == 0 {
            continue;
        }
        let farthest = format!(
            "SELECT {} FROM {table} WHERE {quoted} IS NOT NULL ORDER BY {quoted} {order} LIMIT 1",
            sql.read(&quoted, key.kind)
        );
        let farthest = session.row(&farthest, &[]).await?.map(|row| row.text(0)).transpose()?;
        all_outside.push((count, farthest.unwrap_or_default(), bound));
    }
    let rows = plan.root().rows;
    plan.findings.extend(outlying(rows, &key.name, &all_outside));
    Ok(())
}

/// What there is to know of rows whose time is not believed: of each side how many, the farthest, and the bound. Where
/// they are more than half of all, it is the column that is not understood.
fn outlying(rows: i64, column: &str, outside: &[(i64, String, i64)]) -> Vec<Finding> {
    let all: i64 = outside.iter().map(|(count, ..)| count).sum();
    let is_most = all.saturating_mul(2) > rows;
    let finding = |(count, farthest, bound): &(i64, String, i64)| {
        let bound = UnixTime::from_millis(*bound);
        let what = format!(
            "{count} rows have an outlying {column} (as far as {farthest}): their ids are of {bound}"
        );
        match is_most {
            true => {
                let whole = format!(
                    "{what}. These are most of {rows}: see that {column} tells when rows were created"
                );
                Finding::stop(OUTLYING, whole)
            }
            false => Finding::care(what),
        }
    };
    outside.iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Risk;

    #[test]
    fn most_rows_outlying_stop_and_fewer_are_named() {
        let outside = |counts: &[i64]| -> Vec<_> {
            counts.iter().map(|count| (*count, "there".into(), 0)).collect()
        };
        let risks = |rows, counts| -> Vec<_> {
            outlying(rows, "made", &outside(counts)).iter().map(|found| found.risk).collect()
        };
        assert_eq!(risks(0, &[]), []);
        assert_eq!(risks(10, &[5]), [Risk::Care]);
        assert_eq!(risks(10, &[6]), [Risk::Stop]);
        assert_eq!(risks(10, &[3, 3]), [Risk::Stop, Risk::Stop]);
    }
}
