//! A shop that changes its customers' ids from UUIDs to snowflakes under load.
//!
//! It makes its tables in an empty PostgreSQL database, serves HTTP by axum and sqlx, sends itself
//! requests all the while, and goes through every phase. It ends with an error if a request failed.
//!
//! ```text
//! cargo run -p idgen-migrate --example shop -- postgres://localhost/empty
//! ```

mod clients;
mod server;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use idgen_core::Scheme;
use idgen_core::clock::SystemClock;
use idgen_migrate::app::Live;
use idgen_migrate::plan::{Wish, survey};
use idgen_migrate::session::Session;
use idgen_migrate::target::Target;
use idgen_migrate::{Migration, Options, Phase};

const TABLES: &str = "
CREATE TABLE customers (id uuid PRIMARY KEY, name text NOT NULL, created_at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE TABLE orders (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item text NOT NULL,
    customer_id uuid NOT NULL REFERENCES customers ON DELETE CASCADE);
CREATE INDEX orders_by_customer ON orders (customer_id);
INSERT INTO customers SELECT gen_random_uuid(), 'of old ' || n, timestamptz '2024-01-01' + n * interval '1 minute'
    FROM generate_series(1, 5000) n;
INSERT INTO orders (item, customer_id) SELECT 'of old', id FROM customers";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).ok_or("name an empty database: postgres://host/name")?;
    let mut session = Session::connect(&address).await?;
    session.run(TABLES).await?;

    // Two instances, as there are behind a balancer.
    let mut ports = Vec::new();
    for number in 0..2 {
        let live = Arc::new(Live::join(&address, "customers", &format!("web-{number}")).await?);
        let beside = Arc::clone(&live);
        tokio::spawn(async move { beside.keep_fresh(Duration::from_millis(200)).await });
        ports.push(server::serve(&address, live, number).await?);
    }
    let clients = clients::Clients::start(&ports, 6);

    let wish = Wish::new("customers", Target::of(&Scheme::of::<server::Snowflake>())?);
    let plan = survey(&mut session, &wish, &SystemClock).await?;
    let options = Options { quiet: Duration::from_secs(1), ..Options::default() };
    let mut migration = Migration::begin(&address, &plan, options).await?;
    while migration.phase() < Phase::Contracted {
        tokio::time::sleep(Duration::from_millis(300)).await;
        match migration.advance().await {
            Ok(evidence) => println!("{:<19} after {}", evidence.to, clients.counts()),
            // The gate waits for the instances, or for the fence.
            Err(idgen_migrate::Error::Gate { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (done, failed) = clients.stop().await;
    println!("{done} requests, {failed} failed");
    if failed == 0 && done > 0 { Ok(()) } else { Err("requests failed".into()) }
}
