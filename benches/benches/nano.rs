//! 128-bit ids of nanoseconds.

fn main() {
    idgen_benches::criterion(idgen_benches::nano::cases());
}
