//! Definitions as they are met: our reader says of each what SQLite says.

use std::collections::BTreeSet;

use super::definition::{Item, Rule};
use super::discover::catalog;
use super::reader::parse;
use crate::plan::Made;
use crate::session::Session;

/// Each is a table, or what makes some.
const MADE: [&str; 36] = [
    "CREATE TABLE p (id INT, b INT, PRIMARY KEY (ID), UNIQUE (B, id))",
    "CREATE TABLE blobs (a BLOB DEFAULT x'', b BLOB DEFAULT X'00fF', c DEFAULT 'it''s')",
    "CREATE TABLE numbers (a DEFAULT 1.5e-3, b DEFAULT -1, c DEFAULT +1, d DEFAULT .5, e DEFAULT -2.E+10, f DEFAULT 0xfF, g DEFAULT - 1)",
    "CREATE TABLE defaults (a DEFAULT CURRENT_TIMESTAMP, b DEFAULT true, c DEFAULT abc, d DEFAULT \"x\", e DEFAULT NULL, f DEFAULT (1 + (2)))",
    "CREATE TABLE 'quoted'('id' INTEGER PRIMARY KEY, 'p id' INT, FOREIGN KEY ('p id') REFERENCES 'p' ('ID'))",
    "CREATE TABLE \"odd \"\"name\" (\"a,(b\" INT UNIQUE, [c d] TEXT, `e``f` REAL, CHECK (\"a,(b\" <> ')'))",
    "CREATE TABLE made AS SELECT 1 AS \"x y\", 'a' AS b, 2.5 AS \"a,b\"",
    "CREATE TABLE strict (a INT NOT NULL, b ANY, c TEXT) STRICT",
    "CREATE TABLE alone (a TEXT, b INT, PRIMARY KEY (a, b DESC)) WITHOUT ROWID, STRICT",
    "CREATE TABLE computed (a INT, b INT GENERATED ALWAYS AS (a * 2) STORED, c AS (b || ')'), d TEXT GENERATED ALWAYS AS ('x') VIRTUAL NOT NULL)",
    "CREATE TABLE commented ( -- a ( ' comment\n a INT /* b INT, */ NOT /*/ NULL */ NULL, -- c INT,\n d INT -- last\n )",
    "CREATE TABLE late (a INT REFERENCES p DEFERRABLE INITIALLY DEFERRED, b INT REFERENCES p (id) NOT NULL DEFERRABLE)",
    "CREATE TABLE later (a INT REFERENCES p ON DELETE SET NULL MATCH FULL NOT NULL NOT DEFERRABLE INITIALLY IMMEDIATE UNIQUE)",
    "CREATE TABLE twice (a INT CONSTRAINT one REFERENCES p CONSTRAINT two REFERENCES late (a) ON UPDATE NO ACTION ON DELETE SET DEFAULT)",
    "CREATE TABLE collated (a TEXT COLLATE NOCASE UNIQUE, b TEXT, UNIQUE (b COLLATE NOCASE DESC, a ASC))",
    "CREATE TABLE nested (a INT CHECK (a IN (1, (2), ((3)))) CHECK ((a)), CONSTRAINT c CHECK (a <> ((1)) OR a LIKE '(%'))",
    "CREATE TABLE falling (a TEXT, b INT, PRIMARY KEY (a COLLATE NOCASE DESC))",
    "CREATE TABLE counted (a INTEGER, PRIMARY KEY (a AUTOINCREMENT))",
    "CREATE TABLE bracketed (a INT, b INT, PRIMARY KEY ((a)), UNIQUE ((b) COLLATE BINARY))",
    "CREATE TABLE typed (a DECIMAL(10, 2) NOT NULL, b VARCHAR ( 36 ), c UNSIGNED BIG INT, d 'my type' (1, -2), e \"x\", f, g NULL)",
    "CREATE TABLE untyped (a, b PRIMARY KEY, c REFERENCES p)",
    "CREATE TABLE conflicts (a INT PRIMARY KEY ON CONFLICT REPLACE, b INT NOT NULL ON CONFLICT IGNORE UNIQUE ON CONFLICT FAIL, UNIQUE (a, b) ON CONFLICT ROLLBACK)",
    "CREATE TABLE named (a INT CONSTRAINT x, b INT CONSTRAINT y CONSTRAINT z NOT NULL, CONSTRAINT k PRIMARY KEY (b) CONSTRAINT 'u' UNIQUE (a) CHECK (a > 0))",
    "CREATE TABLE words (key INT, \"check\" INT, generated INT, always INT, action TEXT, [primary] INT, conflict, no, desc2, \"unique\" UNIQUE)",
    "CREATE TABLE ünïcode (größe INT, € INT UNIQUE, \u{a0}d INT, PRIMARY KEY (größe))",
    "CREATE TABLE\tblanks\n(\n\ta\tINT\r\n,\x0cb INT)",
    "CREATE TABLE Cased (Id INT, P_Id INT, FOREIGN KEY (p_ID) REFERENCES P (iD), PRIMARY KEY (iD))",
    "CREATE TABLE dropped (a INT, b INT, c INT); ALTER TABLE dropped DROP COLUMN b; ALTER TABLE dropped ADD COLUMN d INT DEFAULT -1.5 REFERENCES p",
    "CREATE TABLE renamed (a INT); ALTER TABLE renamed RENAME COLUMN a TO \"a b\"; ALTER TABLE renamed RENAME TO \"re named\"",
    "CREATE VIRTUAL TABLE f4 USING fts4(body, title)",
    "CREATE VIRTUAL TABLE f3 USING fts3(body)",
    "CREATE VIRTUAL TABLE f5 USING fts5(body, tokenize = 'porter')",
    "CREATE VIRTUAL TABLE r USING rtree(id, x, y)",
    "CREATE INDEX i ON p (b); ANALYZE",
    "CREATE VIEW v AS SELECT * FROM p; CREATE TRIGGER t INSTEAD OF INSERT ON v BEGIN SELECT 1; END",
    "CREATE TABLE several (a INT, b INT, c INT, FOREIGN KEY (a, b) REFERENCES p (b, id) ON UPDATE CASCADE, FOREIGN KEY (c) REFERENCES several)",
];

#[tokio::test]
async fn our_reader_says_of_each_table_what_sqlite_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("real.db");
    std::fs::write(&path, "").unwrap();
    let mut session = Session::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    for sql in MADE {
        session.run(sql).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
    }
    let found = catalog(&mut session).await.unwrap();
    assert!(found.tables.len() > 40, "those that modules keep are tables too");
    for (number, table) in found.tables.iter().enumerate() {
        let mut made = found.definitions.iter().filter(|of| of.table == number);
        let made = made.find(|of| of.what == Made::Table);
        let sql = &made.unwrap_or_else(|| panic!("{} is not read", table.name)).sql;
        let read = parse(sql).unwrap();
        assert_eq!(keys(&read), listed(&mut session, &table.name).await, "{sql}");
        for item in read.items {
            let Item::Column(column) = item else { continue };
            let is = |rule: Rule| column.clauses.iter().any(|clause| clause.rule == rule);
            let query =
                "SELECT \"notnull\" || (hidden > 1) FROM pragma_table_xinfo(?) WHERE name = ?";
            let values = [table.name.as_str().into(), column.name.as_str().into()];
            let row = session.row(query, &values).await.unwrap().unwrap();
            let said = [Rule::NotNull, Rule::Generated].map(|rule| u8::from(is(rule)).to_string());
            // What is part of a key of a table without rowid is asked for without a word.
            if table.name != "alone" && !sql.contains("WITHOUT ROWID") {
                assert_eq!(said.concat(), row.text(0).unwrap(), "{}: {sql}", column.name);
            }
        }
    }
}

/// The columns of each key: of the primary one first.
fn keys(read: &super::definition::Definition) -> BTreeSet<(bool, Vec<String>)> {
    let of = |(columns, clause): (Vec<String>, &super::definition::Clause)| match clause.rule {
        Rule::PrimaryKey { .. } => Some((true, columns)),
        Rule::Unique => Some((false, columns)),
        _ => None,
    };
    read.clauses().filter_map(of).collect()
}

/// The same as SQLite lists it.
async fn listed(session: &mut Session, table: &str) -> BTreeSet<(bool, Vec<String>)> {
    let key = "SELECT json_group_array(name) FROM (SELECT name FROM pragma_table_xinfo(?) WHERE pk > 0 ORDER BY pk)";
    let unique = "SELECT (SELECT json_group_array(name) FROM (SELECT name FROM pragma_index_xinfo(l.name) \
        WHERE key = 1 ORDER BY seqno)) FROM pragma_index_list(?) l WHERE l.origin = 'u'";
    let mut found = BTreeSet::new();
    for (primary, query) in [(true, key), (false, unique)] {
        for row in session.rows(query, &[table.into()]).await.unwrap() {
            let columns: Vec<String> = serde_json::from_str(&row.text(0).unwrap()).unwrap();
            if !columns.is_empty() {
                found.insert((primary, columns));
            }
        }
    }
    found
}
