//! Ids taken apart at rate.

fn main() {
    idgen_benches::criterion(idgen_benches::codecs::cases());
}
