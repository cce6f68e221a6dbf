//! Tables of PostgreSQL, in a schema of their own that is dropped at the end.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use ::postgres::{Client, NoTls};
use idgen_bench::timed;

use crate::{BATCH, Database, Fault, Grown, Keys, PAYLOAD, fill, print, scan};

struct Tables {
    client: Client,
    /// Bytes written ahead for each table.
    written: BTreeMap<String, f64>,
}

/// Fills tables on the server at this address, and prints what they cost.
pub fn measure(address: &str, all: &[Keys]) -> Result<(), Fault> {
    let mut client = Client::connect(address, NoTls)?;
    let mut show = |setting: &str| -> Result<String, Fault> {
        Ok(client.query_one(&format!("SHOW {setting}"), &[])?.get(0))
    };
    println!(
        "### PostgreSQL {}, shared_buffers {}, fsync {}, synchronous_commit {}\n",
        show("server_version")?,
        show("shared_buffers")?,
        show("fsync")?,
        show("synchronous_commit")?
    );
    client.batch_execute("CREATE SCHEMA idgen_bench").map_err(|error| {
        let known = error.code() == Some(&::postgres::error::SqlState::DUPLICATE_SCHEMA);
        let left = "there is a schema idgen_bench; drop it if an earlier run has left it behind";
        if known { Fault::from(left) } else { error.into() }
    })?;
    let mut tables = Tables { client, written: BTreeMap::new() };
    let costs = tables.make(all).and_then(|()| fill(&mut tables, all));
    tables.client.batch_execute("DROP SCHEMA idgen_bench CASCADE")?;
    print(&costs?, "index");
    Ok(())
}

impl Tables {
    fn make(&mut self, all: &[Keys]) -> Result<(), Fault> {
        let installed = "SELECT extnamespace::regnamespace::TEXT FROM pg_extension \
            WHERE extname = 'pgstattuple'";
        let place = match self.client.query_opt(installed, &[])? {
            Some(row) => row.get(0),
            None => {
                self.client.batch_execute("CREATE EXTENSION pgstattuple SCHEMA idgen_bench")?;
                "idgen_bench".to_owned()
            }
        };
        self.client.batch_execute(&format!("SET search_path = idgen_bench, {place}"))?;
        for keys in all {
            let (table, column) = (table(keys), column(keys));
            self.client.batch_execute(&format!(
                "CREATE TABLE {table} (id {column} PRIMARY KEY, payload TEXT NOT NULL) \
                 WITH (autovacuum_enabled = off)"
            ))?;
        }
        Ok(())
    }

    /// How many bytes have ever been written ahead.
    fn written(&mut self) -> Result<f64, Fault> {
        let query = "SELECT (pg_current_wal_insert_lsn() - '0/0')::FLOAT8";
        Ok(self.client.query_one(query, &[])?.get(0))
    }
}

fn table(keys: &Keys) -> String {
    format!("\"{}\"", keys.scheme.name)
}

fn column(keys: &Keys) -> &'static str {
    if keys.is_narrow() { "BIGINT" } else { "UUID" }
}

fn key(keys: &Keys, word: u128) -> String {
    if keys.is_narrow() { word.to_string() } else { format!("{word:032x}") }
}

impl Database for Tables {
    fn insert(&mut self, keys: &Keys, words: &[u128]) -> Result<Duration, Fault> {
        let line = |&word: &u128| format!("{}\t{PAYLOAD}\n", key(keys, word));
        let batches: Vec<String> =
            words.chunks(BATCH).map(|batch| batch.iter().map(line).collect()).collect();
        // Nobody pays for the pages that another's turn has left to be written.
        self.client.batch_execute("CHECKPOINT")?;
        let copy = format!("COPY {} FROM STDIN", table(keys));
        let before = self.written()?;
        let mut done = Ok(());
        let took = timed(|| {
            done = batches.iter().try_for_each(|lines| {
                let mut rows = self.client.copy_in(&copy)?;
                rows.write_all(lines.as_bytes())?;
                rows.finish()?;
                Ok::<_, Fault>(())
            });
        });
        done?;
        let written = self.written()? - before;
        *self.written.entry(table(keys)).or_default() += written;
        Ok(took)
    }

    fn grown(&mut self, keys: &Keys) -> Result<Grown, Fault> {
        let (table, column) = (table(keys), column(keys));
        self.client.batch_execute(&format!("VACUUM (ANALYZE) {table}"))?;
        let query = "SELECT index_size::FLOAT8, avg_leaf_density FROM pgstatindex($1::TEXT)";
        let index = format!("\"{}_pkey\"", keys.scheme.name);
        let index = self.client.query_one(query, &[&index])?;
        let newest = keys.newest();
        let quoted = |&word: &u128| format!("'{}'", key(keys, word));
        let (first, last) = (&newest[0], &newest[newest.len() - 1]);
        // Where ids are in no order, the newest rows are wherever they are: ask for them one by one.
        let rows = if keys.scheme.layout.is_time_ordered() {
            format!("BETWEEN {}::{column} AND {}::{column}", quoted(first), quoted(last))
        } else {
            let all: Vec<_> = newest.iter().map(quoted).collect();
            format!("= ANY (ARRAY[{}]::{column}[])", all.join(","))
        };
        let query = format!("SELECT count(payload) FROM {table} WHERE id {rows}");
        let scan_ms = scan(newest.len(), || {
            Ok(usize::try_from(self.client.query_one(&query, &[])?.get::<_, i64>(0))?)
        })?;
        let explain = format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}");
        let plan: serde_json::Value = self.client.query_one(&explain, &[])?.get(0);
        let pages = |what: &str| plan[0]["Plan"][what].as_i64();
        Ok(Grown {
            column,
            tree_mib: index.get::<_, f64>(0) / 1_048_576.0,
            fill: index.get(1),
            scan_ms,
            scan_pages: pages("Shared Hit Blocks")
                .zip(pages("Shared Read Blocks"))
                .map(|(hit, read)| hit + read),
            written_mib: self.written.get(&table).map(|bytes| bytes / 1_048_576.0),
        })
    }
}
