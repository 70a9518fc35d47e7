//! The cells of Table 1.

use fokker::Error;
use fokker::RunConfig;

use super::Reproduction;

/// A process of [Lai 2023, Appx. A].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sde {
    /// Variance exploding.
    Ve,
    /// Variance preserving.
    Vp,
    /// Reciprocal variance exploding.
    Rve,
}

/// The weighting `λ` of the denoising loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lambda {
    /// `σ²`, with uniform times (Song et al. 2021).
    Sigma2,
    /// `g²`, with times drawn accordingly (Song et al. 2021b).
    Likelihood,
}

/// A process, a weighting, a weight of the regulariser, and a seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// The process.
    pub sde: Sde,
    /// `λ`
    pub lambda: Lambda,
    /// `γ`
    pub gamma: f64,
    /// Seed of the run.
    pub seed: u64,
}

/// A row of the table.
pub type Row = (Sde, Lambda);

/// Table 1 as it is printed, in bits per dimension: `[process][weighting][γ]`.
#[allow(clippy::approx_constant, reason = "3.14 bits/dim")]
const PRINTED: [[[f64; 5]; 2]; 3] = [
    [[3.86, 3.63, 3.66, 3.28, 3.37], [3.63, 3.94, 3.53, 3.20, 3.23]],
    [[2.95, 3.06, 3.09, 2.91, 3.34], [3.11, 3.14, 3.04, 3.28, 3.28]],
    [[3.45, 3.68, 3.77, 3.57, 3.13], [3.62, 3.78, 3.49, 3.16, 3.36]],
];

impl Sde {
    /// All of them, in the table's order.
    pub const ALL: [Self; 3] = [Self::Ve, Self::Vp, Self::Rve];

    /// Its abbreviation.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ve => "VE",
            Self::Vp => "VP",
            Self::Rve => "RVE",
        }
    }

    /// Its configuration.
    fn recipe(self) -> &'static str {
        match self {
            Self::Ve => "score_fpe_ve",
            Self::Vp => "score_fpe_vp",
            Self::Rve => "score_fpe_rve",
        }
    }
}

impl Lambda {
    /// Both, in the table's order.
    pub const ALL: [Self; 2] = [Self::Sigma2, Self::Likelihood];

    /// Its name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sigma2 => "sigma2",
            Self::Likelihood => "likelihood",
        }
    }

    /// The paper it is from, as the table names it.
    pub fn source(self) -> &'static str {
        match self {
            Self::Sigma2 => "SSDK+20",
            Self::Likelihood => "SDME21",
        }
    }

    /// The law of the times that goes with it.
    fn time(self) -> &'static str {
        match self {
            Self::Sigma2 => "uniform",
            Self::Likelihood => "importance",
        }
    }
}

impl Cell {
    /// The weights of the table.
    pub const GAMMAS: [f64; 5] = [0.0, 0.01, 0.1, 1.0, 10.0];

    /// All rows, in the table's order.
    pub const ROWS: [Row; 6] = [
        (Sde::Ve, Lambda::Sigma2),
        (Sde::Ve, Lambda::Likelihood),
        (Sde::Vp, Lambda::Sigma2),
        (Sde::Vp, Lambda::Likelihood),
        (Sde::Rve, Lambda::Sigma2),
        (Sde::Rve, Lambda::Likelihood),
    ];

    /// The cells of these rows with these weights, row by row: the whole table with the first seed, then with the next one.
    pub fn all(rows: &[Row], gammas: &[f64], seeds: &[u64]) -> Vec<Self> {
        let row = |seed, (sde, lambda)| gammas.iter().map(move |&gamma| Self { sde, lambda, gamma, seed });
        seeds.iter().flat_map(|&seed| rows.iter().flat_map(move |&of| row(seed, of))).collect()
    }

    /// The name of its run.
    pub fn name(&self) -> String {
        let seed = if self.seed == 0 { String::new() } else { format!("-seed{}", self.seed) };
        format!("{}-{}-gamma{}{seed}", self.sde.name().to_lowercase(), self.lambda.name(), self.gamma)
    }

    /// What the paper reports, in bits per dimension; none for a weight that is not in the table.
    pub fn printed(&self) -> Option<f64> {
        let column = Self::GAMMAS.iter().position(|gamma| *gamma == self.gamma)?;
        Some(PRINTED[self.sde as usize][self.lambda as usize][column])
    }

    /// The configuration of its run.
    pub(super) fn config(&self, reproduction: &Reproduction) -> Result<RunConfig, Error> {
        let mut changes = reproduction.numbers().digits_changes();
        changes.push(format!("objective.weighting.kind={}", self.lambda.name()));
        changes.push(format!("objective.time.kind={}", self.lambda.time()));
        changes.push(format!("objective.regularizer.gamma={:?}", self.gamma));
        changes.push(format!("seed={}", self.seed));
        super::run::config(self.sde.recipe(), &self.name(), changes, reproduction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score_fpe::Scale;
    use crate::score_fpe::run::described;

    /// A caption says what is trained, also if something else than the cell's is asked for.
    #[test]
    fn a_caption_is_made_of_what_is_trained() {
        let mut reproduction = Reproduction {
            scale: Scale::Smoke,
            parts: Vec::new(),
            gammas: None,
            seeds: None,
            folder: "score-fpe".into(),
            changes: Vec::new(),
            monitor: std::sync::Arc::new(()),
        };
        for cell in Cell::all(&Cell::ROWS, &[0.0, 0.1], &[0]) {
            let (name, gamma) = (cell.sde.name(), cell.gamma);
            let objective = match cell.lambda {
                Lambda::Sigma2 => "λ = σ², uniform times",
                Lambda::Likelihood => "λ = g², times even in the log-SNR",
            };
            let said = described(&cell.config(&reproduction).unwrap()).unwrap();
            assert_eq!(said, format!("{name}, {objective}, γ = {gamma}"));
        }
        reproduction.changes.push("objective.weighting={ kind = \"min_snr\" }".into());
        reproduction.changes.push("objective.regularizer.gamma=3.0".into());
        let cell = Cell { sde: Sde::Rve, lambda: Lambda::Sigma2, gamma: 0.0, seed: 0 };
        let config = cell.config(&reproduction).unwrap();
        assert_eq!(described(&config).unwrap(), "RVE, weighting min_snr, uniform times, γ = 3");
    }

    #[test]
    fn cells_are_where_the_table_has_them() {
        let all = Cell::all(&Cell::ROWS, &Cell::GAMMAS, &[0, 1]);
        assert_eq!((all.len(), all[30].name().as_str()), (60, "ve-sigma2-gamma0-seed1"));
        let printed = |sde, lambda, gamma| Cell { sde, lambda, gamma, seed: 0 }.printed();
        assert_eq!(printed(Sde::Ve, Lambda::Likelihood, 1.0), Some(3.20));
        assert_eq!(printed(Sde::Vp, Lambda::Sigma2, 1.0), Some(2.91));
        assert_eq!(printed(Sde::Rve, Lambda::Sigma2, 10.0), Some(3.13));
        assert_eq!(printed(Sde::Rve, Lambda::Sigma2, 2.0), None);
    }
}
