//! `fokker lab condition`.

use clap::Args;
use fokker::Error;
use fokker::laboratory::check;
use fokker::laboratory::stochastic::Condition;
use serde_json::json;

use super::input;
use crate::results::print_result;

/// Whether the density equation with noise is well-posed: f − g²/2c ≥ 0 on [0, T]: [Seo, Theorem 1.1]
#[derive(Args)]
pub struct ConditionOf {
    /// The process: a kind such as vp, or TOML such as 'kind = "linear", alpha = [1.2], beta = [1.6]'
    #[arg(long, default_value = "vp")]
    process: String,
    /// c of the weight e^{|x|²/2c}, in squared data units
    #[arg(long, default_value_t = 1.0, allow_hyphen_values = true)]
    c: f64,
}

impl ConditionOf {
    /// Prints the verdict.
    pub fn run(self) -> Result<(), Error> {
        check::positive("--c", self.c)?;
        let (_, process) = input::process(&self.process)?;
        let condition = Condition::of(&*process);
        let verdict = condition.verdict(self.c).to_string();
        let object = json!({ "c": self.c, "verdict": verdict, "smallest_c": condition.smallest_c, "at": condition.at });
        print_result(object, || match condition.smallest_c {
            None => format!("{verdict}\n"),
            Some(smallest) => format!(
                "{verdict}\nsmallest admissible c: {smallest:.12} (attained at t = {:.6}); there is no largest\n\
                 largest admissible weight: exp({:.12} |x|²)\n",
                condition.at,
                0.5 / smallest
            ),
        });
        Ok(())
    }
}
