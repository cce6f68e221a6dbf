//! Rows that come before the one they refer to, by references that may not be NULL: they are completed when it has
//! come, in every phase and on every way back, and refused if it never does.

use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Migration, Phase};

use crate::course::advance_to;
use crate::references::{begun, patient, torn};
use crate::server::{Database, run};

/// Customers who have a boss, orders that may come before theirs, and lines that may come before both.
async fn shop(kind: &str) -> Database {
    let database = Database::new(Engine::Postgres).await;
    let mut session = database.session().await;
    for sql in [
        format!(
            "CREATE TABLE c (id {kind} NOT NULL, boss {kind} NOT NULL, CONSTRAINT c_pkey PRIMARY KEY (id), \
             CONSTRAINT c_boss FOREIGN KEY (boss) REFERENCES c (id))"
        ),
        format!(
            "CREATE TABLE o (c_id {kind} NOT NULL, n INTEGER NOT NULL, CONSTRAINT o_pkey PRIMARY KEY (c_id, n), \
             CONSTRAINT o_c FOREIGN KEY (c_id) REFERENCES c (id) DEFERRABLE INITIALLY DEFERRED)"
        ),
        format!(
            "CREATE TABLE l (c_id {kind} NOT NULL, n INTEGER NOT NULL, line INTEGER NOT NULL, \
             CONSTRAINT l_pkey PRIMARY KEY (c_id, n, line), \
             CONSTRAINT l_o FOREIGN KEY (c_id, n) REFERENCES o (c_id, n) DEFERRABLE INITIALLY DEFERRED)"
        ),
        format!("INSERT INTO c VALUES ('{0}', '{0}'), ('{1}', '{0}')", old(kind, 1), old(kind, 2)),
        format!("INSERT INTO o VALUES ('{}', 1)", old(kind, 1)),
    ] {
        run(&mut session, &sql).await;
    }
    database
}

/// The old id of a number.
fn old(kind: &str, number: u64) -> String {
    if kind.contains("int") {
        return number.to_string();
    }
    format!("00000000-0000-4000-8000-{number:012}")
}

/// A new id of an app's.
fn new(number: u64) -> u64 {
    (1 << 62) + number
}

/// The columns' values that name a customer.
type Naming<'a> = dyn Fn(u64) -> String + 'a;

/// Two customers, whose orders and lines come before them; and two more who come in one statement, the boss last.
async fn come_early(session: &mut Session, kind: &str, phase: Phase, number: u64) {
    let (one, other) = (number, number + 1);
    let by_old = |n: u64| format!("'{}'", old(kind, n));
    let by_new = |n: u64| new(n).to_string();
    let both = |n: u64| format!("{}, {}", by_old(n), by_new(n));
    // Old apps in all phases that know old ids; new ones as soon as they are asked to write new ids.
    let mut ways: Vec<(&str, &str, &Naming<'_>, &Naming<'_>)> = Vec::new();
    if phase < Phase::OldWritesStopped {
        ways.push(("id, boss", "c_id", &by_old, &by_old));
    }
    if (Phase::Constrained..Phase::OldWritesStopped).contains(&phase) {
        ways.push(("id, id_new, boss, boss_new", "c_id, c_id_new", &both, &both));
        ways.push(("id, id_new, boss, boss_new", "c_id_new", &both, &by_new));
        ways.push(("id, id_new, boss, boss_new", "c_id", &both, &by_old));
    }
    if phase == Phase::OldWritesStopped {
        ways.push(("id_new, boss_new", "c_id_new", &by_new, &by_new));
    }
    for (turn, (of_customer, of_child, customer, child)) in ways.into_iter().enumerate() {
        let turn = 10 * u64::try_from(turn).unwrap();
        let (one, other) = (one + turn, other + turn);
        let mut sql = vec![
            "BEGIN".to_owned(),
            format!(
                "INSERT INTO l ({of_child}, n, line) VALUES ({}, 1, 1), ({}, 1, 1)",
                child(one),
                child(other)
            ),
            format!(
                "INSERT INTO o ({of_child}, n) VALUES ({}, 1), ({}, 1)",
                child(one),
                child(other)
            ),
            format!("INSERT INTO l ({of_child}, n, line) VALUES ({}, 1, 2)", child(other)),
        ];
        let insert = format!("INSERT INTO c ({of_customer}) VALUES ");
        sql.extend([one, other].map(|n| format!("{insert}({0}, {0})", customer(n))));
        sql.push("COMMIT".into());
        // In one statement, where the reference is not checked late.
        if phase >= Phase::Constrained {
            let (last, first) = (customer(one + 3), customer(one + 2));
            sql.push(format!("{insert}({first}, {last}), ({last}, {last})"));
        }
        for statement in &sql {
            let done = session.run(statement).await;
            done.unwrap_or_else(|error| panic!("{kind} at {phase}: {error:?}\n{statement}"));
        }
    }
}

/// A row that refers to nobody, at the end of its transaction.
async fn comes_for_nobody(session: &mut Session, kind: &str, phase: Phase) {
    let columns = match phase {
        Phase::OldWritesStopped => ("c_id_new", new(9_999_999).to_string()),
        _ => ("c_id", format!("'{}'", old(kind, 99_999))),
    };
    run(session, "BEGIN").await;
    run(session, &format!("INSERT INTO o ({}, n) VALUES ({}, 1)", columns.0, columns.1)).await;
    let error = session.run("COMMIT").await.expect_err(phase.name());
    let text = format!("{error:?}").to_lowercase();
    assert!(text.contains("foreign key") && text.contains("23503"), "{kind} at {phase}: {text}");
}

async fn nothing_is_torn(session: &mut Session, kind: &str, phase: Phase) {
    for (table, column) in [("c", "boss"), ("o", "c_id"), ("l", "c_id")] {
        let torn = torn(session, table, column).await;
        assert_eq!(torn, 0, "{kind} at {phase}: {table}.{column}");
    }
}

async fn wait_for_their_row(kind: &str) {
    let database = shop(kind).await;
    let mut session = database.session().await;
    let mut migration = begun(&database).await;
    let mut number = 100;
    for phase in &Phase::ALL[1..10] {
        advance_to(&mut migration, *phase).await;
        come_early(&mut session, kind, *phase, number).await;
        comes_for_nobody(&mut session, kind, *phase).await;
        number += 100;
        if *phase >= Phase::Backfilled {
            nothing_is_torn(&mut session, kind, *phase).await;
        }
    }
    while migration.phase() > Phase::Expanded {
        migration.roll_back().await.unwrap();
        let phase = migration.phase();
        come_early(&mut session, kind, phase, number).await;
        comes_for_nobody(&mut session, kind, phase).await;
        number += 100;
    }
    migration.roll_back().await.unwrap();
    drop(migration);
    let mut migration = Migration::open(&database.address, "c", patient()).await.unwrap();
    advance_to(&mut migration, Phase::Swapped).await;
    nothing_is_torn(&mut session, kind, Phase::Swapped).await;
    advance_to(&mut migration, Phase::Contracted).await;
    let free = "SELECT count(*) FROM pg_attribute WHERE attname LIKE '%\\_new' AND NOT attnotnull \
        AND attrelid IN ('c'::regclass, 'o'::regclass, 'l'::regclass)";
    assert_eq!(session.number(free, &[]).await.unwrap(), 0, "all may not be NULL again");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_numbers_that_may_not_be_null_wait_for_their_row() {
    wait_for_their_row("bigint").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_small_numbers_that_may_not_be_null_wait_for_their_row() {
    wait_for_their_row("integer").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_uuids_that_may_not_be_null_wait_for_their_row() {
    wait_for_their_row("uuid").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_texts_that_may_not_be_null_wait_for_their_row() {
    wait_for_their_row("character varying(36)").await;
}
