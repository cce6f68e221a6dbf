//! Transactions that began before a moment, and may not see what was written by then.

use std::time::Duration;

use crate::Error;
use crate::engine::dialect;
use crate::options::Options;
use crate::session::Session;

/// How long to wait before it is asked again who is left.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Waits until every transaction that is open now has ended.
pub(super) async fn outlive(session: &mut Session, options: &Options) -> Result<(), Error> {
    let Some((mark, older)) = dialect(session.engine()).old_snapshots() else {
        return Ok(());
    };
    let Some(mark) = session.row(mark, &[]).await? else { return Ok(()) };
    let mark = mark.text(0)?;
    let began = options.clock.monotonic();
    loop {
        let rows = session.rows(older, &[mark.as_str().into()]).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let who = rows.iter().filter_map(|row| row.optional(0)).collect::<Vec<_>>().join("; ");
        if options.clock.monotonic().saturating_sub(began) > options.patience {
            return Err(Error::OldSnapshots { count: rows.len(), who });
        }
        options.watch.waits(&format!("older transactions: {who}"));
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
