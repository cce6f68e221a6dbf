//! Ids of domains, whose checks may refuse what stands in a column for a moment, or is made up.

use super::{settle, triggers};
use crate::Error;
use crate::check::{DOMAINS, LATE};
use crate::plan::{Finding, Plan, late};
use crate::session::Session;

/// Names the domains that do, as far as one value of each sort tells.
pub(super) async fn look(session: &mut Session, plan: &mut Plan) -> Result<(), Error> {
    let late = late(plan);
    // Where the old key stays, every row is written by it.
    let made = triggers::made_up(plan).filter(|_| !plan.keep_key);
    let mut findings = Vec::new();
    for (i, carrier) in plan.carriers.iter().enumerate() {
        let column = &carrier.column;
        if column.base.is_none() {
            continue;
        }
        let (kind, table) = (&column.sql_type, &plan.tables[carrier.table].name);
        let of = format!("{} of {table} is of the domain {kind}", column.name);
        if !plan.keep_key && refuses(session, kind, "NULL").await? {
            let what = "a row of new ids alone could not be written: take that from the domain, and say NOT NULL of the column";
            findings.push(Finding::stop(DOMAINS, format!("{of}, which refuses NULL: {what}")));
            continue;
        }
        if let Some(made) = &made
            && refuses(session, kind, made).await?
        {
            let what = "which is made up as the old id of a row of new ids alone from swapped on: take that check from the domain";
            findings.push(Finding::stop(DOMAINS, format!("{of}, which refuses {made}, {what}")));
            continue;
        }
        let stands_in = i > 0 && !column.nullable;
        if stands_in && refuses(session, kind, &settle::stand_in(column, "1")).await? {
            let what = format!(
                "{of}, which refuses what stands there until the row that is referred to has come: from constrained on a row that \
                 names a new id alone and comes before that is refused; take that check from the domain until the end"
            );
            findings.push(if late[i] { Finding::stop(LATE, what) } else { Finding::care(what) });
        }
    }
    plan.findings.extend(findings);
    Ok(())
}

/// Whether a domain's checks refuse a value.
async fn refuses(session: &mut Session, domain: &str, value: &str) -> Result<bool, Error> {
    match session.number(&format!("SELECT count(({value})::{domain})"), &[]).await {
        Ok(_) => Ok(false),
        Err(error) if error.is_of_check() => Ok(true),
        Err(error) => Err(error),
    }
}
