//! Where shards live: growth moves few of them, and only to the new server.

#![cfg(feature = "router")]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use idgen_instagram::{Change, Router, RouterError, Shard};
use proptest::prelude::*;

fn servers(count: usize) -> impl Iterator<Item = String> {
    (1..=count).map(|n| format!("db{n}"))
}

/// Pinned, and computed apart from the crate, from the definition of SipHash-2-4: whoever changes
/// the ring moves everybody's rows.
#[test]
fn reference_places_and_shards() {
    let router = Router::new(["db1", "db2", "db3"]).unwrap();
    let places: Vec<_> = [0, 1, 2, 3, 1_341, 8_191]
        .map(|number| router.physical_of_shard(Shard::new(number).unwrap()).to_owned())
        .into();
    assert_eq!(places, ["db3", "db1", "db3", "db2", "db3", "db1"]);
    let shards = ["", "user:1", "user:31341"].map(|key| Router::shard_of(key).number());
    assert_eq!(shards, [215, 1500, 5957]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A server that joins takes about its share, and takes it from all: nothing moves between two
    /// servers that were there before.
    #[test]
    fn prop_growing_moves_about_one_share_and_only_to_the_new_server(
        count in 1_usize..24, name in "[a-z]{1,12}\\.example",
    ) {
        let mut router = Router::new(servers(count)).unwrap();
        let before = router.clone();
        let plan = router.add(name.clone()).unwrap();
        prop_assert!(plan.moves().iter().all(|step| step.to() == name));
        for shard in Shard::all() {
            let step = plan.moves().iter().find(|step| step.shard() == shard);
            let expected = step.map_or(before.physical_of_shard(shard), |step| step.to());
            prop_assert_eq!(router.physical_of_shard(shard), expected);
        }
        let share = usize::from(Shard::COUNT) / (count + 1);
        let moved = plan.moves().len();
        prop_assert!((share / 2..=share * 3 / 2 + 1).contains(&moved), "{moved} of {share}");
    }

    /// Removing it again puts everything back, and pins survive both.
    #[test]
    fn prop_shrinking_undoes_growing_and_pins_stay(
        count in 2_usize..12, pinned in 0_u16..8_192, to in 0_usize..12,
    ) {
        let mut router = Router::new(servers(count)).unwrap();
        let shard = Shard::new(pinned).unwrap();
        let home = format!("db{}", to % count + 1);
        router.move_shard(shard, home.clone()).unwrap();
        let before = router.clone();
        let grown = router.add("new").unwrap();
        prop_assert_eq!(router.physical_of_shard(shard), &home);
        let shrunk = router.remove("new").unwrap();
        prop_assert_eq!(grown.moves().len(), shrunk.moves().len());
        for shard in Shard::all() {
            prop_assert_eq!(router.physical_of_shard(shard), before.physical_of_shard(shard));
        }
    }

    /// Names in another order are the same servers.
    #[test]
    fn prop_the_order_of_names_does_not_matter(count in 1_usize..12) {
        let mut reversed: Vec<_> = servers(count).collect();
        reversed.reverse();
        prop_assert_eq!(Router::new(servers(count)).unwrap(), Router::new(reversed).unwrap());
    }
}

#[test]
fn the_load_is_even() {
    for count in [2, 3, 5, 16] {
        let router = Router::new(servers(count)).unwrap();
        let share = usize::from(Shard::COUNT) / count;
        for server in router.servers() {
            let found = router.shards_on(server).count();
            assert!((share * 3 / 4..=share * 5 / 4).contains(&found), "{server}: {found}, {share}");
        }
    }
}

#[test]
fn a_plan_changes_nothing_and_dies_with_the_next_change() {
    let mut router = Router::new(servers(3)).unwrap();
    let before = router.clone();
    let plan = router.plan(&Change::Add("db4".into())).unwrap();
    assert_eq!(router, before);
    router.move_shard(Shard::new(7).unwrap(), "db1").unwrap();
    let error = router.apply(&plan).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the plan is for version 0 of the router, which is at 1; plan again"
    );
    let plan = router.plan(&Change::Add("db4".into())).unwrap();
    router.apply(&plan).unwrap();
    assert!(router.apply(&plan).is_err(), "applied twice");
}

#[test]
fn what_cannot_be_is_refused() {
    let mut router = Router::new(["a", "b"]).unwrap();
    let shard = Shard::new(0).unwrap();
    let b = || "b".to_owned();
    assert_eq!(Router::new([""]), Err(RouterError::Nameless));
    assert_eq!(Router::new::<String>([]), Err(RouterError::NoServer));
    assert_eq!(Router::new(["b", "b"]), Err(RouterError::Known { server: b() }));
    assert_eq!(router.add("b"), Err(RouterError::Known { server: b() }));
    assert_eq!(router.remove("c"), Err(RouterError::Unknown { server: "c".into() }));
    assert_eq!(router.unpin(shard), Err(RouterError::NotPinned { shard }));
    router.move_shard(shard, "b").unwrap();
    assert_eq!(router.remove("b"), Err(RouterError::Pinned { server: b(), pinned: 1 }));
    router.unpin(shard).unwrap();
    router.remove("a").unwrap();
    assert_eq!(router.remove("b"), Err(RouterError::LastServer { server: b() }));
}

#[cfg(feature = "serde")]
#[test]
fn a_stored_mapping_is_read_back_and_checked() {
    let mut router = Router::new(servers(3)).unwrap();
    router.move_shard(Shard::new(7).unwrap(), "db2").unwrap();
    let mut stored = serde_json::to_value(&router).unwrap();
    assert_eq!(stored["places"].as_array().unwrap().len(), 8_192);
    assert_eq!(serde_json::from_value::<Router>(stored.clone()).unwrap(), router);

    let place = stored["places"][9].as_u64().unwrap();
    stored["places"][9] = ((place + 1) % 3).into();
    let error = serde_json::from_value::<Router>(stored.clone()).unwrap_err().to_string();
    assert!(error.starts_with("shard 9 is stored on"), "{error}");
    stored["places"][9] = 3.into();
    let error = serde_json::from_value::<Router>(stored).unwrap_err().to_string();
    assert!(error.contains("each the number of a server"), "{error}");
}
