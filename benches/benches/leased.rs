//! What a lease costs on the way of an id.

fn main() {
    idgen_benches::criterion(idgen_benches::leased::cases());
}
