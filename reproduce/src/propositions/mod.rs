//! [Lai 2023, Prop. 1 to 3 and Lemma 3] as pictures and numbers, for scores whose truth is a mixture: with a known error
//! ([`figures`](crate::figures)) and from trained networks ([`score_fpe`](crate::score_fpe)).

mod agreement;
mod inequalities;

use fokker_laboratory::score_fpe::ScoreField;
use fokker_plot::{Panel, Table};
use fokker_process::{GaussianMixture, Process};
use fokker_random::Index;

pub(crate) use agreement::{Generation, agreement};
pub(crate) use inequalities::{Statement, inequalities};

/// A score, and what it is called.
pub(crate) struct Case<'a> {
    pub name: String,
    pub score: &'a dyn ScoreField,
}

/// What a figure is made of.
pub(crate) struct Drawn {
    pub panels: Vec<Panel>,
    pub tables: Vec<Table>,
    pub caption: String,
}

/// Draws of the law at a time, the same for the same seed.
pub(crate) fn draws(data: &GaussianMixture, process: &dyn Process, t: f64, count: usize, seed: u64) -> Vec<Vec<f64>> {
    (0..count as u64).map(|i| data.sample(process, t, &mut Index::laboratory_start(i).rng(seed))).collect()
}

/// The name of a table: letters and digits of what it is called.
fn as_file_name(name: &str) -> String {
    let parts = name.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-")
}
