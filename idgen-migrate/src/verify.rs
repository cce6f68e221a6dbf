//! Verification: counts, order, references in both directions, digests; and the mapping to keep.

use serde::Serialize;

use crate::backfill::digest;
use crate::check::{DUPLICATES, FENCE, MISSING, ORDER, REFERENCES};
use crate::engine::{Lock, Step, Work, and_refers, dialect};
use crate::plan::Plan;
use crate::session::{Row, Session};
use crate::target::{Lanes, Maker};
use crate::{Error, store};

/// What was compared, and what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rows of the migrated table.
    pub rows: i64,
    /// Rows without a new id.
    pub without_id: i64,
    /// Rows whose new id another one has.
    pub duplicates: i64,
    /// Old rows whose id is not after that of the row before in order of creation, without those edited.
    pub out_of_order: i64,
    /// Old rows whose creation or key was edited when they had their id: it keeps the time that it was made for.
    pub edited: i64,
    /// Ids by who made them.
    pub makers: Makers,
    /// Each column that refers to the migrated table.
    pub references: Vec<Referring>,
    /// Digests of the pairs, old and new, of each chunk of the backfill.
    pub chunks: Vec<Digest>,
    /// Chunks whose pairs are what the backfill wrote; in others rows were deleted or renamed since.
    pub unchanged_chunks: i64,
    /// Digest of all pairs.
    pub digest: String,
}

/// How many ids each maker made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Makers {
    /// The backfill.
    pub backfill: i64,
    /// The trigger, for apps that do not write new ids.
    pub trigger: i64,
    /// The app.
    pub app: i64,
    /// Ids of old rows that are not before the fence, or others that are.
    pub beyond_fence: i64,
}

/// A column that refers to the migrated table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Referring {
    /// Table and column.
    pub column: String,
    /// Rows that refer to one by its old id.
    pub old: i64,
    /// Rows that refer to one by its new id.
    pub new: i64,
    /// Rows whose new reference is not the new id of what the old one refers to.
    pub old_to_new: i64,
    /// Rows whose old reference is not the old id of what the new one refers to.
    pub new_to_old: i64,
}

/// The digest of a chunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Digest {
    /// Number of the chunk.
    pub chunk: i64,
    /// Rows that are there.
    pub rows: i64,
    /// Sum of their digests, in hexadecimal.
    pub digest: String,
}

impl Referring {
    /// How many are not by both ids of one row.
    pub(crate) fn torn(&self) -> i64 {
        let once = self.old.abs_diff(self.new).cast_signed();
        once.max(self.old_to_new).max(self.new_to_old)
    }
}

impl Report {
    /// What is wrong, by name; nothing where all is well.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        let mut fault = |name, count: i64, what: &str| {
            if count > 0 {
                faults.push((name, format!("{count} {what}")));
            }
        };
        fault(MISSING, self.without_id, "rows have no new id");
        fault(DUPLICATES, self.duplicates, "rows share their new id with another");
        fault(ORDER, self.out_of_order, "rows are not in the order of their creation");
        fault(FENCE, self.makers.beyond_fence, "ids are on the wrong side of the fence");
        for reference in &self.references {
            let column = &reference.column;
            fault(
                REFERENCES,
                reference.old.abs_diff(reference.new).cast_signed(),
                &format!("references of {column} are there once only"),
            );
            fault(
                REFERENCES,
                reference.old_to_new,
                &format!("new references of {column} do not follow the old ones"),
            );
            fault(
                REFERENCES,
                reference.new_to_old,
                &format!("old references of {column} do not follow the new ones"),
            );
        }
        faults
    }
}

/// Compares everything.
pub(crate) async fn verify(session: &mut Session, plan: &Plan) -> Result<Report, Error> {
    let row = session.row(&counting(plan), &[]).await?.unwrap_or(Row(Vec::new()));
    let (rows, filled, distinct) = (row.integer(0)?, row.integer(1)?, row.integer(2)?);
    let lanes = plan.target.lanes()?;
    let mut report = Report {
        rows,
        without_id: rows - filled,
        duplicates: filled - distinct,
        out_of_order: 0,
        edited: store::edited(session, &plan.name).await?,
        makers: Makers::default(),
        references: Vec::new(),
        chunks: Vec::new(),
        unchanged_chunks: 0,
        digest: String::new(),
    };
    report.out_of_order = out_of_order(session, plan, &lanes, report.edited > 0).await?;
    for number in 1..plan.carriers.len() {
        report.references.push(referring(session, plan, number).await?);
    }
    digests(session, plan, &lanes, &mut report).await?;
    Ok(report)
}

/// The statements of it, to be read.
pub(crate) fn to_verify(plan: &Plan) -> Vec<Step> {
    let shown = |title: String, sql| Step::shown(title, Lock::None, vec![sql]).doing(Work::Read);
    let root = &plan.root().name;
    let mut steps = vec![
        shown(format!("rows and ids of {root} are counted"), counting(plan)).on([0]),
        shown(format!("the order of {root} is compared"), ordering(plan, true)).on([0]),
    ];
    for (number, carrier) in plan.carriers.iter().enumerate().skip(1) {
        let table = &plan.tables[carrier.table].name;
        let title = format!("{table}.{} is compared in both directions", carrier.new);
        steps.push(shown(title, comparing(plan, number)).on([carrier.table]));
    }
    steps.push(
        shown(format!("all pairs of {root} are read, for their digests"), pairing(plan)).on([0]),
    );
    steps
}

/// Counts rows, and their ids.
fn counting(plan: &Plan) -> String {
    let sql = dialect(plan.engine);
    let (table, new) = (sql.table(plan, 0), sql.quote(&plan.key().new));
    format!("SELECT count(*), count({new}), count(DISTINCT {new}) FROM {table}")
}

/// Counts the old rows whose id is not after that of the row before.
async fn out_of_order(
    session: &mut Session,
    plan: &Plan,
    lanes: &Lanes,
    edited: bool,
) -> Result<i64, Error> {
    let fence = lanes.scheme().format(lanes.least_of(plan.fence.unwrap_or(0))?).to_string();
    session.number(&ordering(plan, edited), &[fence.into()]).await
}

/// Counts the rows before a fence whose id is not after that of the row before; without those that were edited,
/// where there are some.
fn ordering(plan: &Plan, edited: bool) -> String {
    let sql = dialect(plan.engine);
    let new = sql.new_column(&plan.target, &plan.key().new);
    let quoted = sql.quote(&new.name);
    let columns: Vec<_> =
        plan.order_columns().iter().map(|column| sql.quote(&column.name)).collect();
    let without = format!(
        " AND {quoted} NOT IN (SELECT {} FROM {} e WHERE e.name = {})",
        sql.write("e.id", &new),
        sql.own("edited"),
        sql.literal(&plan.name)
    );
    format!(
        "SELECT count(*) FROM (SELECT {quoted} AS n, lag({quoted}) OVER (ORDER BY {}) AS earlier \
         FROM {} WHERE {quoted} < {}{}) w WHERE w.n <= w.earlier",
        columns.join(", "),
        sql.table(plan, 0),
        sql.write("?", &new),
        if edited { without } else { String::new() }
    )
}

pub(crate) async fn referring(
    session: &mut Session,
    plan: &Plan,
    number: usize,
) -> Result<Referring, Error> {
    let carrier = &plan.carriers[number];
    let query = comparing(plan, number);
    let row = session.row(&query, &[]).await?.unwrap_or(Row(Vec::new()));
    Ok(Referring {
        column: format!("{}.{}", plan.tables[carrier.table].name, carrier.column.name),
        old: row.integer(0)?,
        new: row.integer(1)?,
        old_to_new: row.integer(2)?,
        new_to_old: row.integer(3)?,
    })
}

/// Counts what a column refers to by either id, and where both are not of one row.
fn comparing(plan: &Plan, number: usize) -> String {
    let sql = dialect(plan.engine);
    let carrier = &plan.carriers[number];
    let (child, root) = (sql.table(plan, carrier.table), sql.table(plan, 0));
    let (reference, new) = (sql.quote(&carrier.column.name), sql.quote(&carrier.new));
    let (root_old, root_new) = (sql.quote(&plan.key().column.name), sql.quote(&plan.key().new));
    let refers = and_refers(plan, carrier, &|column| format!("c.{}", sql.quote(column)));
    format!(
        "SELECT count(CASE WHEN c.{reference} IS NOT NULL{refers} THEN 1 END), \
         count(CASE WHEN c.{new} IS NOT NULL{refers} THEN 1 END), \
         count(CASE WHEN o.{root_new} IS NOT NULL{refers} AND (c.{new} IS NULL OR c.{new} <> o.{root_new}) THEN 1 END), \
         count(CASE WHEN c.{new} IS NOT NULL AND (n.{root_old} IS NULL OR n.{root_old} <> c.{reference} \
         OR c.{reference} IS NULL) THEN 1 END) \
         FROM {child} c LEFT JOIN {root} o ON o.{root_old} = c.{reference} LEFT JOIN {root} n ON n.{root_new} = c.{new}"
    )
}

/// Reads every pair once: who made the id, on which side of the fence, in which chunk.
async fn digests(
    session: &mut Session,
    plan: &Plan,
    lanes: &Lanes,
    report: &mut Report,
) -> Result<(), Error> {
    let chunks = store::chunks(session, &plan.name, 0).await?;
    let ends = chunks.iter().map(|chunk| lanes.backfilled(chunk.last_slot));
    let ends: Vec<u128> = ends.collect::<Result<_, _>>()?;
    let mut sums = vec![(0_i64, 0_i64); chunks.len()];
    let mut whole = 0_i64;
    let fence = lanes.least_of(plan.fence.unwrap_or(0))?;
    let makers = &mut report.makers;
    pairs(session, plan, &mut |old, new| {
        let word = lanes.scheme().parse(&new).map_err(|_| {
            Error::Schema(format!("the new id {new} is none of the scheme {}", lanes.scheme().name))
        })?;
        let sum = digest(&old, &new);
        whole = whole.wrapping_add(sum);
        let maker = lanes.maker(word);
        match maker {
            Maker::Backfill => {
                makers.backfill += 1;
                if let Some(of) = sums.get_mut(ends.partition_point(|end| *end < word)) {
                    *of = (of.0 + 1, of.1.wrapping_add(sum));
                }
            }
            Maker::Trigger => makers.trigger += 1,
            Maker::App => makers.app += 1,
        }
        makers.beyond_fence += i64::from((word < fence) != (maker == Maker::Backfill));
        Ok(())
    })
    .await?;
    for (chunk, (rows, sum)) in chunks.iter().zip(sums) {
        report.unchanged_chunks += i64::from(sum == chunk.digest);
        report.chunks.push(Digest { chunk: chunk.number, rows, digest: format!("{sum:016x}") });
    }
    report.digest = format!("{whole:016x}");
    Ok(())
}

/// Every row's ids, old and new, in no order; rows that lack one are left out.
pub(crate) async fn pairs(
    session: &mut Session,
    plan: &Plan,
    each: &mut (dyn FnMut(String, String) -> Result<(), Error> + Send),
) -> Result<(), Error> {
    session.stream(&pairing(plan), &[], &mut |row| each(row.text(0)?, row.text(1)?)).await
}

/// How many rows lack one of their ids.
pub(crate) async fn unpaired(session: &mut Session, plan: &Plan) -> Result<i64, Error> {
    let sql = dialect(plan.engine);
    let [old, new] = [&plan.key().column.name, &plan.key().new].map(|name| sql.quote(name));
    let query =
        format!("SELECT count(*) FROM {} WHERE {old} IS NULL OR {new} IS NULL", sql.table(plan, 0));
    session.number(&query, &[]).await
}

/// Reads the pairs of all rows that have both ids.
fn pairing(plan: &Plan) -> String {
    let sql = dialect(plan.engine);
    let key = plan.key();
    let new = sql.new_column(&plan.target, &key.new);
    format!(
        "SELECT {}, {} FROM {} WHERE {} IS NOT NULL AND {} IS NOT NULL",
        sql.read(&sql.quote(&key.column.name), key.column.kind),
        sql.read(&sql.quote(&new.name), new.kind),
        sql.table(plan, 0),
        sql.quote(&key.column.name),
        sql.quote(&new.name)
    )
}
