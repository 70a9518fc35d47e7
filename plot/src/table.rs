//! The numbers behind a figure.

use std::fmt::Write;

/// Columns of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Added to the figure's name; empty for its only table.
    pub name: String,
    /// Names of the columns, without commas.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<f64>>,
}

impl Table {
    /// A table from its columns, which must be of one length.
    pub fn of_columns(name: &str, columns: &[(&str, &[f64])]) -> Self {
        let rows = (0..columns[0].1.len()).map(|row| columns.iter().map(|(_, values)| values[row]).collect());
        let names = columns.iter().map(|(name, _)| name.to_string()).collect();
        Self { name: name.into(), columns: names, rows: rows.collect() }
    }

    /// As comma-separated values with a header; numbers are written so that they can be read back exactly.
    ///
    /// ```
    /// let table = fokker_plot::Table::of_columns("", &[("t", &[0.0, 0.5]), ("std", &[0.25, 3.0])]);
    /// assert_eq!(table.to_csv().lines().collect::<Vec<_>>(), ["t,std", "0,0.25", "0.5,3"]);
    /// ```
    pub fn to_csv(&self) -> String {
        let mut text = self.columns.join(",") + "\n";
        for row in &self.rows {
            for (k, value) in row.iter().enumerate() {
                let comma = if k > 0 { "," } else { "" };
                let _ = match value.abs() {
                    size if size != 0.0 && !(1e-4..1e15).contains(&size) => write!(text, "{comma}{value:e}"),
                    _ => write!(text, "{comma}{value}"),
                };
            }
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_the_way_through_a_file() {
        let values = [0.1, -1.0 / 3.0, 1e-300, 2.5e17, 0.0];
        let csv = Table::of_columns("", &[("x", &values)]).to_csv();
        let back: Vec<f64> = csv.lines().skip(1).map(|line| line.parse().unwrap()).collect();
        assert_eq!(back, values);
    }
}
