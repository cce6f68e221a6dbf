//! A database as text, to be compared with itself later.

use std::process::Command;

use idgen_migrate::session::{Engine, Session, Value};

use crate::server::Database;

/// The schema, without what is the migration's own.
pub(crate) async fn schema(database: &Database) -> String {
    let mut session = database.session().await;
    match database.engine {
        Engine::Postgres => {
            let dump = Command::new("pg_dump")
                .args([
                    "--schema-only",
                    "--no-owner",
                    "-N",
                    "idgen_migrate",
                    "-d",
                    &database.address,
                ])
                .output()
                .expect("pg_dump is there: Debian's postgresql-client");
            assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
            let text = String::from_utf8(dump.stdout).unwrap();
            // Newer versions write a key of chance around the dump.
            text.lines().filter(|line| !line.starts_with("\\")).collect::<Vec<_>>().join("\n")
        }
        Engine::MariaDb => {
            let tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() \
                AND table_name NOT LIKE 'idgen\\_migrate\\_%'";
            let mut text = String::new();
            for table in rows(&mut session, tables).await {
                let row =
                    session.row(&format!("SHOW CREATE TABLE {table}"), &[]).await.unwrap().unwrap();
                let shown = row.text(1).unwrap();
                // Where the counting of ids goes on is data.
                text += &without_count(&shown);
                text += "\n";
            }
            let triggers = "SELECT trigger_name, action_statement FROM information_schema.triggers \
                WHERE trigger_schema = DATABASE()";
            text + &rows(&mut session, triggers).await.join("\n")
        }
        Engine::Sqlite => {
            let made = "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'idgen\\_migrate\\_%' ESCAPE '\\'";
            // A table that was renamed has its name in quotes.
            let made = rows(&mut session, made).await.join("\n").replace(['"', '\n'], " ");
            let words = made.split_whitespace().collect::<Vec<_>>().join(" ");
            let version = session.number("PRAGMA user_version", &[]).await.unwrap();
            let sound = rows(&mut session, "PRAGMA integrity_check").await;
            format!("{}; {version} {sound:?}", words.replace(" (", "("))
        }
    }
}

/// A table's definition without where the counting of its ids goes on.
fn without_count(shown: &str) -> String {
    match shown.split_once(" AUTO_INCREMENT=") {
        Some((before, count)) => {
            before.to_owned() + count.trim_start_matches(|c: char| c.is_ascii_digit())
        }
        None => shown.to_owned(),
    }
}

/// The schema and what of the migration's own stands on it: triggers, and what they run.
pub(crate) async fn standing(database: &Database) -> String {
    let mut session = database.session().await;
    let own = match database.engine {
        // What settles rows stays where it was made, and nothing calls it.
        Engine::Postgres => {
            "SELECT p.proname, p.prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
             WHERE n.nspname = 'idgen_migrate' AND p.proname NOT LIKE '%settle'"
        }
        Engine::MariaDb => {
            "SELECT trigger_name, event_object_table, action_statement FROM information_schema.triggers \
             WHERE trigger_schema = DATABASE()"
        }
        Engine::Sqlite => {
            "SELECT name, replace(sql, '\"', '') FROM sqlite_schema WHERE type = 'trigger'"
        }
    };
    let own = rows(&mut session, own).await.join("\n");
    // Keys stand in the order in which they came.
    let schema = schema(database).await;
    let mut lines: Vec<_> = schema.lines().map(|line| line.trim_end_matches(',')).collect();
    if database.engine == Engine::MariaDb {
        lines.sort_unstable();
    }
    without_fence(&format!("{}\n{own}", lines.join("\n")))
}

/// A fence is a long number, or the UUID of one, and another one each time that the columns come.
fn without_fence(text: &str) -> String {
    let is_uuid =
        |text: &str| text.len() == 36 && text.bytes().all(|c| c == b'-' || c.is_ascii_hexdigit());
    let texts = text.split('\'').map(|text| if is_uuid(text) { "#" } else { text });
    let text = texts.collect::<Vec<_>>().join("'");
    let mut words = Vec::new();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        let long = word.len() > 11 && word.bytes().all(|byte| byte.is_ascii_digit());
        words.push(if long { "#" } else { word });
    }
    words.join(" ")
}

/// The rows of a query, sorted, as text.
pub(crate) async fn rows(session: &mut Session, query: &str) -> Vec<String> {
    let mut rows: Vec<_> = session
        .rows(query, &[])
        .await
        .unwrap()
        .into_iter()
        .map(|row| {
            let fields = row.0.into_iter().map(|value| match value {
                Value::Null => "-".into(),
                Value::Integer(number) => number.to_string(),
                Value::Text(text) => text,
            });
            fields.collect::<Vec<_>>().join("|")
        })
        .collect();
    rows.sort_unstable();
    rows
}

/// Everything that a migration writes, in all tables, while they have both ids.
pub(crate) async fn contents(session: &mut Session) -> Vec<String> {
    ids_and_more(session, true).await
}

/// The same when the old ids are gone.
pub(crate) async fn contracted(session: &mut Session) -> Vec<String> {
    ids_and_more(session, false).await
}

/// What the tables hold beside new ids, sorted.
pub(crate) async fn old(session: &mut Session) -> Vec<String> {
    let mut all = Vec::new();
    for (table, ids, more) in TABLES {
        let ids = ids.iter().map(|id| as_text(session.engine(), id));
        let columns = format!("{}{more}", ids.collect::<Vec<_>>().join(", "));
        let mut found = rows(session, &format!("SELECT '{table}', {columns} FROM {table}")).await;
        all.append(&mut found);
    }
    all.sort_unstable();
    all
}

/// The tables of the shop, with the columns of ids, and others.
const TABLES: [(&str, &[&str], &str); 4] = [
    ("customers", &["id", "referred_by"], ", name"),
    ("orders", &["customer_id"], ", number"),
    ("order_lines", &["customer_id", "gift_for"], ", number, line"),
    ("shipments", &["customer_id"], ", number, line"),
];

async fn ids_and_more(session: &mut Session, both: bool) -> Vec<String> {
    let mut all = Vec::new();
    for (table, ids, more) in TABLES {
        let new = ids.iter().map(|id| format!("{id}_new"));
        let old = ids.iter().filter(|_| both).map(|id| (*id).to_owned());
        let columns = new.chain(old).map(|column| as_text(session.engine(), &column));
        let columns = columns.collect::<Vec<_>>().join(", ");
        all.extend(rows(session, &format!("SELECT {columns}{more} FROM {table}")).await);
    }
    all
}

/// A column of ids as text, whatever its type.
fn as_text(engine: Engine, column: &str) -> String {
    match engine {
        Engine::Postgres => format!("{column}::text"),
        Engine::MariaDb => format!("hex({column})"),
        Engine::Sqlite => format!("quote({column})"),
    }
}
