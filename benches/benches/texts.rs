//! Text forms, written and read.

fn main() {
    idgen_benches::criterion(idgen_benches::texts::cases());
}
