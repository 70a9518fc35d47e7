//! The variational bound where the posterior is known [SDE tutorial, §3].

use serde::{Deserialize, Serialize};

use super::view::figure;
use fokker_laboratory::laws::{ApproximatePosterior, GaussHermite, LineMixtureConfig, LinearDecoder};
use fokker_laboratory::{LaboratoryError, check};
use fokker_plot::{Colour, Figure, Layer, Legend, Panel, Table};

/// The bound of one observation, for each of several priors: x given z is N(slope z, noise²).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariationalBoundConfig {
    /// p(z), one panel each.
    pub priors: Vec<LineMixtureConfig>,
    /// a: the decoder's mean is a z.
    pub slope: f64,
    /// s > 0: the decoder's deviation, in data units.
    pub noise: f64,
    /// x, in data units.
    pub observed: f64,
    /// Nodes of the quadrature over q.
    pub nodes: usize,
    /// Points of each curve.
    pub points: usize,
}

/// Deviations of q in units of the narrowest mode of the posterior.
const FACTORS: [(f64, &str, Colour); 3] = [
    (1.0, "bound, q as wide as a mode", Colour::BLUE),
    (0.5, "bound, half as wide", Colour::GREEN),
    (2.0, "bound, twice as wide", Colour::PURPLE),
];

impl VariationalBoundConfig {
    pub(super) fn check(&self) -> Result<(), LaboratoryError> {
        check::count("figure.priors", self.priors.len(), 1..=6)?;
        check::within("figure.slope", self.slope, -1e3..=1e3)?;
        check::within("figure.noise", self.noise, 1e-3..=1e3)?;
        check::within("figure.observed", self.observed, -1e3..=1e3)?;
        check::count("figure.nodes", self.nodes, 2..=GaussHermite::MOST_NODES)?;
        check::count("figure.points", self.points, 2..=10_000)?;
        for (k, prior) in self.priors.iter().enumerate() {
            let key = format!("figure.priors[{k}]");
            prior.build(&key)?;
            prior.means.iter().try_for_each(|mean| check::within(&format!("{key}.means"), *mean, -1e3..=1e3))?;
            prior.stds.iter().try_for_each(|std| check::within(&format!("{key}.stds"), *std, 1e-3..=1e3))?;
            // A component that the observation rules out is none of the posterior's.
            self.model(prior)?.posterior(self.observed).map_err(|_| {
                LaboratoryError::value("figure.observed", self.observed, format!("nearer to what {key} predicts"))
            })?;
        }
        Ok(())
    }

    fn model(&self, prior: &LineMixtureConfig) -> Result<LinearDecoder, LaboratoryError> {
        Ok(LinearDecoder { prior: prior.build("figure.priors")?, slope: self.slope, offset: 0.0, noise: self.noise })
    }

    pub(super) fn make(&self) -> Result<Figure, LaboratoryError> {
        let rule = GaussHermite::new(self.nodes);
        let (mut panels, mut tables, mut said) = (vec![], vec![], vec![]);
        let x = self.observed;
        for (number, prior) in self.priors.iter().enumerate() {
            let model = self.model(prior)?;
            let (evidence, posterior) = (model.log_evidence(x), model.posterior(x)?);
            let modes: Vec<(f64, f64, f64)> = posterior.components().collect();
            let narrowest = modes.iter().map(|mode| mode.2.sqrt()).fold(f64::INFINITY, f64::min);
            let (lower, upper) = posterior.reach(3.5);
            let means: Vec<f64> =
                (0..=self.points).map(|k| lower + (upper - lower) * k as f64 / self.points as f64).collect();
            let curve = |factor: f64| -> Vec<f64> {
                let at =
                    |mean: &f64| model.bound(x, ApproximatePosterior { mean: *mean, std: factor * narrowest }, &rule);
                means.iter().map(at).collect()
            };
            let curves = FACTORS.map(|(factor, ..)| curve(factor));
            let best: Vec<ApproximatePosterior> = modes
                .iter()
                .map(|(_, mean, variance)| {
                    model.best(x, ApproximatePosterior { mean: *mean, std: variance.sqrt() }, &rule)
                })
                .collect();
            let (mean, variance) = posterior.moments();
            let covering = ApproximatePosterior { mean, std: variance.sqrt() };
            let covered = model.bound(x, covering, &rule);
            let depth = f64::max(4.0, 1.3 * (evidence - covered));
            let title = if modes.len() == 1 { "Gaussian posterior" } else { "posterior of several modes" };
            let mut panel =
                Panel::new(title, "mean of q", "nats", (lower, upper), (evidence - depth, evidence + 0.1 * depth));
            panel.legend = Legend::Below;
            panel = panel.with(Layer::line("ln p(x)", Colour::BLACK, [(lower, evidence), (upper, evidence)]));
            for ((_, label, colour), values) in FACTORS.into_iter().zip(&curves) {
                let points = means.iter().copied().zip(values.iter().copied());
                let inside: Vec<(f64, f64)> = points.filter(|point| point.1 > evidence - depth).collect();
                // A curve that leaves the panel between two modes is drawn in pieces.
                let gap = 1.5 * (upper - lower) / self.points as f64;
                for (piece, points) in inside.chunk_by(|a, b| b.0 - a.0 < gap).enumerate() {
                    let label = if piece == 0 { label } else { "" };
                    panel = panel.with(Layer::line(label, colour, points.iter().copied()));
                }
            }
            let maxima = best.iter().map(|q| (q.mean, model.bound(x, *q, &rule))).collect::<Vec<_>>();
            let dots = |points: Vec<(f64, f64)>, colour: Colour, label: &str| Layer::Dots {
                points,
                colour,
                radius: 3.5,
                label: Some(label.into()),
            };
            panel = panel.with(dots(maxima.clone(), Colour::RED, "maxima over mean and deviation"));
            if modes.len() > 1 {
                panel = panel.with(dots(vec![(mean, covered)], Colour::ORANGE, "q with the posterior's moments"));
            }
            panels.push(panel);
            let gaps: Vec<String> = modes
                .iter()
                .zip(&maxima)
                .map(|((weight, ..), (_, bound))| {
                    format!("{:.6} (−ln {weight:.4} = {:.6})", evidence - bound, weight.recip().ln())
                })
                .collect();
            said.push(format!(
                "Prior {}: ln p(x) = {evidence:.6}; gap at each maximum, and −ln of the mode's weight: {}; gap of the q with the \
                 posterior's moments {:.6}.",
                number + 1,
                gaps.join(", "),
                evidence - covered
            ));
            let evidences = vec![evidence; means.len()];
            let columns: [(&str, &[f64]); 5] = [
                ("mean", &means),
                ("ln p(x)", &evidences),
                ("bound: 1", &curves[0]),
                ("bound: 0.5", &curves[1]),
                ("bound: 2", &curves[2]),
            ];
            tables.push(Table::of_columns(&format!("prior {}", number + 1), &columns));
        }
        let caption = format!(
            "The bound L = E_q ln p(x | z) − KL(q ‖ p(z)) of x = {x}, over the mean of a Gaussian q, for x | z ~ N({} z, {}²). \
             L = ln p(x) − KL(q ‖ p(z | x)): a Gaussian posterior attains it, and of several modes the best q takes one. {}",
            self.slope,
            self.noise,
            said.join(" ")
        );
        Ok(figure(caption, self.priors.len().min(3), (520, 420), panels, tables))
    }
}
