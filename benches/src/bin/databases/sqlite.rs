//! Tables of SQLite, each in a file of its own.
//!
//! The table is the tree of its primary key there: a 64-bit id is the row's number, and of others the table
//! is made without one.

use std::collections::BTreeMap;
use std::time::Duration;

use idgen_bench::timed;
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::{BATCH, Database, Fault, Grown, Keys, PAYLOAD, fill, print, scan};

/// A file for each scheme.
struct Files(BTreeMap<String, Connection>);

/// Fills tables in a folder that is removed, and prints what they cost.
pub fn measure(all: &[Keys]) -> Result<(), Fault> {
    let folder = tempfile::tempdir()?;
    let mut files = Files(BTreeMap::new());
    for keys in all {
        let name = keys.scheme.name.to_string();
        let file = Connection::open(folder.path().join(&name))?;
        // A cache smaller than the table, as it is once a table has grown.
        file.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384",
        )?;
        file.execute_batch(if keys.is_narrow() {
            "CREATE TABLE t (id INTEGER PRIMARY KEY, payload TEXT NOT NULL)"
        } else {
            "CREATE TABLE t (id BLOB PRIMARY KEY, payload TEXT NOT NULL) WITHOUT ROWID"
        })?;
        files.0.insert(name, file);
    }
    let pragma = |name: &str| -> Result<String, Fault> {
        let file = files.0.values().next().ok_or("no scheme")?;
        let value: Value = file.pragma_query_value(None, name, |row| row.get(0))?;
        Ok(match value {
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text,
            other => format!("{other:?}"),
        })
    };
    let synchronous = match pragma("synchronous")?.as_str() {
        "0" => "off".to_owned(),
        "1" => "normal".to_owned(),
        "2" => "full".to_owned(),
        other => other.to_owned(),
    };
    println!(
        "### SQLite {}, journal_mode {}, synchronous {synchronous}, cache_size {} KiB\n",
        rusqlite::version(),
        pragma("journal_mode")?,
        pragma("cache_size")?.trim_start_matches('-'),
    );
    print(&fill(&mut files, all)?, "table");
    Ok(())
}

impl Files {
    fn of(&mut self, keys: &Keys) -> Result<&mut Connection, Fault> {
        Ok(self.0.get_mut(keys.scheme.name.as_str()).ok_or("no file")?)
    }
}

fn key(keys: &Keys, word: u128) -> Result<Value, Fault> {
    Ok(if keys.is_narrow() {
        Value::Integer(i64::try_from(word)?)
    } else {
        Value::Blob(word.to_be_bytes().into())
    })
}

impl Database for Files {
    fn insert(&mut self, keys: &Keys, words: &[u128]) -> Result<Duration, Fault> {
        let values: Vec<_> = words.iter().map(|&word| key(keys, word)).collect::<Result<_, _>>()?;
        let file = self.of(keys)?;
        let mut done = Ok(());
        let took = timed(|| {
            done = values.chunks(BATCH).try_for_each(|batch| {
                let transaction = file.transaction()?;
                let mut insert = transaction.prepare_cached("INSERT INTO t VALUES (?1, ?2)")?;
                for id in batch {
                    insert.execute((id, PAYLOAD))?;
                }
                drop(insert);
                transaction.commit()
            });
        });
        done?;
        Ok(took)
    }

    fn grown(&mut self, keys: &Keys) -> Result<Grown, Fault> {
        let newest = keys.newest();
        let values: Vec<_> =
            newest.iter().map(|&word| key(keys, word)).collect::<Result<_, _>>()?;
        let file = self.of(keys)?;
        let (size, unused): (i64, i64) = file.query_row(
            "SELECT sum(pgsize), sum(unused) FROM dbstat WHERE name = 't'",
            (),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let scan_ms = scan(newest.len(), || {
            // Where ids are in no order, the newest rows are wherever they are.
            if !keys.scheme.layout.is_time_ordered() {
                let mut one = file.prepare_cached("SELECT length(payload) FROM t WHERE id = ?1")?;
                let mut found = 0;
                for value in &values {
                    found += usize::from(one.exists((value,))?);
                }
                return Ok(found);
            }
            let query = "SELECT count(payload) FROM t WHERE id BETWEEN ?1 AND ?2";
            let ends = (&values[0], &values[values.len() - 1]);
            let found: i64 = file.query_row(query, ends, |row| row.get(0))?;
            Ok(usize::try_from(found)?)
        })?;
        Ok(Grown {
            column: if keys.is_narrow() { "INTEGER, the rowid" } else { "BLOB, without rowid" },
            tree_mib: size as f64 / 1_048_576.0,
            fill: 100.0 * (1.0 - unused as f64 / size as f64),
            scan_ms,
            scan_pages: None,
            written_mib: None,
        })
    }
}
