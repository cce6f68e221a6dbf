//! A wire to a server that loses answers, or falls silent, when it is told to.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::server::Database;

/// What becomes of the answer to a commit that ends a chunk of the backfill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The connection ends in place of it.
    Ended,
    /// The connection stays, and nothing comes.
    Silent,
}

#[derive(Debug, Default)]
struct Told {
    /// Whether nothing is carried any more, either way.
    silent: AtomicBool,
    /// How many answers are still to be lost, and how many were.
    to_lose: AtomicUsize,
    lost: AtomicUsize,
}

/// The wire, at an address of its own.
pub(crate) struct Wire {
    pub(crate) address: String,
    told: Arc<Told>,
}

impl Wire {
    pub(crate) async fn to(database: &Database, loss: Loss) -> Self {
        let (before, rest) = database.address.split_once('@').unwrap();
        let (server, name) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("{before}@{}/{name}", listener.local_addr().unwrap());
        let told = Arc::new(Told::default());
        let (server, of_wire) = (server.to_owned(), Arc::clone(&told));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(carry(client, server, Arc::clone(&of_wire), loss));
            }
        });
        Self { address, told }
    }

    pub(crate) fn lose(&self, commits: usize) {
        self.told.to_lose.store(commits, Ordering::SeqCst);
    }

    pub(crate) fn lost(&self) -> usize {
        self.told.lost.load(Ordering::SeqCst)
    }

    pub(crate) fn fall_silent(&self, silent: bool) {
        self.told.silent.store(silent, Ordering::SeqCst);
    }
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

async fn carry(
    mut client: TcpStream,
    mut server: TcpStream,
    told: Arc<Told>,
    loss: Loss,
) -> io::Result<()> {
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut finishing = false;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let text = &asked[..read?];
                if text.is_empty() {
                    return Ok(());
                }
                if told.silent.load(Ordering::SeqCst) {
                    pending::<()>().await;
                }
                server.write_all(text).await?;
                finishing |= has(text, "SET done =");
                if finishing && has(text, "COMMIT") {
                    finishing = false;
                    let one = |left: usize| left.checked_sub(1);
                    if told.to_lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one).is_ok() {
                        // The server has committed by then.
                        if server.read(&mut answered).await? > 0 {
                            told.lost.fetch_add(1, Ordering::SeqCst);
                        }
                        if loss == Loss::Silent {
                            pending::<()>().await;
                        }
                        return Ok(());
                    }
                }
            }
            read = server.read(&mut answered) => {
                let text = &answered[..read?];
                if text.is_empty() {
                    return Ok(());
                }
                client.write_all(text).await?;
            }
        }
    }
}
