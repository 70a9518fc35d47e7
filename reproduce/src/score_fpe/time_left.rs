//! How long the rest of a table takes, from what its cells took so far.

/// Seconds of cells that were computed, without and with the regulariser.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TimeLeft {
    cells: [f64; 2],
    seconds: [f64; 2],
}

impl TimeLeft {
    /// A cell took so long.
    pub fn spent(&mut self, regularized: bool, seconds: f64) {
        self.cells[usize::from(regularized)] += 1.0;
        self.seconds[usize::from(regularized)] += seconds;
    }

    /// Seconds for cells that are still to be computed, each with the regulariser or without. A kind that has not been seen counts
    /// as the other one. None before the first cell.
    pub fn of(&self, to_do: &[bool]) -> Option<f64> {
        let mean = |kind: usize| (self.cells[kind] > 0.0).then(|| self.seconds[kind] / self.cells[kind]);
        let each = |regularized: &bool| mean(usize::from(*regularized)).or_else(|| mean(usize::from(!regularized)));
        to_do.iter().map(each).sum()
    }
}

/// Hours and minutes.
pub(super) fn in_words(seconds: f64) -> String {
    match (seconds / 60.0).round() as u64 {
        0 => "a minute or less".into(),
        minutes @ 1..60 => format!("{minutes} min"),
        minutes => format!("{} h {:02} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_cells_have_times_of_their_own() {
        let mut left = TimeLeft::default();
        assert_eq!(left.of(&[true]), None);
        left.spent(false, 10.0);
        assert_eq!(left.of(&[true, false]), Some(20.0));
        left.spent(true, 50.0);
        left.spent(true, 70.0);
        assert_eq!(left.of(&[true, true, false]), Some(130.0));
        assert_eq!(left.of(&[]), Some(0.0));
        assert_eq!([12.0, 130.0, 7380.0].map(in_words), ["a minute or less", "2 min", "2 h 03 min"]);
    }
}
