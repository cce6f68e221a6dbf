//! The function that `idgen::sql` prints, on a real PostgreSQL: `scripts/test postgres`.
//!
//! `IDGEN_TEST_POSTGRES` says where the server is, and `IDGEN_TEST_POSTGRES_IDS` how many ids the
//! sessions make together: 240,000 where nothing is said.

#![cfg(all(feature = "sql", feature = "snowflake", feature = "sonyflake", feature = "instagram"))]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

mod harness;

use std::env;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use idgen::clock::{Clock, SystemClock};
use idgen::instagram::Instagram;
use idgen::snowflake::Snowflake;
use idgen::sql::Postgres;
use idgen::{Name, Scheme, UnixTime};
use postgres::{Client, error::SqlState};

use harness::{SESSIONS, Sandbox, connect, ids, made_by_sessions, one, published, repeats};

/// Steps of the scripted clock.
const STEPS: usize = 600;

fn now() -> UnixTime {
    SystemClock.wall()
}

/// Every id is one of the scheme and of the node, of a time between these.
fn assert_decoded<'a>(
    scheme: &Scheme,
    node: u64,
    made: impl IntoIterator<Item = &'a i64>,
    (from, to): (UnixTime, UnixTime),
) {
    let base = scheme.timebase.unwrap();
    let slack = base.ticks_in(Duration::from_millis(10)) + 1;
    let ticks = base.tick_at(from).unwrap()..=base.tick_at(to).unwrap() + slack;
    for &id in made {
        let word = u128::from(u64::try_from(id).unwrap());
        scheme.layout.check(word).unwrap();
        let parts = scheme.layout.unpack(word);
        assert_eq!(parts.node, node, "{id}");
        assert!(ticks.contains(&parts.tick), "{id}: tick {} is not in {ticks:?}", parts.tick);
    }
}

fn twelve_sessions(name: &str, scheme: Scheme, node: u64) {
    let total = env::var("IDGEN_TEST_POSTGRES_IDS").map_or(240_000, |ids| ids.parse().unwrap());
    let mut sandbox = Sandbox::new(name);
    sandbox.run(&format!(r#"CREATE TABLE "{}".made (id bigint PRIMARY KEY)"#, sandbox.schema));
    let function = sandbox.function(scheme, node);
    let function = function.column(format!("{}.made", sandbox.schema), "id");
    let call = sandbox.install(&function);
    let from = now();
    let made = made_by_sessions(&sandbox.schema, &call, total);
    let to = now();
    let count: usize = made.iter().map(Vec::len).sum();
    let seconds = (to.as_nanos() - from.as_nanos()) / 1_000_000_000;
    println!("{name}: {count} ids over {SESSIONS} sessions in {seconds} s");
    assert!(count >= total / SESSIONS * SESSIONS);
    assert_eq!(repeats(&made), 0);
    assert_decoded(&scheme, node, made.iter().flatten(), (from, to));
    for session in &made {
        assert!(session.windows(2).all(|pair| pair[0] < pair[1]), "not increasing in a session");
    }
}

#[test]
#[ignore = "needs a server: scripts/test postgres"]
fn twelve_sessions_never_share_an_instagram_id() {
    twelve_sessions("instagram", Scheme::of::<Instagram>(), 1_341);
}

#[test]
#[ignore = "needs a server: scripts/test postgres"]
fn twelve_sessions_never_share_a_snowflake() {
    twelve_sessions("snowflake", Scheme::of::<Snowflake>(), 378);
}

#[test]
#[ignore = "needs a server: scripts/test postgres"]
fn one_statement_makes_100_000_rows_in_order() {
    let scheme = Scheme::of::<Instagram>();
    let mut sandbox = Sandbox::new("rows");
    let schema = sandbox.schema.clone();
    sandbox.run(&format!(r#"CREATE TABLE "{schema}".rows (n integer, id bigint PRIMARY KEY)"#));
    let function = sandbox.function(scheme, 7).column(format!("{schema}.rows"), "id");
    sandbox.install(&function);
    let from = now();
    sandbox.run(&format!(r#"INSERT INTO "{schema}".rows (n) SELECT generate_series(1, 100000)"#));
    let rows = ids(&mut sandbox.client, &format!(r#"SELECT id FROM "{schema}".rows ORDER BY n"#));
    assert_eq!(rows.len(), 100_000);
    assert!(rows.windows(2).all(|pair| pair[0] < pair[1]));
    assert_decoded(&scheme, 7, &rows, (from, now()));
}

/// The clock steps forth and back, to the microsecond, while all sessions make ids.
#[test]
#[ignore = "needs a server: scripts/test postgres"]
fn a_clock_that_steps_while_sessions_make_ids_repeats_nothing() {
    let mut sandbox = Sandbox::new("steps");
    let schema = sandbox.schema.clone();
    let clock = sandbox.scripted_clock("2024-01-01T00:00:00Z");
    let function = sandbox.function(Scheme::of::<Snowflake>(), 1).clock(clock);
    let call = sandbox.install(&function.max_wait(Duration::from_millis(3)));
    let (done, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    let session = || {
        let mut client = connect();
        let mut made = Vec::new();
        while !done.load(Ordering::Relaxed) {
            match one(&mut client, &call) {
                Ok(id) => made.push(id),
                // The clock has stepped back far, as it does here.
                Err(error) => {
                    assert_eq!(error.code(), Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE));
                }
            }
            calls.fetch_add(1, Ordering::Relaxed);
        }
        made
    };
    let made: Vec<Vec<i64>> = thread::scope(|scope| {
        let sessions: Vec<_> = (0..SESSIONS).map(|_| scope.spawn(session)).collect();
        for step in 0..STEPS {
            // Some calls to each step, whatever the machine's speed.
            while calls.load(Ordering::Relaxed) < step * 2 * SESSIONS {
                if sessions.iter().any(|session| session.is_finished()) {
                    done.store(true, Ordering::Relaxed); // it failed, as joining it says
                    break;
                }
                thread::yield_now();
            }
            // Sum of the steps is forward; each third is back, and now and then by ten seconds.
            let millis = match step % 12 {
                11 => -10_000,
                0 if step > 0 => 10_100,
                n if n % 3 == 2 => -7,
                n => i64::try_from(n).unwrap() + 3,
            };
            sandbox.set_clock(&format!("at + interval '{millis} ms'"));
        }
        done.store(true, Ordering::Relaxed);
        sessions.into_iter().map(|session| session.join().unwrap()).collect()
    });
    let count: usize = made.iter().map(Vec::len).sum();
    println!("{schema}: {count} ids through {STEPS} steps of the clock");
    assert!(count > 4 * STEPS, "only {count} ids: the sessions hardly ran");
    assert_eq!(repeats(&made), 0);
    assert!(made.iter().all(|session| session.windows(2).all(|pair| pair[0] < pair[1])));
}

/// The horizon: ids go on from the last position up to the drift, and then say what to do.
#[test]
#[ignore = "needs a server: scripts/test postgres"]
fn ids_run_ahead_of_the_clock_as_far_as_the_drift() {
    let scheme = Scheme::of::<Instagram>();
    let mut sandbox = Sandbox::new("drift");
    let clock = sandbox.scripted_clock("2024-01-01T00:00:00Z");
    let call = sandbox.install(&sandbox.function(scheme, 7).clock(clock));
    let tick = scheme.timebase.unwrap().tick_at(UnixTime::from_seconds(1_704_067_200)).unwrap();
    let parts = |id: i64| scheme.layout.unpack(u128::from(id.unsigned_abs()));

    // 1,024 of the clock's tick and of ten more, and none after that.
    let batch = format!("SELECT {call} FROM generate_series(1, 11264)");
    let made = ids(&mut sandbox.client, &batch);
    let last = parts(*made.last().unwrap());
    assert_eq!((last.tick, last.sequence), (tick + 10, 1_023));
    let error = one(&mut sandbox.client, &call).unwrap_err();
    assert_eq!(
        error.as_db_error().unwrap().message(),
        "idgen: instagram ids are 10 ticks ahead of the clock, more than 10"
    );
    // Asking has moved nothing: the next tick begins at its first number.
    sandbox.set_clock("at + interval '1 ms'");
    let next = parts(one(&mut sandbox.client, &call).unwrap());
    assert_eq!((next.tick, next.sequence), (tick + 11, 0));

    sandbox.set_clock("at - interval '1 hour'");
    let error = one(&mut sandbox.client, &call).unwrap_err();
    let error = error.as_db_error().unwrap();
    assert_eq!(
        error.message(),
        "idgen: instagram ids are 3600010 ticks ahead of the clock, more than 10"
    );
    assert!(error.hint().unwrap().starts_with("The clock stepped back"));
    sandbox.set_clock("at + interval '2 hours'");
    assert_eq!(parts(one(&mut sandbox.client, &call).unwrap()).tick, tick + 3_600_001);
}

/// Past 2046 the 64 bits would be negative: an error, and so is a clock before the epoch.
#[test]
#[ignore = "needs a server: scripts/test postgres"]
fn what_no_bigint_holds_is_an_error() {
    let mut sandbox = Sandbox::new("ends");
    let clock = sandbox.scripted_clock("2046-06-27T17:00:49.496Z");
    let call = sandbox.install(&sandbox.function(Scheme::of::<Instagram>(), 8_191).clock(clock));
    let batch = format!("SELECT {call} FROM generate_series(1, 1024)");
    assert_eq!(ids(&mut sandbox.client, &batch).last(), Some(&i64::MAX));
    assert!(one(&mut sandbox.client, &call).is_err(), "no drift past the last tick");
    sandbox.set_clock("'2046-06-27T17:00:49.497Z'");
    let error = one(&mut sandbox.client, &call).unwrap_err();
    let message = error.as_db_error().unwrap().message();
    assert_eq!(
        message,
        "idgen: tick 1099511627776 is past 1099511627775, the last of instagram that fits a bigint"
    );
    sandbox.set_clock("'2011-08-24T21:07:01Z'");
    let error = one(&mut sandbox.client, &call).unwrap_err();
    assert!(error.as_db_error().unwrap().message().contains("before the epoch of instagram"));
}

#[test]
#[ignore = "needs a server: scripts/test postgres"]
fn every_positional_scheme_of_64_bits_is_made() {
    let mut sandbox = Sandbox::new("schemes");
    let clock = sandbox.scripted_clock("2024-01-01T00:00:00.016Z");
    let time = UnixTime::from_millis(1_704_067_200_016);
    let mut made = 0;
    for entry in idgen::catalog() {
        let scheme = entry.scheme;
        let positional = scheme.layout.is_positional() && scheme.layout.width() == 64;
        if !positional || scheme.timebase.is_none() {
            assert!(Postgres::new(scheme, 0).script().is_err());
            continue;
        }
        // Baidu's, too: it lived then. Of the epochs only version 2's of Sonyflake is later.
        if scheme.timebase.unwrap().epoch() > time {
            continue;
        }
        let node = if scheme.layout.node_bits() > 0 { 37 } else { 0 };
        let call = sandbox.install(&sandbox.function(scheme, node).clock(clock.clone()));
        let first = one(&mut sandbox.client, &call).unwrap();
        let second = one(&mut sandbox.client, &call).unwrap();
        let parts = scheme.layout.unpack(u128::from(first.unsigned_abs()));
        assert_eq!((parts.node, parts.sequence), (node, 0), "{}", scheme.name);
        assert_eq!(parts.tick, scheme.timebase.unwrap().tick_at(time).unwrap(), "{}", scheme.name);
        let next = idgen::layout::Parts { sequence: 1, ..parts };
        assert_eq!(u128::from(second.unsigned_abs()), scheme.pack(next).unwrap());
        made += 1;
    }
    assert!(made >= 9, "only {made} schemes");
}

/// Whoever owns a schema can run the script, and whoever is granted what it says can make ids.
#[test]
#[ignore = "needs a server: scripts/test postgres"]
fn ordinary_roles_install_and_use_it() {
    let mut sandbox = Sandbox::new("roles");
    let schema = sandbox.schema.clone();
    let (owner, user) = ("idgen_test_owner", "idgen_test_user");
    for role in [owner, user] {
        sandbox.run(&format!("DO $$ BEGIN CREATE ROLE {role} NOSUPERUSER; EXCEPTION WHEN duplicate_object THEN NULL; END $$"));
    }
    sandbox.run(&format!(r#"ALTER SCHEMA "{schema}" OWNER TO {owner}; SET ROLE {owner}"#));
    let function = sandbox.function(Scheme::of::<Snowflake>(), 5);
    let call = sandbox.install(&function);
    sandbox.install(&function); // again: nothing is reset
    one(&mut sandbox.client, &call).unwrap();

    let script = function.script().unwrap();
    let grants: Vec<&str> =
        script.split("GRANT ").skip(1).map(|rest| rest.split_once(" TO role").unwrap().0).collect();
    assert_eq!(grants.len(), 2);
    sandbox.run(&format!("SET ROLE {user}"));
    assert!(one(&mut sandbox.client, &call).is_err());
    sandbox.run(&format!("SET ROLE {owner}"));
    for grant in grants {
        sandbox.run(&format!("GRANT {grant} TO {user}"));
    }
    sandbox.run(&format!("SET ROLE {user}"));
    one(&mut sandbox.client, &call).unwrap();
    sandbox.run(&format!(r#"RESET ROLE; DROP SCHEMA "{schema}" CASCADE; CREATE SCHEMA "{schema}"; DROP ROLE {owner}, {user}"#));
}

/// Sessions that are cancelled at any moment leave no lock behind, and a line that works.
#[test]
#[ignore = "needs a server: scripts/test postgres"]
fn cancelled_statements_leave_no_lock_and_repeat_nothing() {
    let mut sandbox = Sandbox::new("cancel");
    let call = sandbox.install(&sandbox.function(Scheme::of::<Snowflake>(), 9));
    let cut = format!(
        "BEGIN; SET LOCAL statement_timeout = '3ms';
         SELECT count({call}) FROM generate_series(1, 100000); COMMIT"
    );
    let victim = || {
        let mut client = connect();
        let mut made = Vec::new();
        for _ in 0..150 {
            let cancelled = client.batch_execute(&cut).unwrap_err();
            assert_eq!(cancelled.code(), Some(&SqlState::QUERY_CANCELED), "{cancelled:?}");
            client.batch_execute("ROLLBACK").unwrap();
            made.push(one(&mut client, &call).unwrap());
        }
        (made, client)
    };
    let (made, mut clients): (Vec<_>, Vec<Client>) = thread::scope(|scope| {
        let victims: Vec<_> = (0..4).map(|_| scope.spawn(victim)).collect();
        victims.into_iter().map(|victim| victim.join().unwrap()).unzip()
    });
    assert_eq!(repeats(&made), 0);
    // They are all still there: a lock that only the end of its session frees would be, too.
    assert!(clients.iter_mut().all(|client| !client.is_closed()));
    let held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1768187758";
    assert_eq!(ids(&mut sandbox.client, held), [0]);
}

/// The one interleaving that the era is there for: a session with an older reading of the clock
/// draws the very position that another one is about to raise the line to.
#[test]
#[ignore = "needs a server: scripts/test postgres"]
fn a_draw_that_overlaps_a_raising_is_not_used() {
    let scheme = Scheme {
        name: Name::new("narrow"),
        layout: "unused=1:tick=51:node=10:sequence=2".parse().unwrap(),
        ..Scheme::of::<Snowflake>()
    };
    let mut sandbox = Sandbox::new("overlap");
    let clock = sandbox.scripted_clock("2024-01-01T00:00:00Z");
    let function = sandbox.function(scheme, 3).clock(clock);
    let mut script = function.script().unwrap();
    for (gate, place) in [(1, "claimed := pg_catalog.nextval"), (2, "claimed := pg_catalog.setval")]
    {
        assert_eq!(script.matches(place).count(), 1, "{place}");
        let gated = format!(
            "PERFORM pg_advisory_lock_shared(4242, {gate}); PERFORM pg_advisory_unlock_shared(4242, {gate});\n{place}"
        );
        script = script.replace(place, &gated);
    }
    sandbox.run(&script);
    let call = format!("{}()", function.name().unwrap());
    for _ in 0..4 {
        one(&mut sandbox.client, &call).unwrap(); // all that the tick holds
    }
    let waits_at = |client: &mut Client, gate: &str| {
        let waiting = format!(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory' AND {gate}"
        );
        ids(client, &waiting) == [1]
    };
    // A session that has ended will not get there: joining it says why.
    let until = |client: &mut Client, gate: &str, session: &ScopedJoinHandle<'_, i64>| {
        while !session.is_finished() && !waits_at(client, gate) {
            thread::yield_now();
        }
    };
    sandbox.run("SELECT pg_advisory_lock(4242, 1), pg_advisory_lock(4242, 2)");
    let (draws, raises) = thread::scope(|scope| {
        let session = || one(&mut connect(), &call).unwrap();
        let draws = scope.spawn(session);
        until(&mut sandbox.client, "classid = 4242 AND objid = 1", &draws);
        sandbox.set_clock("at + interval '1 ms'");
        let raises = scope.spawn(session);
        until(&mut sandbox.client, "classid = 4242 AND objid = 2", &raises);
        sandbox.run("SELECT pg_advisory_unlock(4242, 1)");
        // It has drawn, and asks for the lock that the raising session has: or it is done, wrongly.
        until(&mut sandbox.client, "classid = 1768187758", &draws);
        sandbox.run("SELECT pg_advisory_unlock(4242, 2)");
        (draws.join().unwrap(), raises.join().unwrap())
    });
    let parts = |id: i64| scheme.layout.unpack(u128::from(id.unsigned_abs()));
    assert_eq!(parts(raises).sequence, 0);
    assert_eq!((parts(draws).tick, parts(draws).sequence), (parts(raises).tick, 1));
}

/// A raising that was cut short has left the era odd, with or without the line raised.
#[test]
#[ignore = "needs a server: scripts/test postgres"]
fn a_raising_that_was_cut_short_is_mended() {
    let mut sandbox = Sandbox::new("mend");
    let scheme = Scheme::of::<Snowflake>();
    let clock = sandbox.scripted_clock("2024-01-01T00:00:00Z");
    let call = sandbox.install(&sandbox.function(scheme, 9).clock(clock));
    let mut before = one(&mut sandbox.client, &call).unwrap();
    let era = format!(r#"SELECT nextval('"{}"."idgen_snowflake_9_era"')"#, sandbox.schema);
    for _ in 0..3 {
        assert_eq!(ids(&mut sandbox.client, &era)[0] % 2, 1);
        let id = one(&mut sandbox.client, &call).unwrap();
        assert!(id > before);
        before = id;
    }
    // It goes on in the same tick: mending skips nothing.
    assert_eq!(scheme.layout.unpack(u128::from(before.unsigned_abs())).sequence, 3);
}

/// The same checks find what is wrong with the function that Instagram published: after 1,024
/// numbers in one millisecond it begins again.
#[test]
#[ignore = "needs a server: scripts/test postgres"]
fn the_published_function_repeats_ids_and_these_checks_see_it() {
    let mut sandbox = Sandbox::new("published");
    let clock = sandbox.scripted_clock("2024-01-01T00:00:00Z");
    let schema = sandbox.schema.clone();
    sandbox.run(&published(&schema, &clock));
    sandbox
        .run(&format!(r#"CREATE TABLE "{schema}".made (id bigint DEFAULT "{schema}".next_id())"#));
    let made = made_by_sessions(&schema, &format!(r#""{schema}".next_id()"#), 12_000);
    assert!(repeats(&made) > 0);
}

/// The same under load, on the real clock. How many repeats there are is up to the machine, so
/// this only counts them.
#[test]
#[ignore = "needs a server: scripts/test postgres"]
fn the_published_function_under_load() {
    let total = env::var("IDGEN_TEST_POSTGRES_IDS").map_or(240_000, |ids| ids.parse().unwrap());
    let mut sandbox = Sandbox::new("load");
    let schema = sandbox.schema.clone();
    sandbox.run(&published(&schema, "clock_timestamp()"));
    sandbox
        .run(&format!(r#"CREATE TABLE "{schema}".made (id bigint DEFAULT "{schema}".next_id())"#));
    let made = made_by_sessions(&schema, &format!(r#""{schema}".next_id()"#), total);
    let count: usize = made.iter().map(Vec::len).sum();
    println!("the published function: {} repeats in {count} ids", repeats(&made));
    assert!(count >= total / SESSIONS * SESSIONS);
}
