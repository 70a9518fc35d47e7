//! A function on a grid, by its cell averages.

use super::Axis;

/// Nodes and weights of Gauss–Legendre quadrature with three points on \[−½, ½\].
pub(crate) const GAUSS: [(f64, f64); 3] =
    [(-0.387_298_334_620_741_7, 5.0 / 18.0), (0.0, 8.0 / 18.0), (0.387_298_334_620_741_7, 5.0 / 18.0)];

/// ∫ of a function along one axis, from `x` over a distance `length`, by three Gauss points: exact for polynomials up to
/// degree 5.
pub(crate) fn integral_along(x: &[f64], component: usize, length: f64, function: impl Fn(&[f64]) -> f64) -> f64 {
    let mut point = [0.0; 2];
    let point = &mut point[..x.len()];
    let mut sum = 0.0;
    for (place, weight) in GAUSS {
        point.copy_from_slice(x);
        point[component] += (place + 0.5) * length;
        sum += weight * function(point);
    }
    sum * length
}

/// Cell averages on a grid of one or two axes; the first axis runs fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// One or two axes.
    pub axes: Vec<Axis>,
    /// One average per cell.
    pub values: Vec<f64>,
}

impl Field {
    /// The averages of a function, by three Gauss points in each direction of a cell.
    ///
    /// # Panics
    /// Unless there are one or two axes.
    pub fn of(axes: &[Axis], function: impl Fn(&[f64]) -> f64) -> Self {
        assert!(matches!(axes.len(), 1 | 2), "grids have one or two axes");
        let mut field = Self::zeros(axes);
        for index in 0..field.values.len() {
            let centre = field.point(index);
            let mut sum = 0.0;
            for (dx, wx) in GAUSS {
                let x = centre[0] + dx * axes[0].width();
                match axes.get(1) {
                    None => sum += wx * function(&[x]),
                    Some(second) => {
                        for (dy, wy) in GAUSS {
                            sum += wx * wy * function(&[x, centre[1] + dy * second.width()]);
                        }
                    }
                }
            }
            field.values[index] = sum;
        }
        field
    }

    /// Zero everywhere.
    pub fn zeros(axes: &[Axis]) -> Self {
        Self { axes: axes.to_vec(), values: vec![0.0; axes.iter().map(|axis| axis.cells).product()] }
    }

    /// The histogram of points as a density; points outside of the grid count as draws but fall into no cell.
    pub fn histogram(axes: &[Axis], points: impl IntoIterator<Item = Vec<f64>>) -> Self {
        let mut field = Self::zeros(axes);
        let mut count = 0usize;
        for point in points {
            count += 1;
            let cells: Option<Vec<usize>> = axes.iter().zip(&point).map(|(axis, &x)| axis.cell(x)).collect();
            if let Some(cells) = cells {
                let index = cells[0] + cells.get(1).map_or(0, |j| j * axes[0].cells);
                field.values[index] += 1.0;
            }
        }
        let unit = 1.0 / (count.max(1) as f64 * field.volume());
        field.values.iter_mut().for_each(|value| *value *= unit);
        field
    }

    /// Number of axes.
    pub fn dimension(&self) -> usize {
        self.axes.len()
    }

    /// Volume of a cell.
    pub fn volume(&self) -> f64 {
        self.axes.iter().map(Axis::width).product()
    }

    /// Centre of the cell with this index.
    pub fn point(&self, index: usize) -> Vec<f64> {
        let first = self.axes[0].cells;
        match self.axes.get(1) {
            None => vec![self.axes[0].centre(index)],
            Some(second) => vec![self.axes[0].centre(index % first), second.centre(index / first)],
        }
    }

    /// ∫ of the field.
    pub fn mass(&self) -> f64 {
        self.values.iter().sum::<f64>() * self.volume()
    }

    /// Divided by its mass.
    pub fn normalized(mut self) -> Self {
        let mass = self.mass();
        self.values.iter_mut().for_each(|value| *value /= mass);
        self
    }

    /// The smallest value.
    pub fn minimum(&self) -> f64 {
        self.values.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The largest value.
    pub fn maximum(&self) -> f64 {
        self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// ∫ φ(x) p(x) dx by the midpoint rule.
    pub fn expectation(&self, function: impl Fn(&[f64]) -> f64) -> f64 {
        let terms = self.values.iter().enumerate().map(|(index, value)| value * function(&self.point(index)));
        terms.sum::<f64>() * self.volume()
    }

    /// ∫ |p − q| dx, for two fields on one grid.
    ///
    /// # Panics
    /// If the grids differ.
    pub fn l1_distance(&self, other: &Self) -> f64 {
        assert_eq!(self.axes, other.axes, "the fields live on different grids");
        self.values.iter().zip(&other.values).map(|(p, q)| (p - q).abs()).sum::<f64>() * self.volume()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_are_exact_for_polynomials_of_degree_five() {
        let axes = [Axis::new(-1.0, 2.0, 7).unwrap(), Axis::new(0.0, 1.0, 3).unwrap()];
        let field = Field::of(&axes, |x| x[0].powi(5) + x[0] * x[1].powi(4));
        // ∫∫ = ∫x⁵ dx + ∫x dx ∫y⁴ dy = 63/6 + 3/2 · 1/5.
        assert!((field.mass() - (10.5 + 0.3)).abs() < 1e-13);
        assert!((field.point(8)[0] - axes[0].centre(1)).abs() < 1e-15);
    }

    #[test]
    fn integrals_along_an_axis_are_exact_for_polynomials_of_degree_five() {
        // ∫ x² y⁵ dy from 1 over a distance of −3, at x = 2: 4 ((−2)⁶ − 1)/6 = 42.
        let integral = integral_along(&[2.0, 1.0], 1, -3.0, |x| x[0].powi(2) * x[1].powi(5));
        assert!((integral - 42.0).abs() < 1e-13);
    }

    #[test]
    fn histograms_are_densities_of_what_falls_inside() {
        let axis = [Axis::new(0.0, 2.0, 4).unwrap()];
        let field = Field::histogram(&axis, [0.1, 0.2, 1.9, 5.0].map(|x| vec![x]));
        assert_eq!(field.values, [1.0, 0.0, 0.0, 0.5]);
    }
}
