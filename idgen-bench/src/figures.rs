//! What a contender took, over all rounds.

/// Nanoseconds for an id (or whatever else is counted), one number for each round.
#[derive(Clone, Debug)]
pub struct Figures {
    name: String,
    rounds: Vec<f64>,
}

impl Figures {
    pub(crate) fn new(name: String) -> Self {
        Self { name, rounds: Vec::new() }
    }

    pub(crate) fn push(&mut self, nanos: f64) {
        self.rounds.push(nanos);
    }

    /// Who it was.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Nanoseconds for one: the median over all rounds.
    #[must_use]
    pub fn nanos(&self) -> f64 {
        median(self.rounds.clone())
    }

    /// How many of them in a second, by the median.
    #[must_use]
    pub fn a_second(&self) -> f64 {
        1e9 / self.nanos()
    }

    /// How many in a second, where so many took this long.
    #[must_use]
    pub fn rate_of(count: u64, took: std::time::Duration) -> f64 {
        count as f64 / took.as_secs_f64().max(1e-9)
    }

    /// How long this took as a multiple of the other's time: the median of the ratios within each
    /// round, so that what slowed both of them down cancels out.
    #[must_use]
    pub fn ratio_to(&self, other: &Self) -> f64 {
        let ratios = self.rounds.iter().zip(&other.rounds).map(|(own, others)| own / others);
        median(ratios.collect())
    }
}

/// Three digits that say something.
#[must_use]
pub fn digits(number: f64) -> String {
    match number {
        ..1.0 => format!("{number:.3}"),
        ..10.0 => format!("{number:.2}"),
        ..100.0 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

/// The middle one; the upper of two. 0 of none.
#[must_use]
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_within_rounds() {
        let figures = |rounds: &[f64]| Figures { name: String::new(), rounds: rounds.to_vec() };
        // The machine was ten times slower in the second round, for both alike.
        let (own, others) = (figures(&[2.0, 20.0, 2.0]), figures(&[4.0, 40.0, 4.0]));
        assert!((own.ratio_to(&others) - 0.5).abs() < 1e-9);
        assert!((own.nanos() - 2.0).abs() < 1e-9);
        assert!(median(Vec::new()).abs() < 1e-9);
    }
}
