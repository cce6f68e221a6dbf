//! Servers that fall silent: a connection that is lost on the way says nothing of it.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::Session;
use crate::Error;
use crate::engine::dialect;

/// How long a statement goes on until it is asked for on another connection, and asked for again.
const LOOK_AFTER: Duration = Duration::from_secs(10);

/// How often in a row the server may not be reached until the connection is taken for lost.
const MOST_IN_VAIN: u32 = 2;

/// How long an answer is waited for.
#[derive(Clone, Debug)]
pub(super) enum Patience {
    /// For ever.
    Endless,
    /// So long.
    Within(Duration),
    /// For as long as the server knows the connection.
    While(Arc<Known>),
}

/// What a server knows a connection by.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) address: String,
    pub(super) id: i64,
}

impl Known {
    /// Whether the server still knows the connection, as another one is told. Asking asks for nothing itself, so
    /// that it has an end; and a type, in a box.
    fn is_there(&self) -> Pin<Box<dyn Future<Output = Result<bool, Error>> + Send + '_>> {
        Box::pin(async {
            let mut session = Session::connect(&self.address).await?.answering_within(LOOK_AFTER);
            let Some((_, known)) = dialect(session.engine()).connection() else { return Ok(true) };
            Ok(session.number(known, &[self.id.into()]).await? > 0)
        })
    }

    /// Returns when the connection is lost.
    async fn lost(&self) {
        let mut in_vain = 0;
        while in_vain < MOST_IN_VAIN {
            tokio::time::sleep(LOOK_AFTER).await;
            in_vain = match self.is_there().await {
                Ok(true) => 0,
                Ok(false) => MOST_IN_VAIN,
                Err(error) if error.is_connection_lost() => in_vain + 1,
                // A server that refuses is there.
                Err(_) => 0,
            };
        }
    }
}

/// What comes of something, or that it took too long: nobody knows then what became of it, and the
/// connection is of no more use.
pub(super) async fn in_time<T, E: From<Silent>>(
    patience: Patience,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match patience {
        Patience::Endless => work.await,
        Patience::Within(limit) => match tokio::time::timeout(limit, work).await {
            Ok(ended) => ended,
            Err(_) => Err(Silent(format!("no answer for {limit:?}")).into()),
        },
        Patience::While(known) => tokio::select! {
            ended = work => ended,
            () = known.lost() => Err(Silent("no answer, and the server is not there".into()).into()),
        },
    }
}

/// There was no answer, and why none is waited for.
pub(super) struct Silent(String);

impl From<Silent> for sqlx::Error {
    fn from(of: Silent) -> Self {
        Self::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, of.0))
    }
}

impl From<Silent> for Error {
    fn from(of: Silent) -> Self {
        Self::database("waiting for the database")(of.into())
    }
}
