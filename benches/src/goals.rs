//! The figures to reach: ratios to peers, measured in one run.

/// How one of ours is to stand beside somebody.
pub struct Goal {
    /// The job, in words.
    pub job: &'static str,
    /// Ours, by its full name.
    pub ours: &'static str,
    /// Beside whom: an implementation of the same group. Empty for a time of its own.
    pub beside: &'static str,
    /// At most this many times the other's time; of a time of its own, nanoseconds.
    pub at_most: f64,
}

const fn goal(job: &'static str, ours: &'static str, beside: &'static str, at_most: f64) -> Goal {
    Goal { job, ours, beside, at_most }
}

/// One that is told of, and that nothing hangs on.
const fn beside(job: &'static str, ours: &'static str, peer: &'static str) -> Goal {
    goal(job, ours, peer, f64::INFINITY)
}

/// All of them.
pub const GOALS: [Goal; 56] = [
    goal("shared, strict order", "wide/one/1-thread/idgen-shared", "ferroid-atomic", 0.75),
    beside("shared, strict order", "wide/one/1-thread/idgen-shared", "fetch_add"),
    goal("shared, strict order", "wide/one/2-threads/idgen-shared", "fetch_add", 1.1),
    beside("shared, strict order", "wide/one/2-threads/idgen-shared", "ferroid-yielding"),
    beside("shared, strict order", "wide/one/2-threads/idgen-shared", "ferroid-spinning"),
    goal("shared, strict order", "wide/one/4-threads/idgen-shared", "fetch_add", 1.1),
    beside("shared, strict order", "wide/one/4-threads/idgen-shared", "ferroid-yielding"),
    goal("shared, strict order", "wide/one/8-threads/idgen-shared", "fetch_add", 1.1),
    beside("shared, strict order", "wide/one/8-threads/idgen-shared", "ferroid-yielding"),
    goal("shared, order per thread", "wide/one/2-threads/idgen-laned", "ferroid-yielding", 0.3),
    goal("shared, order per thread", "wide/one/4-threads/idgen-laned", "ferroid-yielding", 0.3),
    goal("shared, order per thread", "wide/one/8-threads/idgen-laned", "ferroid-yielding", 0.3),
    goal("lane, one owner", "wide/one/1-thread/idgen-lane", "ferroid-basic", 1.0),
    beside("lane, one owner", "wide/one/1-thread/idgen-lane", "increment"),
    goal("leased, strict order", "wide/leased-one/shared/idgen-leased", "idgen-bare", 1.05),
    goal("leased, order per thread", "wide/leased-one/laned/idgen-leased", "idgen-bare", 1.05),
    goal("leased, fill", "roomy/leased-fill/shared/idgen-leased", "idgen-bare", 1.05),
    goal("leased, fill, lanes", "roomy/leased-fill/laned/idgen-leased", "idgen-bare", 1.05),
    goal("fill", "roomy/fill/8-KiB/idgen", "snowflake_me", 0.35),
    goal("fill", "roomy/fill/8-KiB/idgen", "memset", 2.0),
    goal("fill", "roomy/fill/256-MiB/idgen", "snowflake_me", 0.35),
    goal("fill", "roomy/fill/256-MiB/idgen", "memset", 1.11),
    goal("41/10/12, block of 32", "snowflake/fill/block-of-32-on-2-threads/idgen", "", 10.0),
    goal("41/10/12, one worker", "snowflake/fill/one-worker-on-2-threads/idgen", "", 245.0),
    goal("UUID v4, one", "uuid-v4/one/1-thread/idgen", "uuid", 0.6),
    goal("UUID v4, bulk", "uuid-v4/fill/1024/idgen", "", 2.5),
    beside("UUID v4, bulk", "uuid-v4/fill/1024/idgen", "uuid"),
    beside("UUID v4, bulk", "uuid-v4/fill/1024/idgen", "aes-128-ctr"),
    goal("UUID v7, monotonic", "uuid-v7/one/1-thread/idgen", "fast-uuid-v7", 0.8),
    beside("UUID v7, monotonic", "uuid-v7/one/1-thread/idgen", "uuid"),
    goal("UUID v1", "uuid-v1/one/1-thread/idgen", "uuid", 0.2),
    goal("UUID v6", "uuid-v6/one/1-thread/idgen", "uuid", 0.2),
    goal("ULID, monotonic", "ulid/one/monotonic/idgen", "ferroid", 1.0),
    beside("ULID, monotonic", "ulid/one/monotonic/idgen", "ulid"),
    beside("ULID, of all threads", "ulid/one/monotonic/idgen-shared", "ferroid"),
    goal("128 bits, clock for each id", "nano128/one/1-thread/idgen-clock", "nulid", 1.0),
    goal("128 bits, clock for each id", "nano128/one/2-threads/idgen-clock", "nulid", 0.5),
    goal("128 bits, cached tick", "nano128/one/1-thread/idgen-cached", "nulid", 0.4),
    goal("128 bits, cached tick", "nano128/one/2-threads/idgen-cached", "nulid", 0.2),
    goal("UUID text, write", "uuid/write/text/idgen", "uuid-simd", 1.05),
    beside("UUID text, write", "uuid/write/text/idgen", "uuid"),
    goal("UUID text, read", "uuid/read/text/idgen", "uuid-simd", 1.05),
    beside("UUID text, read", "uuid/read/text/idgen", "uuid"),
    goal("base 32 of 64 bits, write", "base32/write/64-bit/idgen", "ferroid", 0.7),
    goal("base 32 of 64 bits, read", "base32/read/64-bit/idgen", "ferroid", 0.7),
    goal("ULID text, write", "ulid/write/text/idgen", "ulid", 0.7),
    goal("ULID text, write", "ulid/write/text/idgen", "ferroid", 0.7),
    goal("ULID text, read", "ulid/read/text/idgen", "ulid", 0.7),
    goal("ULID text, read", "ulid/read/text/idgen", "ferroid", 0.7),
    goal("decimal, write", "decimal/write/64-bit/idgen", "itoa", 1.05),
    beside("decimal, read", "decimal/read/64-bit/idgen", "std"),
    goal("inspect words", "snowflake/inspect/words/idgen", "", 10.0),
    goal("inspect lines, decimal", "snowflake/inspect/lines/idgen", "", 50.0),
    goal("inspect lines, UUID", "uuid-v7/inspect/lines/idgen", "", 50.0),
    goal("verify words", "snowflake/verify/words/idgen", "", 10.0),
    goal("verify lines, decimal", "snowflake/verify/lines/idgen", "", 50.0),
];
