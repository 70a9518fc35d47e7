//! What holds at the two ends of time.

use crate::Process;

pub(super) fn check(process: &dyn Process) -> Result<(), String> {
    let (min_time, horizon) = (process.min_time(), process.horizon());
    if !(min_time > 0.0 && min_time < horizon && horizon.is_finite()) {
        return Err(format!("min_time = {min_time} and horizon = {horizon}; expected 0 < min_time < horizon < ∞"));
    }
    let is = |what: &str, found: f64, expected: f64| {
        if found == expected { Ok(()) } else { Err(format!("{what} = {found}; expected {expected}")) }
    };
    is("mean_scale(0)", process.mean_scale(0.0), 1.0)?;
    is("std(0)", process.std(0.0), 0.0)?;
    is("log_snr(0)", process.log_snr(0.0), f64::INFINITY)?;
    is("time_of_log_snr(∞)", process.time_of_log_snr(f64::INFINITY), 0.0)?;
    is("time_of_log_snr(−∞)", process.time_of_log_snr(f64::NEG_INFINITY), horizon)?;
    let beyond = process.log_snr(horizon) - 1e3;
    is(&format!("time_of_log_snr({beyond})"), process.time_of_log_snr(beyond), horizon)?;
    if !process.time_of_log_snr(f64::NAN).is_nan() {
        return Err("time_of_log_snr(NaN) is a number; expected NaN".into());
    }
    if process.prior_std() > 0.0 && process.prior_std().is_finite() {
        return Ok(());
    }
    Err(format!("prior_std = {}; expected a finite number above 0", process.prior_std()))
}
