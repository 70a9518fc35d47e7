//! Configs are strict: what is wrong is refused by name.

use fokker_process::ProcessConfig;

use crate::cases::defaults;

fn error_of(text: &str) -> String {
    match toml::from_str::<ProcessConfig>(text) {
        Err(error) => error.to_string(),
        Ok(config) => config.build().expect_err(text).to_string(),
    }
}

#[test]
fn every_kind_is_built_under_its_name_and_survives_a_round_trip() {
    for config in defaults() {
        let text = toml::to_string(&config).unwrap();
        assert_eq!(toml::from_str::<ProcessConfig>(&text).unwrap(), config);
        assert!(text.contains(&format!("kind = \"{}\"", config.build().unwrap().name())), "{text}");
        let error = error_of(&format!("{text}\nsigma_midst = 1.0"));
        assert!(error.contains("unknown field `sigma_midst`"), "{error}");
    }
}

#[test]
fn a_kind_alone_is_a_config_and_whole_numbers_are_numbers() {
    let others = ["ornstein_uhlenbeck", "cosine", "linear_path", "trigonometric_path", "ddpm_chain", "ncsn_chain"];
    for kind in ["vp", "ve", "blurred_ve", "edm", "sub_vp", "rve"].into_iter().chain(others) {
        let config: ProcessConfig = toml::from_str(&format!("kind = '{kind}'")).unwrap();
        assert_eq!(config.build().unwrap().name(), kind);
    }
    assert!(toml::from_str::<ProcessConfig>("kind = 'vp'\nhorizon = 2").unwrap().build().is_ok());
    assert!(toml::from_str::<ProcessConfig>("kind = 'linear'\nalpha = [1]\nbeta = [1, 2]").unwrap().build().is_ok());
}

#[test]
fn wrong_parameters_are_refused_by_name_with_what_would_be_right() {
    for (text, parts) in [
        ("kind = 'vpp'", ["unknown process `vpp`", "vp"]),
        ("beta_min = 1.0", ["missing field `kind`", ""]),
        ("kind = 3", ["kind", "expected a string"]),
        ("kind = 'vp'\nbeta_min = 'low'", ["beta_min: invalid type: string", "expected f64"]),
        ("kind = 'vp'\nhorizon = [1.0]", ["horizon: invalid type: sequence", "expected f64"]),
        ("kind = 'vp'\nhorizon = {}", ["horizon: invalid type: map", "expected f64"]),
        ("kind = 'linear'\nalpha = [1.0, true]\nbeta = [1.0]", ["alpha[1]: invalid type: boolean", "expected f64"]),
        ("kind = 'ddpm_chain'\nsteps = -3", ["steps: invalid value: integer `-3`", "usize"]),
        ("kind = 'ddpm_chain'\nsteps = 2.5", ["steps: invalid type: floating point `2.5`", "usize"]),
        ("kind = 'ddpm_chain'\nschedule = 1", ["schedule: expected a string", ""]),
        ("kind = 'linear'\nalpha = [1.0]", ["missing field `beta`", ""]),
        ("kind = 'vp'\nbeta_min = -1.0", ["beta_min = -1", "0 or above"]),
        ("kind = 'vp'\nbeta_min = 30.0", ["beta_min = 30", "at most beta_max = 20"]),
        ("kind = 'vp'\nbeta_max = inf", ["beta_max = inf", "finite"]),
        ("kind = 'vp'\nmin_time = 1.0", ["min_time = 1", "below horizon = 1"]),
        ("kind = 'vp'\nmin_time = 0.0", ["min_time = 0", "above 0"]),
        ("kind = 'vp'\nhorizon = nan", ["horizon = NaN", "above 0"]),
        ("kind = 'sub_vp'\nbeta_max = 0.0", ["beta_max = 0", "above 0"]),
        ("kind = 've'\nsigma_min = -0.5", ["sigma_min = -0.5", "above 0"]),
        ("kind = 've'\nsigma_min = 60.0", ["sigma_min = 60", "below sigma_max = 50"]),
        ("kind = 'edm'\nsigma_max = 0.002", ["sigma_min = 0.002", "below sigma_max = 0.002"]),
        ("kind = 'rve'\nepsilon = 1.5", ["epsilon = 1.5", "below horizon = 1"]),
        ("kind = 'ornstein_uhlenbeck'\nlambda = 0.0", ["lambda = 0", "above 0"]),
        ("kind = 'cosine'\noffset = -0.1", ["offset = -0.1", "0 or above"]),
        ("kind = 'cosine'\nbeta_max = 0.01", ["beta_max = 0.01", "above β(0)"]),
        ("kind = 'linear_path'\nnoise_std = 0.0", ["noise_std = 0", "above 0"]),
        ("kind = 'linear_path'\nhorizon = 2.0", ["unknown field `horizon`", "min_time"]),
        ("kind = 'trigonometric_path'\nmin_time = 1.0", ["min_time = 1", "below horizon = 1"]),
        ("kind = 'linear'\nalpha = []\nbeta = []", ["beta = []", "not zero everywhere"]),
        ("kind = 'linear'\nalpha = []\nbeta = [1.0, -2.0]", ["beta = [1.0, -2.0]", "its minimum is -1"]),
        ("kind = 'linear'\nalpha = [nan]\nbeta = [1.0]", ["alpha[0] = NaN", "finite"]),
        ("kind = 'linear'\nalpha = [1e4]\nbeta = [1.0]", ["mean_scale(horizon) = 0", "above 0"]),
        ("kind = 'ddpm_chain'\nsteps = 0", ["steps = 0", "in 1..="]),
        ("kind = 'ddpm_chain'\nbeta_end = 1.0", ["beta_end = 1", "below 1"]),
        ("kind = 'ddpm_chain'\nbeta_start = 0.5", ["beta_start = 0.5", "at most beta_end = 0.02"]),
        ("kind = 'ddpm_chain'\nschedule = 'squaredcos_cap_v2'\nbeta_end = 0.1", ["beta_end = 0.1", "absent"]),
        ("kind = 'ddpm_chain'\nschedule = 'cosine'", ["unknown variant `cosine`", "squaredcos_cap_v2"]),
        ("kind = 'ncsn_chain'\nsteps = 1", ["steps = 1", "in 2..="]),
        ("kind = 'ncsn_chain'\nmin_time = 2.0", ["min_time = 2", "below horizon = 1"]),
    ] {
        let error = error_of(text);
        assert!(parts.iter().all(|part| error.contains(part)), "{text}\n{error}");
    }
}

#[test]
fn a_rate_that_only_touches_zero_is_allowed() {
    let text = "kind = 'linear'\nalpha = []\nbeta = [0.09, -0.6, 1.0]";
    let process = toml::from_str::<ProcessConfig>(text).unwrap().build().unwrap();
    // ∫(t − 0.3)² = (0.7³ + 0.3³)/3.
    assert!((process.std(1.0).powi(2) - 0.37 / 3.0).abs() < 1e-14);
}
