//! How far replicas are behind, and for how long they are waited for.

use std::time::Duration;

use serde::Serialize;

use crate::Error;
use crate::engine::dialect;
use crate::options::Options;
use crate::session::Session;

/// The replica that lags behind the farthest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lag {
    /// By what the server knows it.
    pub replica: String,
    /// How far it is behind, in milliseconds.
    pub millis: i64,
}

/// The replica that lags behind the farthest; none where there is none, or the engine does not know.
pub(crate) async fn farthest(session: &mut Session) -> Result<Option<Lag>, Error> {
    let Some(query) = dialect(session.engine()).replica_lag() else { return Ok(None) };
    let Some(row) = session.row(query, &[]).await? else { return Ok(None) };
    Ok(Some(Lag { replica: row.text(1)?, millis: row.integer(0)? }))
}

/// A wait for replicas, which has an end.
#[derive(Debug, Default)]
pub(super) struct Behind {
    since: Option<Duration>,
}

impl Behind {
    /// What is waited for, if a replica lags too far; an error where it has for too long.
    pub(super) fn look(
        &mut self,
        lag: Option<Lag>,
        options: &Options,
    ) -> Result<Option<String>, Error> {
        let most = i64::try_from(options.max_lag.as_millis()).unwrap_or(i64::MAX);
        let Some(Lag { replica, millis }) = lag.filter(|lag| lag.millis > most) else {
            self.since = None;
            return Ok(None);
        };
        let now = options.clock.monotonic();
        let waited = now.saturating_sub(*self.since.get_or_insert(now));
        if waited >= options.lag_patience {
            let lag = Duration::from_millis(millis.unsigned_abs());
            return Err(Error::Lags { replica, lag, most: options.max_lag, waited });
        }
        Ok(Some(format!("replica {replica} lags {millis} ms behind")))
    }

    /// Somebody has the backfill wait for other reasons.
    pub(super) fn rests(&mut self) {
        self.since = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use idgen_core::UnixTime;
    use idgen_core::clock::ScriptedClock;

    use super::*;

    #[test]
    fn a_replica_is_waited_for_by_name_and_not_for_ever() {
        let clock = Arc::new(ScriptedClock::at(UnixTime::EPOCH));
        let options = Options {
            clock: Arc::clone(&clock) as _,
            max_lag: Duration::from_secs(5),
            lag_patience: Duration::from_secs(60),
            ..Options::default()
        };
        let lag = |millis| Some(Lag { replica: "east".into(), millis });
        let mut behind = Behind::default();
        assert_eq!(behind.look(None, &options).unwrap(), None);
        assert_eq!(behind.look(lag(5_000), &options).unwrap(), None);
        let told = || Some("replica east lags 7000 ms behind".to_owned());
        assert_eq!(behind.look(lag(7_000), &options).unwrap(), told());
        clock.advance(Duration::from_secs(59));
        assert_eq!(behind.look(lag(7_000), &options).unwrap(), told());
        // Whoever has caught up in between has all of it again; and a pause is nobody's fault.
        assert_eq!(behind.look(lag(10), &options).unwrap(), None);
        clock.advance(Duration::from_secs(59));
        assert_eq!(behind.look(lag(7_000), &options).unwrap(), told());
        behind.rests();
        clock.advance(Duration::from_secs(600));
        assert_eq!(behind.look(lag(7_000), &options).unwrap(), told());
        clock.advance(Duration::from_secs(60));
        let error = behind.look(lag(65_000), &options).unwrap_err().to_string();
        assert!(error.contains("replica east lags 65s behind") && error.contains("60s"), "{error}");
    }
}
