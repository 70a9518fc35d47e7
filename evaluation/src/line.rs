//! Distances between laws on a line.

/// Numbers in rising order, with the places that they had.
pub(crate) struct Sorted {
    values: Vec<f64>,
    places: Vec<usize>,
}

impl Sorted {
    /// Sorts.
    pub(crate) fn new(values: &[f64]) -> Self {
        let mut places: Vec<usize> = (0..values.len()).collect();
        places.sort_unstable_by(|&i, &j| values[i].total_cmp(&values[j]));
        Self { values: places.iter().map(|&place| values[place]).collect(), places }
    }

    /// Those that are in a mask, still in order.
    pub(crate) fn within(&self, mask: &[bool]) -> Vec<f64> {
        self.values.iter().zip(&self.places).filter(|(_, place)| mask[**place]).map(|(value, _)| *value).collect()
    }
}

/// `∫₀¹ |F⁻¹(u) − G⁻¹(u)|^power du` of two empirical laws, given in order: the power of the Wasserstein distance.
pub(crate) fn wasserstein(one: &[f64], other: &[f64], power: i32) -> f64 {
    let (n, m) = (one.len(), other.len());
    // Both quantile functions are constant between the points i/n and j/m; the widths are whole numbers of 1/(nm).
    let (mut i, mut j, mut at, mut sum) = (0, 0, 0, 0.0);
    while i < n && j < m {
        let (end_i, end_j) = ((i + 1) * m, (j + 1) * n);
        let end = end_i.min(end_j);
        sum += (end - at) as f64 * (one[i] - other[j]).abs().powi(power);
        at = end;
        i += usize::from(end == end_i);
        j += usize::from(end == end_j);
    }
    sum / (n as f64 * m as f64)
}

/// `sup |F − G|` of two empirical laws, given in order: the statistic of Kolmogorov and Smirnov.
pub(crate) fn kolmogorov_smirnov(one: &[f64], other: &[f64]) -> f64 {
    let (n, m) = (one.len(), other.len());
    let (mut i, mut j, mut largest) = (0, 0, 0.0f64);
    while i < n && j < m {
        let at = one[i].min(other[j]);
        // Past all that are equal: the distribution functions jump at once.
        while i < n && one[i] <= at {
            i += 1;
        }
        while j < m && other[j] <= at {
            j += 1;
        }
        largest = largest.max((i as f64 / n as f64 - j as f64 / m as f64).abs());
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laws_with_few_points_have_the_distances_one_counts_by_hand() {
        // A shift by 2 costs 2 everywhere.
        assert_eq!(wasserstein(&[0.0, 1.0, 5.0], &[2.0, 3.0, 7.0], 1), 2.0);
        assert_eq!(wasserstein(&[0.0, 1.0, 5.0], &[2.0, 3.0, 7.0], 2), 4.0);
        // Half of the point at 0 goes to 1, half to 3.
        assert_eq!(wasserstein(&[0.0], &[1.0, 3.0], 1), 2.0);
        assert_eq!(wasserstein(&[0.0], &[1.0, 3.0], 2), 5.0);
        assert_eq!(kolmogorov_smirnov(&[0.0, 1.0], &[0.0, 0.0, 1.0, 1.0]), 0.0);
        assert_eq!(kolmogorov_smirnov(&[0.0, 0.0, 1.0, 2.0], &[0.0, 5.0]), 0.5);
        assert_eq!(kolmogorov_smirnov(&[0.0], &[1.0, 3.0]), 1.0);
    }
}
