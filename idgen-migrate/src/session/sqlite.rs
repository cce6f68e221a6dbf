//! SQLite's part of a session.

use std::borrow::Cow;
use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{Connection as _, Row as _, Sqlite};

use super::driver::driver;
use super::{Row, Value};
use crate::Error;

driver!(Sqlite, SqliteConnection);

/// How much of the database a session keeps in memory at most, in KiB: tables are looked up at random.
const CACHE_KIB: u32 = 128 << 10;

/// How many rows are read ahead of whoever asks for them.
const ROWS_AHEAD: usize = 1_000;

/// A connection, and what the database has no lock of its own for.
#[derive(Debug)]
pub(super) struct Connected {
    pub(super) connection: SqliteConnection,
    file: PathBuf,
    /// The operator's lock, while this session has it.
    held: Option<File>,
}

pub(super) async fn connect(address: &str) -> sqlx::Result<Connected> {
    // The file is there already, and references hold in this session too; the journal's mode is the
    // app's to choose.
    let options = SqliteConnectOptions::from_str(address)?
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        // As much as is read: whoever looks up little keeps little.
        .pragma("cache_size", format!("-{CACHE_KIB}"))
        // Rows come in chunks, and a thread hands each over to another.
        .row_buffer_size(ROWS_AHEAD);
    let file = options.get_filename().to_owned();
    let connection = SqliteConnection::connect_with(&options).await?;
    Ok(Connected { connection, file, held: None })
}

impl Connected {
    /// Takes the lock of operators, which is the operating system's, on a file beside the database: it
    /// ends with the process, however that ends. Its content says who has it.
    pub(super) fn hold(&mut self) -> Result<Option<String>, Error> {
        if self.held.is_some() {
            return Ok(None);
        }
        let mut path = self.file.clone().into_os_string();
        path.push("-idgen-migrate.lock");
        let failed = |error| {
            let doing = format!("cannot lock {}", path.display());
            Error::database(doing)(sqlx::Error::Io(error))
        };
        let open = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder).map_err(failed)?;
                return Ok(Some(holder));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let me = format!("process {}", std::process::id());
        file.set_len(0).and_then(|()| file.write_all(me.as_bytes())).map_err(failed)?;
        self.held = Some(file);
        Ok(None)
    }
}

fn statement(sql: &str) -> Cow<'_, str> {
    Cow::Borrowed(sql)
}

fn value(row: &SqliteRow, index: usize, kind: &str) -> sqlx::Result<Value> {
    Ok(match kind {
        "INTEGER" | "BOOLEAN" => Value::Integer(row.try_get_unchecked(index)?),
        "REAL" => Value::Text(row.try_get_unchecked::<f64, _>(index)?.to_string()),
        _ => Value::Text(row.try_get_unchecked(index)?),
    })
}
