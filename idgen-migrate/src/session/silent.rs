//! Servers that fall silent: a connection that is lost on the way says nothing of it.

use std::time::Duration;

use crate::Error;

/// What comes of something, or that it took too long: nobody knows then what became of it, and the
/// connection is of no more use.
pub(super) async fn in_time<T, E: From<Silent>>(
    limit: Option<Duration>,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let Some(limit) = limit else { return work.await };
    match tokio::time::timeout(limit, work).await {
        Ok(ended) => ended,
        Err(_) => Err(Silent { limit }.into()),
    }
}

/// There was no answer for too long.
pub(super) struct Silent {
    limit: Duration,
}

impl From<Silent> for sqlx::Error {
    fn from(of: Silent) -> Self {
        let text = format!("no answer for {:?}", of.limit);
        Self::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, text))
    }
}

impl From<Silent> for Error {
    fn from(of: Silent) -> Self {
        Self::database("waiting for the database")(of.into())
    }
}
