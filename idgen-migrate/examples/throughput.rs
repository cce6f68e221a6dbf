//! How fast one worker fills rows, beside one plain UPDATE of the same rows.
//!
//! ```text
//! cargo run --release -p idgen-migrate --example throughput -- postgres://localhost/empty 1000000
//! touch empty.db && cargo run --release -p idgen-migrate --example throughput -- sqlite:empty.db 1000000
//! ```

use std::error::Error;
use std::time::Duration;

use idgen_core::Scheme;
use idgen_core::clock::{Clock, SystemClock};
use idgen_core::layout::Layout;
use idgen_core::text::Form;
use idgen_core::{Name, Timebase, UnixTime};
use idgen_migrate::plan::{Wish, survey};
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::target::Target;
use idgen_migrate::{Migration, Options, Phase};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or("name an empty database: postgres://host/name")?;
    let rows: u64 = arguments.next().map_or(Ok(1_000_000), |rows| rows.parse())?;
    let mut session = Session::connect(&address).await?;
    for table in ["people", "copies"] {
        session.run(&made(session.engine(), table, rows)).await?;
    }

    let epoch = Timebase::new(UnixTime::from_millis(1_577_836_800_000), Duration::from_millis(1));
    let layout: Layout = "41:10:12".parse()?;
    let scheme =
        Scheme { name: Name::new("snowflake"), layout, timebase: Some(epoch), text: Form::Decimal };
    let plan =
        survey(&mut session, &Wish::new("people", Target::of(&scheme)?), &SystemClock).await?;
    // All of the time, also where others would otherwise get half of it.
    let options = Options { workers: 1, duty: Some(1.0), ..Options::default() };
    let mut migration = Migration::begin(&address, &plan, options).await?;
    let mut filling = Duration::ZERO;
    while migration.phase() < Phase::Backfilled {
        let began = SystemClock.monotonic();
        match migration.advance().await {
            Ok(evidence) => {
                let took = SystemClock.monotonic() - began;
                println!("{:<12} {:>8.2} s", evidence.to.name(), took.as_secs_f64());
                filling = took;
            }
            Err(idgen_migrate::Error::Gate { .. }) => {
                tokio::time::sleep(Duration::from_millis(100)).await
            }
            Err(error) => return Err(error.into()),
        }
    }

    // The copies have the same columns and indexes, and no trigger.
    session.run("ALTER TABLE copies ADD COLUMN id_new BIGINT").await?;
    session.run("CREATE INDEX copies_order ON copies (created_at, id)").await?;
    let began = SystemClock.monotonic();
    session.run("UPDATE copies SET id_new = 7").await?;
    let plain = SystemClock.monotonic() - began;
    println!("plain UPDATE {:>8.2} s", plain.as_secs_f64());
    let rate = |took: Duration| rows as f64 / took.as_secs_f64();
    println!(
        "{rows} rows: {:.0} rows/s by one worker, {:.0} by one UPDATE; ratio {:.2}",
        rate(filling),
        rate(plain),
        filling.as_secs_f64() / plain.as_secs_f64()
    );
    Ok(())
}

/// A table of so many rows, made by the database itself.
fn made(engine: Engine, table: &str, rows: u64) -> String {
    match engine {
        Engine::Postgres => format!(
            "CREATE TABLE {table} (id uuid PRIMARY KEY, name text NOT NULL, created_at timestamptz NOT NULL);
             INSERT INTO {table} SELECT gen_random_uuid(), 'somebody', timestamptz '2024-01-01' + n * interval '1 second'
                 FROM generate_series(1, {rows}) n;
             ANALYZE {table}"
        ),
        Engine::MariaDb => format!(
            "CREATE TABLE {table} (id CHAR(36) CHARACTER SET ascii PRIMARY KEY, name VARCHAR(100) NOT NULL, created_at DATETIME(6) NOT NULL);
             INSERT INTO {table} SELECT uuid(), 'somebody', '2024-01-01' + INTERVAL seq SECOND FROM seq_1_to_{rows};
             ANALYZE TABLE {table}"
        ),
        Engine::Sqlite => format!(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE {table} (id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at TEXT NOT NULL);
             WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {rows})
             INSERT INTO {table} SELECT lower(hex(randomblob(16))), 'somebody', datetime('2024-01-01', n || ' seconds') FROM s"
        ),
    }
}
