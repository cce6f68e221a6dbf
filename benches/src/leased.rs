//! What a lease costs on the way of an id: a window in a folder, the keeper that renews it, and the check for forks,
//! beside the same generator with a window that never ends.
//!
//! - `wide`, `roomy`: the layouts of [`snowflake`](crate::snowflake).

#![allow(clippy::disallowed_types, reason = "nobody forks while a benchmark begins")]

use std::borrow::Borrow;
use std::hint::black_box;
use std::sync::{Arc, OnceLock};

use idgen::catalog::Settings;
use idgen::generator::{BuildError, Builder, ErasedGenerator, Generator, Laned, Shared};
use idgen::lease::{FileStore, Lease, Leased};
use idgen::{IdScheme, Window};
use idgen_bench::{Contender, look, timed};

use crate::case::{Case, Made, SAMPLE, millis};
use crate::snowflake::{Roomy, Wide};

const BARE: &str = "as leased, with one window that was given to it and that never ends";
const LEASED: &str = "time of the ticker; order, horizon and window checked for each id; windows of two seconds on \
    record in a folder before they are issued; a forked child issues nothing before it has a node id of its own";

/// Ids of a batch: 8 KiB of them.
const BATCH: usize = 1 << 10;

pub fn cases() -> Vec<Case> {
    let bare_ones = [
        one::<Shared<Wide>, _>("wide/leased-one/shared/idgen-bare", BARE, move || {
            Arc::new(bare::<Wide>().shared().expect("a generator"))
        }),
        one::<Laned<Wide>, _>("wide/leased-one/laned/idgen-bare", BARE, move || {
            Arc::new(bare::<Wide>().laned().expect("a generator"))
        }),
        fill::<Shared<Roomy>, _>("roomy/leased-fill/shared/idgen-bare", BARE, move || {
            Arc::new(bare::<Roomy>().shared().expect("a generator"))
        }),
        fill::<Laned<Roomy>, _>("roomy/leased-fill/laned/idgen-bare", BARE, move || {
            Arc::new(bare::<Roomy>().laned().expect("a generator"))
        }),
    ];
    let leased_ones = [
        one::<Leased<Shared<Wide>>, _>(
            "wide/leased-one/shared/idgen-leased",
            LEASED,
            shared::<Wide>,
        ),
        one::<Leased<Laned<Wide>>, _>("wide/leased-one/laned/idgen-leased", LEASED, laned::<Wide>),
        fill::<Leased<Shared<Roomy>>, _>(
            "roomy/leased-fill/shared/idgen-leased",
            LEASED,
            shared::<Roomy>,
        ),
        fill::<Leased<Laned<Roomy>>, _>(
            "roomy/leased-fill/laned/idgen-leased",
            LEASED,
            laned::<Roomy>,
        ),
    ];
    leased_ones.into_iter().chain(bare_ones).collect()
}

fn bare<S: IdScheme>() -> Builder<S> {
    Builder::new().node(0).window(Window::from_start(0))
}

/// A generator with a lease in a folder of its own, which is removed with it.
fn leased<S: IdScheme, G: Generator<Scheme = S> + ErasedGenerator + 'static>(
    make: impl Fn(&Settings) -> Result<G, BuildError> + Send + Sync + 'static,
) -> Leased<G> {
    let folder = tempfile::tempdir().expect("a folder");
    let lease = Lease::of::<S>(FileStore::new(folder.path()));
    let make = move |settings: &_| {
        let _kept = &folder;
        make(settings)
    };
    lease.start(make).expect("a lease")
}

fn shared<S: IdScheme>() -> Leased<Shared<S>> {
    leased(|settings| Builder::<S>::new().settings(settings).shared())
}

fn laned<S: IdScheme>() -> Leased<Laned<S>> {
    leased(|settings| Builder::<S>::new().settings(settings).laned())
}

/// A generator that is built when it is needed: a lease in a new folder begins after two seconds. Everybody has what
/// threads would have of it, a clone of an `Arc` or of the lease.
fn built<G: Clone>(build: impl Fn() -> G) -> impl Fn() -> G {
    let cell = OnceLock::new();
    move || cell.get_or_init(&build).clone()
}

fn one<G, H>(name: &str, carries: &'static str, build: impl Fn() -> H + 'static) -> Case
where
    G: Generator + 'static,
    H: Borrow<G> + Clone + 'static,
{
    let ids = Arc::new(built(build));
    let measured = Arc::clone(&ids);
    let contender = Contender::timing(name, 1, move |calls| {
        let ids = measured();
        timed(|| (0..calls).for_each(|_| look(&ids.borrow().generate().expect("an id"))))
    });
    Case::of_ids(contender, carries, Made::Ordered(millis::<G::Scheme>), move || {
        let ids = ids();
        (0..SAMPLE).map(|_| ids.borrow().generate().expect("an id").into()).collect()
    })
}

fn fill<G, H>(name: &str, carries: &'static str, build: impl Fn() -> H + 'static) -> Case
where
    G: Generator + 'static,
    H: Borrow<G> + Clone + 'static,
{
    let ids = Arc::new(built(build));
    let measured = Arc::clone(&ids);
    let mut out = Vec::new();
    let contender = Contender::timing(name, BATCH as u64, move |calls| {
        let ids = measured();
        if out.is_empty() {
            out = ids.borrow().generate_batch(BATCH).expect("ids");
        }
        timed(|| (0..calls).for_each(|_| ids.borrow().fill(black_box(&mut out)).expect("ids")))
    });
    Case::of_ids(contender, carries, Made::Ordered(millis::<G::Scheme>), move || {
        ids().borrow().generate_batch(SAMPLE).expect("ids").into_iter().map(Into::into).collect()
    })
}
