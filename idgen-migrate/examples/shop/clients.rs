//! Clients of the shop: they join, look themselves up and order, by whichever id they know.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Clients at work.
pub(crate) struct Clients {
    shared: Arc<Shared>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    done: AtomicU64,
    failed: AtomicU64,
}

impl Clients {
    pub(crate) fn start(ports: &[u16], count: usize) -> Self {
        let shared = Arc::new(Shared::default());
        let tasks = (0..count)
            .map(|number| tokio::spawn(live(Arc::clone(&shared), ports.to_vec(), number)))
            .collect();
        Self { shared, tasks }
    }

    pub(crate) fn counts(&self) -> impl fmt::Display {
        format!(
            "{} requests, {} failed",
            self.shared.done.load(Ordering::Relaxed),
            self.shared.failed.load(Ordering::Relaxed)
        )
    }

    pub(crate) async fn stop(self) -> (u64, u64) {
        self.shared.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            if task.await.is_err() {
                self.shared.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
        (self.shared.done.load(Ordering::Relaxed), self.shared.failed.load(Ordering::Relaxed))
    }
}

/// A client's life: again and again it joins, and for a while does what customers do.
async fn live(shared: Arc<Shared>, ports: Vec<u16>, number: usize) {
    let mut turn = number;
    let mut request = async |method: &str, path: String| {
        turn += 1;
        let answer = ask(ports[turn % ports.len()], method, &path).await;
        shared.done.fetch_add(1, Ordering::Relaxed);
        match answer {
            Ok(answer) => Some(answer),
            Err(why) => {
                shared.failed.fetch_add(1, Ordering::Relaxed);
                eprintln!("{method} {path}: {why}");
                None
            }
        }
    };
    while !shared.stop.load(Ordering::Relaxed) {
        let Some(mut ids) = request("POST", "/customers".into()).await else { continue };
        for _ in 0..5 {
            // The new id as soon as one is known: old ones are not looked up for ever.
            let text = |key: &str| ids[key].as_str().map(str::to_owned);
            let Some(id) = text("new").or_else(|| text("old")) else { break };
            request("POST", format!("/customers/{id}/orders")).await;
            if let Some(shown) = request("GET", format!("/customers/{id}")).await {
                ids = shown;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// One request of HTTP/1.1 on a connection of its own.
async fn ask(port: u16, method: &str, path: &str) -> Result<Value, String> {
    let text = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        Ok::<_, std::io::Error>(text)
    };
    let text = text.await.map_err(|error| error.to_string())?;
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    if head.starts_with("HTTP/1.1 200") {
        serde_json::from_str(body).map_err(|error| format!("{error}: {body}"))
    } else {
        Err(format!("{} {body}", head.lines().next().unwrap_or_default()))
    }
}
