//! Grids against other libraries and papers.

use std::sync::Arc;

use fokker_process::ProcessConfig;

use super::*;

fn process(kind: &str) -> Arc<dyn Process> {
    ProcessConfig::named(kind).unwrap().build().unwrap()
}

#[test]
fn every_grid_falls_strictly_from_the_horizon_to_the_smallest_time() {
    for kind in ["vp", "ve", "sub_vp", "rve", "edm", "cosine", "linear_path", "trigonometric_path"] {
        let process = process(kind);
        for grid in [TimeGrid::Uniform, TimeGrid::Quadratic, TimeGrid::LogSnr, TimeGrid::Karras { rho: 7.0 }] {
            if grid == TimeGrid::LogSnr && process.reaches_pure_noise() {
                let message = grid.validate(&*process, 37).unwrap_err().to_string();
                assert!(message.contains("log_snr") && message.contains("uniform"), "{message}");
                continue;
            }
            let times = grid.times(&*process, 37);
            assert_eq!(times.len(), 38);
            assert_eq!((times[0], times[37]), (process.horizon(), process.min_time()));
            assert!(times.windows(2).all(|pair| pair[0] > pair[1]), "{kind} {grid:?}: {times:?}");
        }
    }
}

/// Steps of a chain of 1000, from NumPy's formulas in diffusers' schedulers.
#[test]
fn discrete_grids_are_those_of_other_libraries() {
    let process = process("ddpm_chain");
    let knots = |grid: TimeGrid, steps: usize| -> Vec<i64> {
        grid.validate(&*process, steps).unwrap();
        grid.times(&*process, steps).iter().map(|t| (t * 1000.0).round() as i64 - 1).collect()
    };
    let leading = |offset, endpoint| TimeGrid::Leading { train_steps: 1000, offset, endpoint };
    assert_eq!(knots(leading(1, true), 4), [751, 501, 251, 1]);
    assert_eq!(knots(leading(0, false), 4), [800, 600, 400, 200]);
    assert_eq!(knots(TimeGrid::Trailing { train_steps: 1000 }, 6), [999, 832, 666, 499, 332, 166]);
    let linspace = |endpoint| TimeGrid::Linspace { train_steps: 1000, endpoint };
    assert_eq!(knots(linspace(true), 5), [999, 749, 500, 250, 0]);
    assert_eq!(knots(linspace(false), 4), [999, 749, 500, 250]);
    assert!(leading(1, true).validate(&*process, 1000).unwrap_err().to_string().contains("grid"));
    let rising = TimeGrid::Times { values: vec![0.1, 0.2] };
    assert!(rising.validate(&*process, 2).unwrap_err().to_string().contains("fall"));
}

#[test]
fn noise_levels_become_their_times() {
    let process = process("vp");
    let values = vec![10.0, 1.0, 0.1];
    let times = TimeGrid::NoiseLevels { values: values.clone() }.times(&*process, 3);
    for (t, ratio) in times.iter().zip(values) {
        assert!((process.std(*t) / process.mean_scale(*t) / ratio - 1.0).abs() < 1e-12);
    }
}

#[test]
fn edm_process_gives_the_noise_levels_of_karras() {
    let process = process("edm");
    let times = TimeGrid::Karras { rho: 7.0 }.times(&*process, 17);
    for (k, &t) in times.iter().enumerate() {
        let (max, min) = (80f64.powf(1.0 / 7.0), 0.002f64.powf(1.0 / 7.0));
        let sigma = (max + k as f64 / 17.0 * (min - max)).powi(7);
        assert!((t / sigma - 1.0).abs() < 1e-10, "{t} {sigma}");
    }
}

/// Under the straight path the share of the noise is the time itself.
#[test]
fn karras_steps_of_the_linear_path_are_roots_of_its_time() {
    let process = process("linear_path");
    let grid = TimeGrid::Karras { rho: 3.0 };
    for (k, t) in grid.times(&*process, 8).iter().enumerate() {
        let root = 1.0 - k as f64 / 8.0 * 0.9;
        assert!((t / root.powi(3) - 1.0).abs() < 1e-13, "{t}");
    }
    // Noise levels may begin in pure noise.
    let levels = TimeGrid::NoiseLevels { values: vec![f64::INFINITY, 1.0, 0.25] };
    levels.validate(&*process, 3).unwrap();
    assert_eq!(levels.times(&*process, 3), [1.0, 0.5, 0.2]);
}
