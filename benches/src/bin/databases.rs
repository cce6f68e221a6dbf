//! What an id costs as a primary key: on PostgreSQL and SQLite, for each scheme a table of its own.
//!
//!     scripts/report databases [ROWS]
//!
//! Rows hold the id and 100 bytes, and come in the order in which their ids were made, in transactions
//! of 5,000. Measured: rows a second; what the index of the primary key takes, and how full its
//! pages are; how much is written ahead; and what it takes to read the newest hundredth of the rows by
//! their ids, in time and in pages touched.

use std::time::Instant;

use idgen::catalog::Settings;
use idgen::{Scheme, find};
use idgen_bench::{Machine, verify};

/// Schemes, and the column that docs/databases.md recommends for each.
const SCHEMES: [&str; 7] =
    ["snowflake", "uuid-v1", "uuid-v4", "uuid-v6", "uuid-v7", "ulid", "nano128"];

/// Rows of a transaction.
const BATCH: usize = 5_000;

const PAYLOAD: &str = "a hundred bytes, as a small row has besides its key: an amount, a name, two \
    dates, a state, a comment";

type Fault = Box<dyn std::error::Error>;

/// One row of the report.
struct Cost {
    scheme: &'static str,
    column: &'static str,
    rows_a_second: f64,
    index_mib: f64,
    /// Percent of the leaf pages that hold something.
    fill: f64,
    /// MiB written ahead; 0 where it is not told.
    written_mib: f64,
    scan_ms: f64,
    /// Pages touched by the scan; 0 where it is not told.
    scan_pages: i64,
}

fn main() -> Result<(), Fault> {
    let rows = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    println!("{}. {rows} rows.", Machine::here());
    if let Ok(address) = std::env::var("IDGEN_TEST_POSTGRES") {
        let mut client = postgres::Client::connect(&address, postgres::NoTls)?;
        let version: String = client.query_one("SHOW server_version", &[])?.get(0);
        let buffers: String = client.query_one("SHOW shared_buffers", &[])?.get(0);
        let sync: String = client.query_one("SHOW fsync", &[])?.get(0);
        println!("\n### PostgreSQL {version}, shared_buffers {buffers}, fsync {sync}\n");
        client.batch_execute("CREATE EXTENSION IF NOT EXISTS pgstattuple")?;
        print(&each(|scheme| on_postgres(&mut client, scheme, &made(scheme, rows)?))?);
    }
    println!("\n### SQLite {}, WAL, synchronous normal\n", rusqlite::version());
    print(&each(|scheme| on_sqlite(scheme, &made(scheme, rows)?))?);
    Ok(())
}

fn each(mut cost: impl FnMut(&'static str) -> Result<Cost, Fault>) -> Result<Vec<Cost>, Fault> {
    SCHEMES
        .into_iter()
        .map(|scheme| {
            eprintln!("{scheme}");
            cost(scheme)
        })
        .collect()
}

/// Ids in the order in which they were made, checked to be distinct.
fn made(name: &str, rows: usize) -> Result<Vec<u128>, Fault> {
    let entry = find(name).ok_or("no such scheme")?;
    let numbered = entry.needs_node();
    let settings = if numbered { Settings::with_node(7) } else { Settings::default() };
    let ids = entry.generator(&settings).ok_or("it makes no ids")??;
    let mut words = vec![0; rows];
    for chunk in words.chunks_mut(256) {
        ids.fill_words(chunk)?;
    }
    verify::distinct(&mut words.clone())?;
    Ok(words)
}

fn scheme(name: &str) -> Result<&'static Scheme, Fault> {
    Ok(&find(name).ok_or("no such scheme")?.scheme)
}

fn on_postgres(
    client: &mut postgres::Client,
    name: &'static str,
    words: &[u128],
) -> Result<Cost, Fault> {
    use std::io::Write;

    let narrow = scheme(name)?.layout.width() == 64;
    let column = if narrow { "BIGINT" } else { "UUID" };
    let key = |word: u128| if narrow { word.to_string() } else { format!("{word:032x}") };
    client.batch_execute(&format!(
        "DROP TABLE IF EXISTS t; CREATE TABLE t (id {column} PRIMARY KEY, payload TEXT NOT NULL); \
         ALTER TABLE t SET (autovacuum_enabled = off); CHECKPOINT"
    ))?;
    let written = "SELECT (pg_current_wal_insert_lsn() - '0/0')::FLOAT8";
    let before: f64 = client.query_one(written, &[])?.get(0);
    let start = Instant::now();
    for batch in words.chunks(BATCH) {
        let mut copy = client.copy_in("COPY t FROM STDIN")?;
        let lines: String =
            batch.iter().map(|&word| format!("{}\t{PAYLOAD}\n", key(word))).collect();
        copy.write_all(lines.as_bytes())?;
        copy.finish()?;
    }
    let took = start.elapsed();
    let after: f64 = client.query_one(written, &[])?.get(0);
    client.batch_execute("VACUUM (ANALYZE) t")?;
    let index = client
        .query_one("SELECT index_size::FLOAT8, avg_leaf_density FROM pgstatindex('t_pkey')", &[])?;
    let newest = words.len() / 100;
    let (first, last) = (words[words.len() - newest], words[words.len() - 1]);
    // Where ids are in no order, the newest rows are wherever they are: ask for them one by one.
    let query = if name == "uuid-v4" || name == "uuid-v1" {
        let keys: Vec<_> =
            words[words.len() - newest..].iter().map(|&word| format!("'{}'", key(word))).collect();
        format!(
            "SELECT count(payload) FROM t WHERE id = ANY (ARRAY[{}]::{column}[])",
            keys.join(",")
        )
    } else {
        format!(
            "SELECT count(payload) FROM t WHERE id BETWEEN '{}'::{column} AND '{}'::{column}",
            key(first),
            key(last)
        )
    };
    let found: i64 = client.query_one(&query, &[])?.get(0);
    assert_eq!(usize::try_from(found)?, newest, "rows of the scan");
    let start = Instant::now();
    client.query_one(&query, &[])?;
    let scan = start.elapsed();
    let plan: serde_json::Value =
        client.query_one(&format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}"), &[])?.get(0);
    let plan = &plan[0]["Plan"];
    let pages = |what: &str| plan[what].as_i64().unwrap_or(0);
    Ok(Cost {
        scheme: name,
        column,
        rows_a_second: words.len() as f64 / took.as_secs_f64(),
        index_mib: index.get::<_, f64>(0) / 1_048_576.0,
        fill: index.get(1),
        written_mib: (after - before) / 1_048_576.0,
        scan_ms: scan.as_secs_f64() * 1e3,
        scan_pages: pages("Shared Hit Blocks") + pages("Shared Read Blocks"),
    })
}

fn on_sqlite(name: &'static str, words: &[u128]) -> Result<Cost, Fault> {
    let narrow = scheme(name)?.layout.width() == 64;
    let column = if narrow { "INTEGER" } else { "BLOB, without rowid" };
    let folder = tempfile::tempdir()?;
    let mut file = rusqlite::Connection::open(folder.path().join("ids.sqlite"))?;
    // A cache smaller than the table, as it is once a table has grown.
    file.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384",
    )?;
    file.execute_batch(if narrow {
        "CREATE TABLE t (id INTEGER PRIMARY KEY, payload TEXT NOT NULL)"
    } else {
        "CREATE TABLE t (id BLOB PRIMARY KEY, payload TEXT NOT NULL) WITHOUT ROWID"
    })?;
    let key = |word: u128| -> Result<rusqlite::types::Value, Fault> {
        Ok(if narrow {
            rusqlite::types::Value::Integer(i64::try_from(word)?)
        } else {
            rusqlite::types::Value::Blob(word.to_be_bytes().into())
        })
    };
    let start = Instant::now();
    for batch in words.chunks(BATCH) {
        let transaction = file.transaction()?;
        {
            let mut insert = transaction.prepare_cached("INSERT INTO t VALUES (?1, ?2)")?;
            for &word in batch {
                insert.execute((key(word)?, PAYLOAD))?;
            }
        }
        transaction.commit()?;
    }
    let took = start.elapsed();
    // The table is the index of its key here.
    let (size, unused): (i64, i64) = file.query_row(
        "SELECT sum(pgsize), sum(unused) FROM dbstat WHERE name = 't'",
        (),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let newest = words.len() / 100;
    let recent = &words[words.len() - newest..];
    let start = Instant::now();
    let found = if name == "uuid-v4" || name == "uuid-v1" {
        let mut one = file.prepare("SELECT length(payload) FROM t WHERE id = ?1")?;
        let mut found = 0;
        for &word in recent {
            found += usize::from(one.exists((key(word)?,))?);
        }
        found
    } else {
        let (first, last) = (key(recent[0])?, key(recent[newest - 1])?);
        let query = "SELECT count(payload) FROM t WHERE id BETWEEN ?1 AND ?2";
        file.query_row(query, (first, last), |row| row.get::<_, i64>(0))
            .map(|count| usize::try_from(count).unwrap_or(0))?
    };
    let scan = start.elapsed();
    assert_eq!(found, newest, "rows of the scan");
    Ok(Cost {
        scheme: name,
        column,
        rows_a_second: words.len() as f64 / took.as_secs_f64(),
        index_mib: size as f64 / 1_048_576.0,
        fill: 100.0 * (1.0 - unused as f64 / size as f64),
        written_mib: 0.0,
        scan_ms: scan.as_secs_f64() * 1e3,
        scan_pages: 0,
    })
}

fn print(costs: &[Cost]) {
    println!(
        "| scheme | column | rows a second | index MiB | page fill | written ahead MiB | newest 1 % | pages touched |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|---:|");
    for cost in costs {
        let told = |number: f64| if number > 0.0 { format!("{number:.0}") } else { "-".into() };
        println!(
            "| {} | {} | {:.0} | {:.1} | {:.0} % | {} | {:.2} ms | {} |",
            cost.scheme,
            cost.column,
            cost.rows_a_second,
            cost.index_mib,
            cost.fill,
            told(cost.written_mib),
            cost.scan_ms,
            told(cost.scan_pages as f64),
        );
    }
}
