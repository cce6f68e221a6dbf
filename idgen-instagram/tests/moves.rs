//! The hybrid: a generator for each shard behind the router. No id comes twice, through growth, moves,
//! and clocks that disagree.

#![cfg(feature = "router")]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use idgen_core::clock::{Clock, ClockTicks, ScriptedClock};
use idgen_core::generator::Generator;
use idgen_core::{IdScheme, Stall, UnixTime, Window};
use idgen_instagram::{Change, Host, HostError, Instagram, Plan, Router, Shard, Stride};
use idgen_testkit::Oracle;
use proptest::prelude::*;

type Clocked = Arc<ScriptedClock>;

/// Servers with a clock each, a router, and somebody who remembers every id.
struct World {
    router: Router,
    hosts: BTreeMap<String, (Clocked, Host<ClockTicks<Clocked>>)>,
    shards: Vec<Shard>,
    oracle: Oracle,
}

const NOON: i64 = 1_700_000_000_000;

impl World {
    fn new(shards: &[u16]) -> Self {
        let router = Router::new(["db1", "db2"]).unwrap();
        let shards = shards.iter().map(|&number| Shard::new(number).unwrap()).collect();
        let mut world = Self { router, hosts: BTreeMap::new(), shards, oracle: Oracle::new() };
        world.join("db1", 0);
        world.join("db2", 0);
        for shard in world.shards.clone() {
            let server = world.router.physical_of_shard(shard).to_owned();
            world.hosts.get_mut(&server).unwrap().1.start(shard).unwrap();
        }
        world
    }

    fn join(&mut self, name: &str, skew: i64) {
        let clock = Arc::new(ScriptedClock::at(UnixTime::from_millis(NOON + skew)));
        let ticks = ClockTicks::new(clock.clone(), Instagram::TIMEBASE.unwrap());
        self.hosts.insert(name.to_owned(), (clock, Host::over(ticks)));
    }

    /// The old generator ends before the new one begins, and the router follows.
    fn carry_out(&mut self, plan: &Plan) {
        for step in plan.moves().iter().filter(|step| self.shards.contains(&step.shard())) {
            let handover =
                self.hosts.get_mut(step.from()).unwrap().1.release(step.shard()).unwrap();
            self.hosts.get_mut(step.to()).unwrap().1.accept(handover).unwrap();
        }
        self.router.apply(plan).unwrap();
    }

    fn generate(&mut self, shard: Shard, count: usize) {
        let (_, host) = &self.hosts[self.router.physical_of_shard(shard)];
        for _ in 0..count {
            // A stall is no id: the clock of the new server may be behind.
            let Ok(id) = host.generator(shard).unwrap().try_generate() else { return };
            assert_eq!(Shard::of_id(id), shard);
            self.oracle.see(shard.number().into(), id.word().into());
        }
        // Nobody else has a generator of the shard.
        let holders = self.hosts.values().filter(|(_, host)| host.generator(shard).is_some());
        assert_eq!(holders.count(), 1, "{shard}");
    }
}

/// A server's clock is an hour back after a restart: a static start would repeat what was issued, the
/// next window does not.
#[test]
fn a_restart_in_the_next_window_repeats_nothing() {
    let (clock, shard) = (Arc::new(ScriptedClock::at(UnixTime::from_millis(NOON))), Shard::new(5));
    let shard = shard.unwrap();
    let base = Instagram::TIMEBASE.unwrap();
    let now = base.tick_at(clock.wall()).unwrap();
    let mut oracle = Oracle::new();
    let mut live = |window: Window| {
        let mut host = Host::over(ClockTicks::new(clock.clone(), base));
        host.start_in(shard, window).unwrap();
        let ids = host.generator(shard).unwrap();
        let made = std::iter::from_fn(|| ids.try_generate().ok()).take(20_000);
        made.map(|id| oracle.see(5, id.word().into())).count()
    };
    assert!(live(Window::new(now, now + 5).unwrap()) > 0);
    clock.set(UnixTime::from_millis(NOON - 3_600_000));
    assert_eq!(live(Window::new(now + 5, now + 10).unwrap()), 0, "it waits for its window");
    clock.set(UnixTime::from_millis(NOON));
    assert!(live(Window::new(now + 10, now + 15).unwrap()) > 0);
}

#[derive(Clone, Debug)]
enum Step {
    Generate { shard: usize, count: usize },
    Clock { server: usize, millis: i64 },
    Move { shard: usize, server: usize },
    Unpin { shard: usize },
    Grow { skew: i64 },
    Shrink { server: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let any = 0_usize..64;
    let step = prop_oneof![
        8 => (any.clone(), 1_usize..3_000)
            .prop_map(|(shard, count)| Step::Generate { shard, count }),
        4 => (any.clone(), -50_i64..100).prop_map(|(server, millis)| Step::Clock { server, millis }),
        4 => (any.clone(), any.clone()).prop_map(|(shard, server)| Step::Move { shard, server }),
        1 => any.clone().prop_map(|shard| Step::Unpin { shard }),
        1 => (-5_000_i64..5_000).prop_map(|skew| Step::Grow { skew }),
        1 => any.prop_map(|server| Step::Shrink { server }),
    ];
    proptest::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn prop_no_id_comes_twice_through_growth_moves_and_skew(steps in steps()) {
        let mut world = World::new(&[0, 1, 7, 1_341, 4_096, 8_191]);
        for step in steps {
            let shard = |n: usize| world.shards[n % world.shards.len()];
            let names: Vec<String> = world.router.servers().map(str::to_owned).collect();
            let server = |n: usize| names[n % names.len()].clone();
            let change = match step {
                Step::Generate { shard: n, count } => {
                    let shard = shard(n);
                    world.generate(shard, count);
                    continue;
                }
                Step::Clock { server: n, millis } => {
                    let clock = &world.hosts[&server(n)].0;
                    clock.set(UnixTime::from_millis(i64::try_from(clock.wall().as_millis()).unwrap() + millis));
                    continue;
                }
                Step::Move { shard: n, server: to } => Change::Pin(shard(n), server(to)),
                Step::Unpin { shard: n } => Change::Unpin(shard(n)),
                Step::Grow { skew } => {
                    let name = format!("db{}", world.hosts.len() + 1);
                    world.join(&name, skew);
                    Change::Add(name)
                }
                Step::Shrink { server: n } => Change::Remove(server(n)),
            };
            // What the router refuses, such as a server with pins, is not done.
            if let Ok(plan) = world.router.plan(&change) {
                world.carry_out(&plan);
            }
        }
        for shard in world.shards.clone() {
            world.generate(shard, 10);
        }
    }
}

/// The window is handed over: the old generator is revoked before the new one is granted its own,
/// which begins at the first tick that the old one did not touch.
#[test]
fn a_moved_shard_goes_on_where_its_old_server_stopped() {
    let clock = Arc::new(ScriptedClock::at(UnixTime::from_millis(NOON)));
    let behind = Arc::new(ScriptedClock::at(UnixTime::from_millis(NOON - 60_000)));
    let over =
        |clock: &Clocked| Host::over(ClockTicks::new(clock.clone(), Instagram::TIMEBASE.unwrap()));
    let (mut old, mut new) = (over(&clock), over(&behind));
    let shard = Shard::new(1_341).unwrap();
    old.start(shard).unwrap();
    clock.advance(Duration::from_millis(20));
    let last = old.generate(shard).unwrap();

    let handover = old.release(shard).unwrap();
    assert!(matches!(old.generate(shard), Err(HostError::NotHere { .. })));
    assert!(matches!(old.release(shard), Err(HostError::NotHere { .. })));
    assert_eq!(handover.first_tick(), last.tick() + 1);
    new.accept(handover).unwrap();

    // Its clock is a minute behind: it waits rather than go back.
    let early = new.generator(shard).unwrap().try_generate();
    assert!(
        matches!(early, Err(Stall::ClockRegressed { .. } | Stall::SequenceExhausted { .. })),
        "{early:?}"
    );
    behind.advance(Duration::from_secs(60));
    behind.advance(Duration::from_millis(20));
    assert!(new.generate(shard).unwrap() > last);
}

#[test]
fn a_refused_handover_comes_back() {
    let mut host = Host::new().unwrap();
    let mut other = Host::new().unwrap();
    let shard = Shard::new(3).unwrap();
    host.start(shard).unwrap();
    other.start(shard).unwrap(); // what an operator must not do
    let refused = host.accept(other.release(shard).unwrap()).unwrap_err();
    assert_eq!(refused.to_string(), "shard 3 is on this server already; release it first");
    assert_eq!(refused.handover.shard(), shard);
}

/// The picture of the case study: a router, and generators whose plain numbers interleave.
#[test]
fn interleaved_numbers_behind_the_router() {
    let router = Router::new(["shard1", "shard2"]).unwrap();
    let generators = BTreeMap::from([
        ("shard1", Stride::odd(Window::from_start(0)).unwrap()),
        ("shard2", Stride::even(Window::from_start(0)).unwrap()),
    ]);
    let mut oracle = Oracle::new();
    for user in 0..10_000 {
        let shard = Router::shard_of(format!("user:{user}"));
        let stride = &generators[router.physical_of_shard(shard)];
        oracle.see(stride.offset(), stride.try_next().unwrap().into());
    }
    assert_eq!(oracle.len(), 10_000);
}

proptest! {
    /// Never two strides the same number: through batches, windows and changes of their count.
    #[test]
    fn prop_strides_share_no_number(
        counts in proptest::collection::vec(1_u64..7, 1..5),
        takes in proptest::collection::vec((0_usize..7, 1_usize..40), 1..40),
    ) {
        let mut oracle = Oracle::new();
        let mut strides: Vec<Stride> = (1..=counts[0])
            .map(|offset| Stride::new(offset, counts[0], Window::from_start(0)).unwrap())
            .collect();
        let mut mark = 0;
        for (generation, &count) in (1..).zip(counts.iter().skip(1).chain(&[1])) {
            for &(stride, want) in &takes {
                let stride = &strides[stride % strides.len()];
                let mut numbers = vec![0; want];
                prop_assert_eq!(stride.try_fill(&mut numbers).unwrap(), want);
                numbers.push(stride.try_next().unwrap());
                for number in numbers {
                    prop_assert!(number > mark, "{number} is not above the common mark {mark}");
                    oracle.see(generation * 100 + stride.offset(), number.into());
                }
            }
            let retired: Vec<_> = strides.into_iter().map(Stride::retire).collect();
            mark = retired.iter().map(idgen_instagram::Retired::mark).max().unwrap();
            strides = Stride::regroup(retired, count).unwrap();
        }
    }
}

#[test]
fn strides_change_their_count_only_all_together() {
    let stride = |offset| Stride::new(offset, 3, Window::from_start(0)).unwrap().retire();
    let message = |retired| Stride::regroup(retired, 4).unwrap_err().to_string();
    assert_eq!(
        message(vec![stride(3), stride(1)]),
        "strides [1, 3] were given, but those of 3 are 1..=3, once each; retire all of them and give them together"
    );
    assert!(message(vec![stride(1), stride(2), stride(2)]).starts_with("strides [1, 2, 2]"));
    assert!(message(vec![]).starts_with("no retired strides"));
    let odd = Stride::odd(Window::from_start(0)).unwrap().retire();
    assert!(Stride::regroup(vec![odd, stride(2), stride(3)], 4).is_err());
    assert!(Stride::new(4, 3, Window::from_start(0)).is_err());
    assert!(Stride::new(0, 3, Window::from_start(0)).is_err());
}

/// Windows of rounds follow each other, as from a store; the last number is 2^63 - 1 at most.
#[test]
fn strides_keep_to_their_windows() {
    let stride = Stride::new(3, 3, Window::new(10, 12).unwrap()).unwrap();
    assert_eq!([stride.try_next(), stride.try_next()], [Ok(33), Ok(36)]);
    assert!(matches!(stride.try_next(), Err(Stall::WindowEnded { .. })));
    assert!(stride.grant(Window::new(11, 20).unwrap()).is_err());
    stride.grant(Window::new(12, 20).unwrap()).unwrap();
    assert_eq!(stride.try_next(), Ok(39));

    let last = (i64::MAX.unsigned_abs() - 3) / 3;
    let end = Stride::new(3, 3, Window::from_start(last)).unwrap();
    assert!(end.try_next().unwrap() <= i64::MAX.unsigned_abs());
    assert!(end.try_next().is_err());
    assert!(Stride::new(3, 3, Window::from_start(last + 1)).is_err());

    // No stride begins past the greatest number, however many interleave.
    let greatest = i64::MAX.unsigned_abs();
    let end = Stride::new(greatest, u64::MAX, Window::from_start(0)).unwrap();
    assert_eq!((end.try_next(), end.try_next().is_err()), (Ok(greatest), true));
    for (offset, count) in [(1 << 63, 1 << 63), (u64::MAX, u64::MAX)] {
        let error = Stride::new(offset, count, Window::from_start(0)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "offset {offset} is not in 1..={greatest}; the strides of {count} are numbered from \
                 1, up to 2^63 - 1"
            )
        );
    }
}
