//! Between two noises.

/// The point at a share of the way from `a` to `b` on the arc between them (Shoemake 1985),
///
/// ```text
/// sin((1 − u) θ)/sin θ a + sin(u θ)/sin θ b,      θ the angle between a and b.
/// ```
///
/// Of two independent normal vectors of high dimension it is one: they are nearly orthogonal, and the squares of the factors then
/// add up to 1. A straight line would pass through vectors that are too short. Where `sin θ` is 0 the arc is the straight line.
///
/// ```
/// use fokker_sampling::slerp;
///
/// let (a, b) = ([1.0, 0.0], [0.0, 2.0]);
/// assert_eq!((slerp(&a, &b, 0.0), slerp(&a, &b, 1.0)), (a.to_vec(), b.to_vec()));
/// let middle = slerp(&a, &b, 0.5);
/// assert!((middle[0] - 0.5f32.sqrt()).abs() < 1e-6 && (middle[1] - 2f32.sqrt()).abs() < 1e-6);
/// ```
///
/// # Shapes
/// `a`, `b`: as many numbers → as many
pub fn slerp(a: &[f32], b: &[f32], share: f64) -> Vec<f32> {
    if share == 0.0 || share == 1.0 {
        return if share == 0.0 { a.to_vec() } else { b.to_vec() };
    }
    let angle = angle(a, b);
    let sine = angle.sin();
    // Below this the quotients lose the digits of single precision.
    let (of_a, of_b) = match sine > 1e-6 {
        true => (((1.0 - share) * angle).sin() / sine, (share * angle).sin() / sine),
        false => (1.0 - share, share),
    };
    a.iter().zip(b).map(|(&a, &b)| (of_a * f64::from(a) + of_b * f64::from(b)) as f32).collect()
}

/// The angle between two vectors in radians, from 0 to π; 0 if one of them is 0.
pub fn angle(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths == 0.0 { 0.0 } else { (dot(a, b) / lengths).clamp(-1.0, 1.0).acos() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arc_keeps_the_length_and_has_its_ends() {
        let (a, b) = ([3.0f32, 0.0, 4.0], [0.0f32, -5.0, 0.0]);
        for k in 0..=10 {
            let point = slerp(&a, &b, f64::from(k) / 10.0);
            let length = point.iter().map(|x| x * x).sum::<f32>().sqrt();
            assert!((length - 5.0).abs() < 1e-5, "{k}: {length}");
            // A tenth of the right angle for each step.
            let degrees = angle(&a, &point).to_degrees();
            assert!((degrees - 9.0 * f64::from(k)).abs() < 1e-3, "{k}: {degrees}");
        }
        assert_eq!((slerp(&a, &b, 0.0), slerp(&a, &b, 1.0)), (a.to_vec(), b.to_vec()));
    }

    #[test]
    fn what_has_no_arc_has_a_line() {
        let (a, b) = ([1.0f32, 2.0], [2.0f32, 4.0]);
        assert_eq!(slerp(&a, &b, 0.25), [1.25, 2.5]);
        assert_eq!(slerp(&a, &[0.0, 0.0], 0.5), [0.5, 1.0]);
        let opposite = [-1.0f32, -2.0];
        assert!((angle(&a, &opposite) - std::f64::consts::PI).abs() < 1e-6);
        assert!(slerp(&a, &opposite, 0.5).iter().all(|x| x.is_finite()));
    }
}
