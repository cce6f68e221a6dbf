//! Ids of tick, node and sequence: one, on threads, in batches.

fn main() {
    idgen_benches::criterion(idgen_benches::snowflake::cases());
}
