//! ULIDs, monotonic: drawn once a millisecond, and counted up from there.

use std::sync::Arc;

use ferroid::generator::thread_local::Ulid as FerroidUlid;
use idgen::generator::Generator;
use idgen::wide::Ulid;

use crate::case::{Case, Made, millis};

pub fn cases() -> Vec<Case> {
    let ordered = Made::Ordered(millis::<Ulid>);
    let shared = Arc::new(Ulid::generator().expect("a generator"));
    let ours = "time of the ticker, at most a tick old; increasing; 80 bits of a CSPRNG in each \
        millisecond; a forked child draws its own";
    vec![
        Case::owned(
            "ulid/one/monotonic/idgen",
            ours,
            ordered,
            || {
                let mut ids = Ulid::monotonic().expect("a generator");
                move || ids.try_next().expect("an id")
            },
            |id| id.into(),
        ),
        Case::one(
            "ulid/one/monotonic/idgen-shared",
            ours,
            ordered,
            move || shared.generate().expect("an id"),
            |id| id.into(),
        ),
        Case::one(
            "ulid/one/monotonic/ferroid",
            "time of a ticker that read the wall clock once; increasing within a thread; a forked \
             child goes on from the same state",
            ordered,
            || FerroidUlid::new_ulid_mono(|_| std::thread::yield_now()),
            |id| id.to_raw(),
        ),
        Case::owned(
            "ulid/one/monotonic/ulid",
            "time read for each id; increasing; a forked child goes on from the same state",
            ordered,
            || {
                let mut peer = ulid::Generator::new();
                move || peer.generate().expect("an id")
            },
            |id| id.0,
        ),
    ]
}
