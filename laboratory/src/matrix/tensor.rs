//! A diffusion tensor as non-negative diffusions along integer offsets.

use crate::LaboratoryError;

/// Diffusion between every cell and the one at this offset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offset {
    /// Cells along the first axis and along the second; they have no common divisor.
    pub cells: [i64; 2],
    /// ρ ≥ 0, per unit of time.
    pub rate: f64,
}

/// The longest offset. A tensor needs longer ones if its axes lie askew and their lengths differ by more than about the square of
/// this number.
const LONGEST: i64 = 24;

/// Splits a symmetric tensor, in cells squared per unit of time, as D = Σ ρ e eᵀ with ρ > 0 and at most three integer offsets e
/// (Selling's formula; Fehrenbach & Mirebeau 2014).
///
/// Differences along the axes alone have negative rates as soon as the mixed term outweighs a diagonal one, and lose
/// positivity (Motzkin & Wasow 1953): long offsets are the price of it.
///
/// # Errors
/// A tensor that is too thin for offsets up to 24 cells.
pub fn split(tensor: [[f64; 2]; 2]) -> Result<Vec<Offset>, LaboratoryError> {
    let product = |a: [i64; 2], b: [i64; 2]| {
        let [a, b] = [a, b].map(|v| v.map(|entry| entry as f64));
        (0..2).map(|i| (0..2).map(|j| a[i] * tensor[i][j] * b[j]).sum::<f64>()).sum::<f64>()
    };
    let size = tensor[0][0].abs().max(tensor[1][1].abs());
    // Below this a product is rounding, and 0 is what it means.
    let rounding = 1e-14 * size;
    let mut base: [[i64; 2]; 3] = [[1, 0], [0, 1], [-1, -1]];
    loop {
        let acute = [(0, 1, 2), (1, 2, 0), (2, 0, 1)].into_iter().find(|&(i, j, _)| {
            let longest = base[i].iter().chain(&base[j]).map(|v| v.abs()).max().unwrap_or(0);
            product(base[i], base[j]) > rounding * (longest * longest) as f64
        });
        let Some((i, j, k)) = acute else { break };
        // Three vectors that sum to zero; each such step lowers the sum of their lengths in the norm of the tensor.
        base[k] = [base[i][0] - base[j][0], base[i][1] - base[j][1]];
        base[i] = base[i].map(|v| -v);
        if base.iter().flatten().any(|v| v.abs() > LONGEST) {
            let [[a, b], [_, d]] = tensor;
            let expected = format!(
                "less thin: its axes lie askew to the grid and differ so much that offsets of {LONGEST} cells do not reach. \
                 Use cells of another shape, or more noise in the direction that has least"
            );
            return Err(LaboratoryError::value(
                "the diffusion tensor",
                format!("({a:.3e}, {b:.3e}; {d:.3e})"),
                expected,
            ));
        }
    }
    let offsets = [(0, 1, 2), (1, 2, 0), (2, 0, 1)]
        .map(|(i, j, k)| Offset { cells: [-base[k][1], base[k][0]], rate: -product(base[i], base[j]) });
    Ok(offsets.into_iter().filter(|offset| offset.rate > rounding).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(offsets: &[Offset]) -> [[f64; 2]; 2] {
        let mut sum = [[0.0; 2]; 2];
        for Offset { cells, rate } in offsets {
            for i in 0..2 {
                for j in 0..2 {
                    sum[i][j] += rate * (cells[i] * cells[j]) as f64;
                }
            }
        }
        sum
    }

    #[test]
    fn tensors_are_sums_of_positive_diffusions() {
        let mut longest = 0;
        for k in 0..200 {
            let (angle, thin) = (f64::from(k) * 0.1, 10f64.powf(-f64::from(k % 5) / 2.0));
            let (c, s) = (angle.cos(), angle.sin());
            let tensor = [[c * c + thin * s * s, (1.0 - thin) * c * s], [(1.0 - thin) * c * s, s * s + thin * c * c]];
            let offsets = split(tensor).unwrap();
            assert!(offsets.len() <= 3 && offsets.iter().all(|offset| offset.rate > 0.0));
            longest = offsets.iter().flat_map(|offset| offset.cells).map(i64::abs).fold(longest, i64::max);
            for (found, exact) in sum(&offsets).iter().flatten().zip(tensor.iter().flatten()) {
                assert!((found - exact).abs() < 1e-13, "{tensor:?} {offsets:?}");
            }
        }
        assert!((4..=12).contains(&longest), "{longest}");
    }

    #[test]
    fn noise_in_one_direction_needs_one_offset() {
        assert_eq!(split([[0.0, 0.0], [0.0, 2.0]]).unwrap(), [Offset { cells: [0, 1], rate: 2.0 }]);
        assert_eq!(split([[1.0, 2.0], [2.0, 4.0]]).unwrap().len(), 1);
        assert_eq!(split([[0.0; 2]; 2]).unwrap(), []);
    }

    #[test]
    fn tensors_that_are_too_thin_are_refused() {
        let slope = 2f64.sqrt();
        let message = split([[1.0, slope], [slope, 2.0]]).unwrap_err().to_string();
        assert!(message.starts_with("the diffusion tensor = (1.000e0, 1.414e0; 2.000e0)"), "{message}");
    }
}
