//! One pass over the rows in their order, which fixes what each will get.

use idgen_core::UnixTime;

use super::{pass_of, statements};
use crate::Error;
use crate::engine::{between, dialect};
use crate::options::Options;
use crate::plan::{Column, Order, Plan};
use crate::session::{Row, Session, Value};
use crate::slot::{Slots, Start};
use crate::store::{self, Chunk};
use crate::target::Lanes;

/// What is read of each row, in this order: its time, then the order columns.
pub(super) fn reading(plan: &Plan) -> (Vec<String>, String) {
    let sql = dialect(plan.engine);
    let quoted = |column: &Column| format!("c.{}", sql.quote(&column.name));
    let time = match &plan.order {
        Order::Time { column, .. } => sql.millis(&quoted(column), column),
        Order::Key { millis } => millis.to_string(),
        Order::Id { .. } => "0".into(),
    };
    let columns = plan.order_columns();
    let mut fields = vec![time];
    fields.extend(columns.iter().map(|column| sql.read(&quoted(column), column.kind)));
    let order: Vec<_> = columns.iter().map(|column| quoted(column)).collect();
    (fields, order.join(", "))
}

/// The first position of a row's creation, by what was read of it.
pub(super) fn begin(
    plan: &Plan,
    lanes: &Lanes,
    source: Option<&Lanes>,
    row: &Row,
) -> Result<i64, Error> {
    let millis = match (&plan.order, source) {
        (Order::Time { believed, .. }, _) => row.integer(0)?.clamp(believed.0, believed.1),
        (Order::Id { believed, .. }, Some(source)) => {
            let text = row.text(1)?;
            let made = source.made_millis(&text).ok_or_else(|| {
                Error::Schema(format!(
                    "{text} is no {} id; leave out the source's scheme, and name a column of times",
                    source.scheme().name
                ))
            })?;
            made.clamp(believed.0, believed.1)
        }
        _ => row.integer(0)?,
    };
    Ok(lanes.begin(UnixTime::from_millis(millis)))
}

/// The scheme of the old ids, where order and time are in them.
pub(super) fn source(plan: &Plan) -> Result<Option<Lanes>, Error> {
    match &plan.order {
        Order::Id { source, .. } => Ok(Some(source.lanes()?)),
        _ => Ok(None),
    }
}

/// Plans the pass over the migrated table, if it is not planned yet: it is planned once for all,
/// since what is planned later would not know what was assigned before.
pub(crate) async fn plan_key(
    session: &mut Session,
    plan: &Plan,
    options: &Options,
) -> Result<(), Error> {
    if !store::chunks(session, &plan.name, 0).await?.is_empty() {
        return Ok(());
    }
    crate::plan::have_keys(session, plan).await?;
    let lanes = plan.target.lanes()?;
    let source = source(plan)?;
    let query = statements::planning(plan);
    let mut planner = Planner::new(options.chunk_rows);
    let mut each = |row: Row| {
        let begin = begin(plan, &lanes, source.as_ref(), &row)?;
        let place = (1..row.0.len()).map(|i| row.text(i)).collect::<Result<_, _>>()?;
        planner.row(begin, place);
        Ok(())
    };
    session.stream(&query, &[], &mut each).await?;
    let chunks = planner.finish();
    let fence = i64::try_from(plan.fence.unwrap_or(0)).unwrap_or(i64::MAX);
    if let Some(last) = chunks.last().filter(|last| last.last_slot >= lanes.first_of(fence)) {
        return Err(Error::Schema(format!(
            "the last old row would get position {}, past the fence at {}: more rows came than planned, or their times are later; roll back to planned, and plan anew",
            last.last_slot,
            lanes.first_of(fence)
        )));
    }
    if let Some(last) = chunks.last() {
        lanes.backfilled(last.last_slot)?;
    }
    store::keep_chunks(session, &plan.name, &chunks).await
}

/// Cuts the rows into chunks as they come by.
struct Planner {
    size: i64,
    slots: Slots,
    chunks: Vec<Chunk>,
    open: Option<Chunk>,
}

impl Planner {
    fn new(size: i64) -> Self {
        Self { size: size.max(1), slots: Slots::from(Start::FIRST), chunks: Vec::new(), open: None }
    }

    fn row(&mut self, begin: i64, place: Vec<String>) {
        let start = self.slots.start();
        let slot = self.slots.next(begin);
        let number = pass_of(self.chunks.len());
        let low = self.chunks.last().and_then(|chunk| chunk.high.clone());
        let open = self.open.get_or_insert_with(|| empty(0, number, low, start));
        open.rows += 1;
        open.last_slot = slot;
        open.high = Some(place);
        if open.rows == self.size {
            self.chunks.extend(self.open.take());
        }
    }

    fn finish(mut self) -> Vec<Chunk> {
        self.chunks.extend(self.open.take());
        self.chunks
    }
}

fn empty(pass: i64, number: i64, low: Option<Vec<String>>, start: Start) -> Chunk {
    Chunk {
        pass,
        number,
        low,
        high: None,
        start,
        rows: 0,
        last_slot: 0,
        done: false,
        done_millis: 0,
        filled: 0,
        digest: 0,
        micros: 0,
    }
}

/// What the chunks of a table that refers to the migrated one are bounded by: its key, or where its rows lie. None
/// where the engine shows neither.
pub(super) fn columns(plan: &Plan, number: usize) -> Vec<Column> {
    let table = plan.carriers[number].table;
    let key = plan.tables[table].key.clone();
    if key.is_empty() {
        places(plan, table, 1).map(|(place, _)| place).into_iter().collect()
    } else {
        key
    }
}

fn places(plan: &Plan, table: usize, chunk_rows: i64) -> Option<(Column, String)> {
    let sql = dialect(plan.engine);
    sql.places(&sql.table(plan, table), chunk_rows)
}

/// Plans the pass over a table that refers to the migrated one, if it is not planned yet.
pub(crate) async fn plan_reference(
    session: &mut Session,
    plan: &Plan,
    number: usize,
    options: &Options,
) -> Result<(), Error> {
    let pass = pass_of(number);
    if !store::chunks(session, &plan.name, pass).await?.is_empty() {
        return Ok(());
    }
    let sql = dialect(plan.engine);
    let table = plan.carriers[number].table;
    let chunk_rows = options.chunk_rows.max(1);
    let ends = match places(plan, table, chunk_rows).filter(|_| plan.tables[table].key.is_empty()) {
        Some((_, query)) => {
            let rows = session.rows(&query, &[]).await?;
            rows.iter().map(|row| Ok(vec![row.text(0)?])).collect::<Result<_, Error>>()?
        }
        None => hops(session, plan, table, chunk_rows).await?,
    };
    let mut chunks = Vec::new();
    let mut low: Option<Vec<String>> = None;
    for high in ends {
        let mut chunk = empty(pass, pass_of(chunks.len()), low, Start::FIRST);
        chunk.rows = chunk_rows;
        chunk.high = Some(high.clone());
        chunks.push(chunk);
        low = Some(high);
    }
    // The last one has no end: rows may have come meanwhile.
    let count = format!("SELECT count(*) FROM {}", sql.table(plan, table));
    let planned: i64 = chunks.iter().map(|chunk| chunk.rows).sum();
    let mut last = empty(pass, pass_of(chunks.len()), low, Start::FIRST);
    last.rows = (session.number(&count, &[] as &[Value]).await? - planned).max(0);
    chunks.push(last);
    store::keep_chunks(session, &plan.name, &chunks).await
}

/// After which keys chunks of so many rows end: hops from one to the next, each past the one before as the engine
/// compares what is kept of it, so that they come to an end.
async fn hops(
    session: &mut Session,
    plan: &Plan,
    table: usize,
    chunk_rows: i64,
) -> Result<Vec<Vec<String>>, Error> {
    let sql = dialect(plan.engine);
    let columns: Vec<&Column> = plan.tables[table].key.iter().collect();
    let of = sql.table(plan, table);
    let mut ends: Vec<Vec<String>> = Vec::new();
    let mut doubted = None;
    while !columns.is_empty() {
        let quoted: Vec<_> = columns.iter().map(|c| format!("c.{}", sql.quote(&c.name))).collect();
        let read: Vec<_> = columns.iter().zip(&quoted).map(|(c, q)| sql.read(q, c.kind)).collect();
        let (condition, parameters) =
            between(sql, "c", &columns, ends.last().map(Vec::as_slice), None);
        let query = format!(
            "SELECT {} FROM {of} c WHERE {condition} ORDER BY {} LIMIT 1 OFFSET {}",
            read.join(", "),
            quoted.join(", "),
            chunk_rows - 1
        );
        let Some(row) = session.row(&query, &parameters).await? else { break };
        let end = (0..row.0.len()).map(|i| row.text(i)).collect::<Result<Vec<_>, _>>()?;
        let (condition, parameters) =
            between(sql, "c", &columns, ends.last().map(Vec::as_slice), Some(&end));
        let within = format!("SELECT 1 FROM {of} c WHERE {condition} LIMIT 1");
        if session.row(&within, &parameters).await?.is_some() {
            ends.push(end);
        } else if doubted.as_ref() == Some(&end) {
            return Err(Error::Schema(format!(
                "no chunk of {} can end at {}: read back, that is not past the row before; its key holds something else than when it was planned, or is of a type that no text brings back: roll back to planned, and plan anew, or take such a key away",
                plan.tables[table].name,
                end.join(", ")
            )));
        } else {
            // Or its rows are gone meanwhile, and then there is another one.
            doubted = Some(end);
        }
    }
    Ok(ends)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn prop_chunks_meet_and_hold_every_row(mut begins in prop::collection::vec(0_i64..500, 0..200), size in 1_i64..30) {
            begins.sort_unstable();
            let mut planner = Planner::new(size);
            let mut slots = Slots::from(Start::FIRST);
            let mut whole = Vec::new();
            for (i, begin) in begins.iter().enumerate() {
                planner.row(*begin, vec![format!("{i:05}")]);
                whole.push(slots.next(*begin));
            }
            let chunks = planner.finish();
            prop_assert_eq!(chunks.iter().map(|c| c.rows).sum::<i64>(), i64::try_from(begins.len()).unwrap());
            let mut rows = begins.iter();
            let mut found = Vec::new();
            for pair in chunks.windows(2) {
                prop_assert_eq!(&pair[0].high, &pair[1].low);
                prop_assert!(pair[0].last_slot < pair[1].last_slot);
            }
            for chunk in &chunks {
                let mut slots = Slots::from(chunk.start);
                for begin in rows.by_ref().take(usize::try_from(chunk.rows).unwrap()) {
                    found.push(slots.next(*begin));
                }
                prop_assert_eq!(found.last(), Some(&chunk.last_slot));
            }
            prop_assert_eq!(found, whole);
        }
    }
}
