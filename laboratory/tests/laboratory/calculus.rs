//! Brownian motion and Itô's calculus: what the theorems say of paths and of laws.

use fokker_laboratory::paths::{
    BrownianPath, GeometricBrownian, ItoFormula, Observable, RandomWalk, TimeVaryingPath, WalkStep, covariation,
    first_variation, integral_against, ito_integral, largest_increment, maximum_of_signs, quadratic_variation,
    quantile_of_largest_increment, variance_of_sum,
};

use crate::support::{Mean, kolmogorov_distance, normal_cdf, order};

#[test]
fn the_maximum_of_a_walk_of_signs_tends_to_that_of_brownian_motion() {
    // Both laws exactly: 2Φ(a) − 1 against the reflection principle for the walk. A lattice of spacing 2/√n is that far.
    let distance = |steps: usize| {
        let (mut below, mut most) = (0.0, 0.0f64);
        for (k, mass) in maximum_of_signs(steps).into_iter().enumerate() {
            let limit = 2.0 * normal_cdf(k as f64 / (steps as f64).sqrt()) - 1.0;
            most = most.max((below - limit).abs()).max((below + mass - limit).abs());
            below += mass;
        }
        assert!((below - 1.0).abs() < 1e-10);
        most
    };
    let steps = [64, 256, 1024, 4096];
    let distances = steps.map(distance);
    let order = order(&steps.map(|n| 1.0 / n as f64), &distances);
    assert!((order - 0.5).abs() < 0.02 && distances[3] < 0.02, "{order}: {distances:?}");
}

#[test]
fn skewed_walks_have_the_covariance_and_the_maximum_of_brownian_motion() {
    let (walks, steps) = (4000, 1024);
    let drawn: Vec<RandomWalk> =
        (0..walks).map(|i| RandomWalk::new(1, i, steps, WalkStep::CentredExponential)).collect();
    for (s, t) in [(0.25, 0.25), (0.25, 0.75), (0.5, 1.0), (1.0, 1.0)] {
        let product = Mean::of(drawn.iter().map(|walk| walk.at(s) * walk.at(t)));
        product.expect(f64::min(s, t), 0.0, "covariance");
    }
    let maxima = drawn.iter().map(RandomWalk::maximum).collect();
    let distance = kolmogorov_distance(maxima, |a| if a < 0.0 { 0.0 } else { 2.0 * normal_cdf(a) - 1.0 });
    // 1.95/√N is exceeded by chance once in a thousand. A walk passes a level by an overshoot that is exponential here, of mean
    // 1/√n; the density of the maximum is √(2/π) at most.
    let allowed = 1.95 / (walks as f64).sqrt() + 0.8 / (steps as f64).sqrt();
    assert!(distance < allowed, "{distance} {allowed}");
    // A walk of sixteen steps is not there yet.
    let short = (0..walks).map(|i| RandomWalk::new(1, i, 16, WalkStep::Sign).maximum()).collect();
    let far = kolmogorov_distance(short, |a| if a < 0.0 { 0.0 } else { 2.0 * normal_cdf(a) - 1.0 });
    assert!(far > 2.0 * allowed, "{far}");
}

#[test]
fn martingales_do_not_grow_whatever_is_known_of_the_past() {
    // E (M_t − M_s) φ = 0 for every φ of the path up to s.
    type Process = fn(f64, f64) -> f64;
    let martingales: [Process; 3] = [|b, _| b, |b, t| b * b - t, |b, t| (0.7 * b - 0.5 * 0.49 * t).exp()];
    let pasts: [fn(&[f64]) -> f64; 4] = [
        |_| 1.0,
        |past| past[past.len() - 1].signum(),
        |past| past.iter().copied().fold(0.0, f64::max),
        |past| if past.iter().sum::<f64>() > 0.0 { 1.0 } else { 0.0 },
    ];
    let paths: Vec<Vec<f64>> = (0..6000).map(|i| BrownianPath::new(2, i, 1, 1.5, 48).values(0)).collect();
    let (at, end) = (16, 48);
    let time = |k: usize| 1.5 * k as f64 / 48.0;
    let grown = |process: Process, past: fn(&[f64]) -> f64| {
        Mean::of(paths.iter().map(|b| (process(b[end], time(end)) - process(b[at], time(at))) * past(&b[..=at])))
    };
    for past in pasts {
        for martingale in martingales {
            grown(martingale, past).expect(0.0, 0.0, "a martingale");
        }
        // B² is none: it grows by t − s, times E φ.
        let weight = Mean::of(paths.iter().map(|b| past(&b[..=at])));
        let square = grown(|b, _| b * b, past);
        let growth = (time(end) - time(at)) * weight.mean;
        assert!((square.mean - growth).abs() < 5.0 * (square.error + weight.error));
    }
    let square = grown(|b, _| b * b, pasts[0]);
    assert!(square.mean > 20.0 * square.error);
}

#[test]
fn paths_are_hoelder_below_one_half_and_not_above() {
    let mut path = BrownianPath::new(3, 0, 1, 1.0, 16);
    let (mut steps, mut largest, mut levelled) = (vec![], vec![], vec![]);
    while path.steps() <= 1 << 16 {
        let (n, values) = (path.steps(), path.values(0));
        let h = 1.0 / n as f64;
        let most = largest_increment(&values);
        // The law of the largest of n increments: 13 levels, each outside with probability 2e-4.
        let range = [1e-4, 1.0 - 1e-4].map(|p| quantile_of_largest_increment(h, n, p));
        assert!(range[0] < most && most < range[1], "{n}: {most} {range:?}");
        // Σ|ΔB|: mean √(2n/π), deviation √(1 − 2/π); Σ ΔB² → 1, deviation √(2/n).
        let variation = first_variation(&values);
        let mean = (2.0 * n as f64 / std::f64::consts::PI).sqrt();
        assert!((variation - mean).abs() < 5.0 * (1.0 - 2.0 / std::f64::consts::PI).sqrt(), "{n}: {variation} {mean}");
        assert!((quadratic_variation(&values)[n] - 1.0).abs() < 5.0 * (2.0 / n as f64).sqrt());
        steps.push(h);
        largest.push(most);
        levelled.push(most / (2.0 * (n as f64).ln()).sqrt());
        path = path.refine();
    }
    // A smooth path has a first variation, and so no quadratic one [Aamari 2025, Remark 1.15]: ∫|F′| = 4 and max|ΔF| = O(h).
    let smooth: Vec<f64> = (0..=4096).map(|k| (2.0 * std::f64::consts::PI * f64::from(k) / 4096.0).sin()).collect();
    assert!((first_variation(&smooth) - 4.0).abs() < 1e-5);
    assert!(quadratic_variation(&smooth)[4096] <= first_variation(&smooth) * largest_increment(&smooth));
    assert!(largest_increment(&smooth) < 2e-3);
    // Without Lévy's logarithm the exponent is ½; the largest of n has a spread of a tenth of itself at most.
    let exponent = order(&steps, &levelled);
    assert!((exponent - 0.5).abs() < 0.04, "{exponent}");
    let quotient = |gamma: f64, k: usize| largest[k] / steps[k].powf(gamma);
    let last = steps.len() - 1;
    // Over 4096 times shorter steps: h^{0.2} and h^{−0.1} times √ln, which doubles.
    assert!(quotient(0.3, last) < 0.6 * quotient(0.3, 0), "{} {}", quotient(0.3, 0), quotient(0.3, last));
    assert!(quotient(0.6, last) > 3.0 * quotient(0.6, 0), "{} {}", quotient(0.6, 0), quotient(0.6, last));
}

#[test]
fn the_integral_is_linear_centred_and_an_isometry() {
    // X = cos B and Y = B² at the left ends: E X² = (1 + e^{−2t})/2, E Y² = 3t², E XY = (t − t²) e^{−t/2}.
    let moments: [fn(f64) -> f64; 3] =
        [|t| 0.5 * (1.0 + (-2.0 * t).exp()), |t| 3.0 * t * t, |t| (t - t * t) * (-0.5 * t).exp()];
    for (steps, count) in [(8, 20_000), (128, 4000)] {
        let integrals: Vec<(f64, f64)> = (0..count)
            .map(|i| {
                let path = BrownianPath::new(4, i, 1, 1.0, steps);
                let b = path.values(0);
                let (x, y): (Vec<f64>, Vec<f64>) = b.iter().map(|b| (b.cos(), b * b)).unzip();
                let both: Vec<f64> = x.iter().zip(&y).map(|(x, y)| 2.0 * x - 3.0 * y).collect();
                let of = |values: &[f64]| ito_integral(values, &path, 0)[steps];
                assert!((of(&both) - 2.0 * of(&x) + 3.0 * of(&y)).abs() < 1e-11);
                assert!((of(&x) - integral_against(&x, &b)).abs() < 1e-11);
                (of(&x), of(&y))
            })
            .collect();
        Mean::of(integrals.iter().map(|i| i.0)).expect(0.0, 0.0, "∫cos B dB");
        Mean::of(integrals.iter().map(|i| i.1)).expect(0.0, 0.0, "∫B² dB");
        let products: [fn(f64, f64) -> f64; 3] = [|x, _| x * x, |_, y| y * y, |x, y| x * y];
        for (product, moment) in products.into_iter().zip(moments) {
            // Exactly the sum at the left ends, at any number of steps.
            let h = 1.0 / steps as f64;
            let exact: f64 = (0..steps).map(|k| moment(k as f64 * h) * h).sum();
            Mean::of(integrals.iter().map(|i| product(i.0, i.1))).expect(exact, 0.0, "isometry");
        }
    }
}

#[test]
fn integrals_of_deterministic_functions_are_gaussian() {
    let f = |t: f64| (3.0 * t).sin() + 0.5;
    // ∫₀² (sin 3t + ½)² dt.
    let exact = 1.0 - 12f64.sin() / 12.0 + (1.0 - 6f64.cos()) / 3.0 + 0.5;
    let steps = [32, 64, 128, 256];
    let errors = steps.map(|n| (variance_of_sum(f, 2.0, n) - exact).abs());
    let order = order(&steps.map(|n| 1.0 / n as f64), &errors);
    assert!((order - 1.0).abs() < 0.1, "{order}: {errors:?}");
    let (count, n) = (10_000, 64);
    let integrand: Vec<f64> = (0..n).map(|k| f(2.0 * k as f64 / n as f64)).collect();
    let deviation = variance_of_sum(f, 2.0, n).sqrt();
    let drawn: Vec<f64> =
        (0..count).map(|i| ito_integral(&integrand, &BrownianPath::new(5, i, 1, 2.0, n), 0)[n] / deviation).collect();
    Mean::of(drawn.iter().map(|z| z * z)).expect(1.0, 0.0, "variance");
    let distance = kolmogorov_distance(drawn, normal_cdf);
    assert!(distance < 1.95 / (count as f64).sqrt(), "{distance}");
}

#[test]
fn the_product_rule_leaves_the_covariation() {
    let (mut apart, mut smooth, mut sizes) = (vec![], vec![], vec![]);
    for n in [64usize, 256, 1024] {
        let (mut crossed, mut by_parts) = (0.0, 0.0);
        let paths = 400;
        for i in 0..paths {
            let path = BrownianPath::new(6, i, 2, 1.0, n);
            let (x, y) = (path.values(0), path.values(1));
            let left = covariation(&x, &y);
            let rule = x[n] * y[n] - integral_against(&x, &y) - integral_against(&y, &x);
            assert!((rule - left).abs() < 1e-11, "summation by parts is exact");
            crossed += left.abs() / paths as f64;
            // ∫f dB = f_T B_T − ∫B df.
            let f: Vec<f64> = (0..=n).map(|k| (2.0 * k as f64 / n as f64).cos()).collect();
            let parts = f[n] * x[n] - integral_against(&x, &f);
            by_parts += (ito_integral(&f, &path, 0)[n] - parts).abs() / paths as f64;
            // For X = Y = B it is T.
            assert!((covariation(&x, &x) - 1.0).abs() < 5.0 * (2.0 / n as f64).sqrt());
        }
        // Independent paths: Σ ΔX ΔY ~ N(0, T²/n), so E|…| = √(2/πn); five standard errors of 400.
        let expected = (2.0 / std::f64::consts::PI / n as f64).sqrt();
        assert!((crossed / expected - 1.0).abs() < 5.0 * 0.756 / 20.0, "{n}: {crossed} {expected}");
        apart.push(crossed);
        smooth.push(by_parts);
        sizes.push(1.0 / n as f64);
    }
    // Each mean is known to 4 %, so the slope over a factor of 16 to 0.02, five times.
    assert!((order(&sizes, &apart) - 0.5).abs() < 0.1 && (order(&sizes, &smooth) - 1.0).abs() < 0.1);
}

/// ln x, whatever y is.
struct Logarithm;

impl Observable for Logarithm {
    fn value(&self, x: &[f64], _: f64) -> f64 {
        x[0].ln()
    }

    fn time_derivative(&self, _: &[f64], _: f64) -> f64 {
        0.0
    }

    fn slope(&self, x: &[f64], _: f64, i: usize) -> f64 {
        if i == 0 { 1.0 / x[0] } else { 0.0 }
    }

    fn curvature(&self, x: &[f64], _: f64, i: usize, j: usize) -> f64 {
        if (i, j) == (0, 0) { -1.0 / (x[0] * x[0]) } else { 0.0 }
    }
}

/// e^{−t} x sin y.
struct Mixed;

impl Observable for Mixed {
    fn value(&self, x: &[f64], t: f64) -> f64 {
        (-t).exp() * x[0] * x[1].sin()
    }

    fn time_derivative(&self, x: &[f64], t: f64) -> f64 {
        -self.value(x, t)
    }

    fn slope(&self, x: &[f64], t: f64, i: usize) -> f64 {
        (-t).exp() * if i == 0 { x[1].sin() } else { x[0] * x[1].cos() }
    }

    fn curvature(&self, x: &[f64], t: f64, i: usize, j: usize) -> f64 {
        match (i, j) {
            (0, 0) => 0.0,
            (1, 1) => -self.value(x, t),
            _ => (-t).exp() * x[1].cos(),
        }
    }
}

/// ½ x².
struct HalfSquare;

impl Observable for HalfSquare {
    fn value(&self, x: &[f64], _: f64) -> f64 {
        0.5 * x[0] * x[0]
    }

    fn time_derivative(&self, _: &[f64], _: f64) -> f64 {
        0.0
    }

    fn slope(&self, x: &[f64], _: f64, _: usize) -> f64 {
        x[0]
    }

    fn curvature(&self, _: &[f64], _: f64, _: usize, _: usize) -> f64 {
        1.0
    }
}

const STOCK: GeometricBrownian = GeometricBrownian { growth: 0.3, volatility: 0.6 };

/// (X, B): the stock price in closed form and its own Brownian motion, so that ⟨X, B⟩ is not 0.
fn stock_and_noise(path: &BrownianPath) -> Vec<Vec<f64>> {
    let h = path.horizon() / path.steps() as f64;
    let values = path.values(0);
    values.iter().enumerate().map(|(k, b)| vec![STOCK.solution(1.0, k as f64 * h, *b), *b]).collect()
}

fn full(x: &[f64], _: f64, i: usize, j: usize) -> f64 {
    let b = [STOCK.volatility * x[0], 1.0];
    b[i] * b[j]
}

/// Mean size of the remainders at 16, 32, … steps: with b bᵀ dt, with the path's squares, without any correction, and
/// without the mixed second derivatives.
fn remainders(observable: &dyn Observable) -> Vec<[f64; 4]> {
    let (paths, levels) = (400, 5);
    let mut means = vec![[0.0; 4]; levels];
    for i in 0..paths {
        let mut path = BrownianPath::new(7, i, 1, 1.0, 16);
        for row in &mut means {
            let states = stock_and_noise(&path);
            let formula = ItoFormula::along(observable, &states, 1.0, full);
            let diagonal =
                ItoFormula::along(observable, &states, 1.0, |x, t, i, j| if i == j { full(x, t, i, j) } else { 0.0 });
            let sizes = [
                formula.remainder(),
                formula.remainder_of_path(),
                formula.remainder_without_correction(),
                diagonal.remainder(),
            ];
            row.iter_mut().zip(sizes).for_each(|(sum, size)| *sum += size.abs() / paths as f64);
            path = path.refine();
        }
    }
    means
}

#[test]
fn itos_formula_holds_along_paths_with_the_order_of_each_form() {
    let observables: [&dyn Observable; 2] = [&Logarithm, &Mixed];
    let steps: Vec<f64> = (0..5).map(|level| 1.0 / f64::from(16 << level)).collect();
    for (k, observable) in observables.into_iter().enumerate() {
        let rows = remainders(observable);
        let curve = |column: usize| rows.iter().map(|row| row[column]).collect::<Vec<f64>>();
        // 400 paths know each mean to 4 %, and the levels share their paths.
        let orders = [order(&steps, &curve(0)), order(&steps, &curve(1))];
        assert!((orders[0] - 0.5).abs() < 0.1 && (orders[1] - 1.0).abs() < 0.1, "{k}: {orders:?}");
        // The chain rule of smooth paths never comes closer.
        let smooth = curve(2);
        assert!(smooth[4] > 0.9 * smooth[0] && smooth[4] > 5.0 * rows[4][0], "{k}: {smooth:?}");
        // Nor does the formula without its mixed derivatives, where there are any.
        let diagonal = curve(3);
        assert_eq!(diagonal[4] > 5.0 * rows[4][0], k == 1, "{diagonal:?}");
    }
    // ln X: the correction is −½σ²T at every step and on every path.
    let states = stock_and_noise(&BrownianPath::new(7, 0, 1, 1.0, 32));
    let formula = ItoFormula::along(&Logarithm, &states, 1.0, full);
    assert!((formula.correction + 0.18).abs() < 1e-14, "{}", formula.correction);
}

#[test]
fn the_integral_of_brownian_motion_follows_from_itos_formula() {
    // Φ = ½x² has no third derivative: with the path's own squares nothing is left over, and the correction is ½T.
    let path = BrownianPath::new(8, 0, 1, 2.0, 100);
    let states: Vec<Vec<f64>> = path.values(0).into_iter().map(|b| vec![b]).collect();
    let formula = ItoFormula::along(&HalfSquare, &states, 2.0, |_, _, _, _| 1.0);
    assert!(formula.remainder_of_path().abs() < 1e-13 && (formula.correction - 1.0).abs() < 1e-13);
    let b = path.values(0);
    let integral = ito_integral(&b, &path, 0)[100];
    assert!((formula.chain_rule - integral).abs() < 1e-13);
    assert!((formula.remainder() - (0.5 * b[100] * b[100] - 1.0 - integral)).abs() < 1e-13);
}

#[test]
fn the_variance_of_a_linear_equation_solves_its_equation_and_not_the_printed_one() {
    // [SDE tutorial, eq. 5.1.1]: Σ′ = −σ(t) Σ + σ(t), printed with Σ(0) on the right; σ(t) = 0.5 + 2t and Σ(0) = 3.
    let (sigma, start, steps) = (|t: f64| 0.5 + 2.0 * t, 3.0, 200);
    let h = 1.0 / f64::from(steps);
    let solve = |slope: &dyn Fn(f64, f64) -> f64| {
        (0..steps).fold(start, |v, k| {
            let t = f64::from(k) * h;
            let a = slope(t, v);
            let b = slope(t + 0.5 * h, v + 0.5 * h * a);
            let c = slope(t + 0.5 * h, v + 0.5 * h * b);
            let d = slope(t + h, v + h * c);
            v + h / 6.0 * (a + 2.0 * b + 2.0 * c + d)
        })
    };
    // Eq. 5.1.9: 1 + (Σ(0) − 1) e^{−∫σ} with ∫σ = 1.5; Runge–Kutta to h⁴.
    let exact = 1.0 + 2.0 * (-1.5f64).exp();
    assert!((solve(&|t, v| sigma(t) * (1.0 - v)) - exact).abs() < 1e-9);
    // As printed it would fall to Σ(0) + 1.5 (1 − Σ(0)) = 0.
    assert!(solve(&|t, _| sigma(t) * (1.0 - start)).abs() < 1e-9);
    // The same by the closed form of the paths with λ = σ/2 and noise σ, and the part that the start leaves.
    let path = TimeVaryingPath { lambda: |t: f64| 0.5 * sigma(t), sigma: |t: f64| (0.5 * sigma(t)).sqrt() };
    let (scale, variance) = path.moments(1.0, 1.0, 100);
    assert!((scale * scale * start + variance - exact).abs() < 1e-9);
}
