//! A shop that changes its customers' ids from UUIDs to snowflakes under load.
//!
//! It makes its tables in an empty PostgreSQL database, or in a new file of SQLite, serves HTTP by axum and sqlx, sends itself
//! requests all the while, and goes through every phase. It ends with an error if a request failed.
//!
//! ```text
//! cargo run -p idgen-migrate --example shop -- postgres://localhost/empty
//! cargo run -p idgen-migrate --example shop -- sqlite:new.db
//! ```

mod clients;
mod pool;
mod server;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use idgen_core::Scheme;
use idgen_core::clock::SystemClock;
use idgen_migrate::app::Live;
use idgen_migrate::plan::{Wish, survey};
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::target::Target;
use idgen_migrate::{Migration, Options, Phase};

const ON_POSTGRES: &str = "
CREATE TABLE customers (id uuid PRIMARY KEY, name text NOT NULL, created_at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE TABLE orders (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item text NOT NULL,
    customer_id uuid NOT NULL REFERENCES customers ON DELETE CASCADE);
CREATE INDEX orders_by_customer ON orders (customer_id);
INSERT INTO customers SELECT gen_random_uuid(), 'of old ' || n, timestamptz '2024-01-01' + n * interval '1 minute'
    FROM generate_series(1, 5000) n;
INSERT INTO orders (item, customer_id) SELECT 'of old', id FROM customers";

const ON_SQLITE: &str = "
PRAGMA journal_mode = WAL;
CREATE TABLE customers (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')));
CREATE TABLE orders (number INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT NOT NULL,
    customer_id TEXT NOT NULL REFERENCES customers ON DELETE CASCADE);
CREATE INDEX orders_by_customer ON orders (customer_id);
WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 5000),
    random (n, h) AS MATERIALIZED (SELECT n, lower(hex(randomblob(16))) FROM s)
INSERT INTO customers SELECT substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-4' || substr(h, 14, 3) || '-8' ||
    substr(h, 18, 3) || '-' || substr(h, 21), 'of old ' || n,
    strftime('%Y-%m-%d %H:%M:%f', '2024-01-01', n || ' minutes') FROM random;
INSERT INTO orders (item, customer_id) SELECT 'of old', id FROM customers";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .ok_or("name an empty database: postgres://host/name, or sqlite:PATH")?;
    if let Some(path) = address.strip_prefix("sqlite:") {
        std::fs::File::create_new(path)?;
    }
    let mut session = Session::connect(&address).await?;
    let tables = match session.engine() {
        Engine::Sqlite => ON_SQLITE,
        _ => ON_POSTGRES,
    };
    session.run(tables).await?;

    // Two instances, as there are behind a balancer.
    let (mut ports, mut instances) = (Vec::new(), Vec::new());
    for number in 0..2 {
        let live = Arc::new(Live::join(&address, "customers", &format!("web-{number}")).await?);
        instances.push(Arc::clone(&live));
        let beside = Arc::clone(&live);
        tokio::spawn(async move { beside.keep_fresh(Duration::from_millis(200)).await });
        ports.push(server::serve(&address, live, number).await?);
    }
    let clients = clients::Clients::start(&ports, 6);

    let wish = Wish::new("customers", Target::of(&Scheme::of::<server::Snowflake>())?);
    let plan = survey(&mut session, &wish, &SystemClock).await?;
    let options = Options { quiet: Duration::from_secs(1), ..Options::default() };
    let mut migration = Migration::begin(&address, &plan, options).await?;
    let mut patience = 100;
    while migration.phase() < Phase::Contracted {
        tokio::time::sleep(Duration::from_millis(300)).await;
        match migration.advance().await {
            Ok(evidence) => println!("{:<19} after {}", evidence.to, clients.counts()),
            // The gate waits for the instances, or for the fence: not for long.
            Err(idgen_migrate::Error::Gate { .. }) if patience > 0 => patience -= 1,
            Err(error) => return Err(error.into()),
        }
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (done, failed) = clients.stop().await;
    println!("{done} requests, {failed} failed");
    let (compared, differ) = instances
        .iter()
        .map(|live| live.compared())
        .fold((0, 0), |(compared, differ), (more, others)| (compared + more, differ + others));
    println!("{compared} shadow reads, {differ} of which found somebody else");
    match (failed, done > 0 && compared > 0, differ) {
        (0, true, 0) => Ok(()),
        (0, true, _) => Err("shadow reads found somebody else".into()),
        _ => Err("requests failed".into()),
    }
}
