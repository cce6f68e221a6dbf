//! What the tests share: a schema of their own, a clock that a table scripts, and sessions.

use std::collections::HashSet;
use std::env;
use std::sync::Barrier;
use std::thread;

use idgen::Scheme;
use idgen::sql::Postgres;
use postgres::{Client, NoTls};

pub(crate) const SESSIONS: usize = 12;

pub(crate) fn connect() -> Client {
    let server = env::var("IDGEN_TEST_POSTGRES")
        .unwrap_or_else(|_| panic!("IDGEN_TEST_POSTGRES is not set: run scripts/test postgres"));
    let mut client = Client::connect(&server, NoTls).unwrap();
    // Where a lock is left behind, nobody is to wait for ever.
    client.batch_execute("SET lock_timeout = '10s'").unwrap();
    client
}

/// A schema of the test's own, which goes with it.
pub(crate) struct Sandbox {
    pub(crate) schema: String,
    pub(crate) client: Client,
}

impl Sandbox {
    pub(crate) fn new(name: &str) -> Self {
        let schema = format!("idgen test {name}"); // a name that must be quoted
        let mut client = connect();
        client
            .batch_execute(&format!(
                r#"DROP SCHEMA IF EXISTS "{schema}" CASCADE; CREATE SCHEMA "{schema}""#
            ))
            .unwrap();
        Self { schema, client }
    }

    pub(crate) fn function(&self, scheme: Scheme, node: u64) -> Postgres {
        Postgres::new(scheme, node).schema(&self.schema)
    }

    /// Runs the script and yields the call of its function.
    pub(crate) fn install(&mut self, function: &Postgres) -> String {
        self.run(&function.script().unwrap());
        format!("{}()", function.name().unwrap())
    }

    pub(crate) fn run(&mut self, sql: &str) {
        self.client.batch_execute(sql).unwrap_or_else(|error| panic!("{error:?}\n{sql}"));
    }

    /// A clock that shows what a table says, and the expression that reads it.
    pub(crate) fn scripted_clock(&mut self, at: &str) -> String {
        let schema = self.schema.clone();
        self.run(&format!(
            r#"CREATE TABLE "{schema}".clock (at timestamptz NOT NULL);
               INSERT INTO "{schema}".clock VALUES ('{at}');
               CREATE FUNCTION "{schema}".scripted_clock() RETURNS timestamptz LANGUAGE sql VOLATILE
               AS 'SELECT at FROM "{schema}".clock'"#
        ));
        format!(r#""{schema}".scripted_clock()"#)
    }

    pub(crate) fn set_clock(&mut self, to: &str) {
        let sql = format!(r#"UPDATE "{}".clock SET at = {to}"#, self.schema);
        self.run(&sql);
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.client.batch_execute(&format!(r#"DROP SCHEMA "{}" CASCADE"#, self.schema));
    }
}

pub(crate) fn ids(client: &mut Client, sql: &str) -> Vec<i64> {
    client.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

pub(crate) fn one(client: &mut Client, call: &str) -> Result<i64, postgres::Error> {
    client.query_one(&format!("SELECT {call}"), &[]).map(|row| row.get(0))
}

/// What sessions made at the same time, in every way there is: batches, rows with a default, and
/// transactions that are rolled back, whose ids must not come back either.
pub(crate) fn made_by_sessions(schema: &str, call: &str, total: usize) -> Vec<Vec<i64>> {
    let start = Barrier::new(SESSIONS);
    let session = |session: usize| {
        let mut client = connect();
        let table = format!(r#""{schema}".made"#);
        let mut made = Vec::with_capacity(total / SESSIONS + 2_000);
        start.wait();
        for round in session.. {
            if made.len() >= total / SESSIONS {
                break;
            }
            let batch = format!("SELECT {call} FROM generate_series(1, 1000)");
            match round % 4 {
                0 => made.extend(ids(&mut client, &batch)),
                1 => {
                    let insert = format!(
                        "INSERT INTO {table} SELECT {call} FROM generate_series(1, 500) RETURNING id"
                    );
                    made.extend(ids(&mut client, &insert));
                }
                2 => {
                    for _ in 0..20 {
                        let insert = format!("INSERT INTO {table} DEFAULT VALUES RETURNING id");
                        made.extend(ids(&mut client, &insert));
                    }
                }
                _ => {
                    client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").unwrap();
                    made.extend(ids(
                        &mut client,
                        &format!("SELECT {call} FROM generate_series(1, 300)"),
                    ));
                    client.batch_execute("SAVEPOINT half").unwrap();
                    made.extend(ids(
                        &mut client,
                        &format!("SELECT {call} FROM generate_series(1, 300)"),
                    ));
                    client.batch_execute("ROLLBACK TO half").unwrap();
                    made.extend(ids(
                        &mut client,
                        &format!("SELECT {call} FROM generate_series(1, 10)"),
                    ));
                    client.batch_execute("ROLLBACK").unwrap();
                }
            }
        }
        made
    };
    thread::scope(|scope| {
        let sessions: Vec<_> = (0..SESSIONS).map(|n| scope.spawn(move || session(n))).collect();
        sessions.into_iter().map(|session| session.join().unwrap()).collect()
    })
}

/// How many ids are there that somebody has made before.
pub(crate) fn repeats(made: &[Vec<i64>]) -> usize {
    let mut seen = HashSet::with_capacity(made.iter().map(Vec::len).sum());
    made.iter().flatten().filter(|id| !seen.insert(**id)).count()
}

/// The function of *Sharding & IDs at Instagram*, 2012, with its clock as a parameter.
pub(crate) fn published(schema: &str, clock: &str) -> String {
    format!(
        r#"CREATE SEQUENCE "{schema}".table_id_seq;
           CREATE FUNCTION "{schema}".next_id(OUT result bigint) AS $$
           DECLARE
               our_epoch bigint := 1314220021721;
               seq_id bigint;
               now_millis bigint;
               shard_id int := 5;
           BEGIN
               SELECT nextval('"{schema}".table_id_seq') % 1024 INTO seq_id;
               SELECT FLOOR(EXTRACT(EPOCH FROM {clock}) * 1000) INTO now_millis;
               result := (now_millis - our_epoch) << 23;
               result := result | (shard_id << 10);
               result := result | (seq_id);
           END;
           $$ LANGUAGE PLPGSQL"#
    )
}
