//! Tables without a row, as a database that was just set up has them.

use idgen_core::clock::SystemClock;
use idgen_migrate::plan::{Order, Wish, survey};
use idgen_migrate::session::Engine;
use idgen_migrate::{Migration, Phase};

use crate::course::advance_to;
use crate::every_engine;
use crate::references::{self, patient};
use crate::server::{Database, run};
use crate::shop::{self, Path, at, created, flakes, literal, old_id};

/// Goes through all phases, while rows of `written` come in each that knows old ids; how many times they did.
async fn course(database: &Database, wish: &Wish, written: impl Fn(u64) -> Vec<String>) -> i64 {
    let mut session = database.session().await;
    let plan = survey(&mut session, wish, &SystemClock).await.unwrap();
    assert_eq!((plan.root().rows, plan.findings.len()), (0, 0), "{:?}", plan.findings);
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    let mut times = 0;
    for (number, phase) in (0..).zip(Phase::ALL) {
        advance_to(&mut migration, phase).await;
        if phase < Phase::OldWritesStopped {
            for sql in written(number) {
                run(&mut session, &sql).await;
                times = i64::try_from(number).unwrap() + 1;
            }
        }
    }
    times
}

/// How many rows of the second table are by an id of the first, and how many ids there are.
async fn paired(database: &Database, child: &str, reference: &str, root: &str) -> (i64, i64) {
    let mut session = database.session().await;
    let pairs = format!("SELECT count(*) FROM {child} o JOIN {root} c ON c.id_new = o.{reference}");
    let ids = format!("SELECT count(DISTINCT id_new) FROM {root}");
    (session.number(&pairs, &[]).await.unwrap(), session.number(&ids, &[]).await.unwrap())
}

async fn in_the_order_of_times_and_of_ids(engine: Engine) {
    for path in [Path::UuidToFlake, Path::FlakeToUuid] {
        for is_written in [false, true] {
            let database = Database::new(engine).await;
            shop::create(&mut database.session().await, path).await;
            let wish = path.wish();
            let times = course(&database, &wish, |number| {
                let (id, at) = (old_id(path, number), at(engine, created(number)));
                let id = literal(engine, path, &id, false);
                let rows = vec![
                    format!(
                        "INSERT INTO customers (id, name, created_at) VALUES ({id}, 'new', '{at}')"
                    ),
                    format!("INSERT INTO orders (customer_id, number) VALUES ({id}, 1)"),
                ];
                if is_written { rows } else { Vec::new() }
            });
            let times = times.await;
            let found = paired(&database, "orders", "customer_id_new", "customers").await;
            assert_eq!((found, times > 0), ((times, times), is_written), "{path:?}");
        }
    }
}

async fn in_the_order_of_keys(engine: Engine) {
    for is_written in [false, true] {
        let database = references::shop(engine).await;
        let mut session = database.session().await;
        run(&mut session, "DELETE FROM o").await;
        run(&mut session, "DELETE FROM c WHERE parent IS NOT NULL").await;
        run(&mut session, "DELETE FROM c").await;
        let wish = Wish::new("c", flakes());
        let plan = survey(&mut session, &wish, &SystemClock).await.unwrap();
        assert!(matches!(plan.order, Order::Key { .. }), "{:?}", plan.order);
        let times = course(&database, &wish, |number| {
            let rows = vec![
                format!("INSERT INTO c (id) VALUES ({number})"),
                format!("INSERT INTO o (n, c_id) VALUES ({number}, {number})"),
            ];
            if is_written { rows } else { Vec::new() }
        });
        let times = times.await;
        assert_eq!(paired(&database, "o", "c_id_new", "c").await, (times, times));
    }
}

every_engine!(in_the_order_of_times_and_of_ids, in_the_order_of_keys);
