//! Monotonic ULIDs.

fn main() {
    idgen_benches::criterion(idgen_benches::ulids::cases());
}
