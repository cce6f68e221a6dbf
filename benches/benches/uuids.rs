//! UUIDs of versions 1, 4, 6 and 7.

fn main() {
    idgen_benches::criterion(idgen_benches::uuids::cases());
}
