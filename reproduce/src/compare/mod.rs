//! Samplers against each other: the distance of their samples from the data, at the same number of network calls.
//!
//! The distance is the sliced Wasserstein distance (Rabin et al. 2011): the root mean square, over directions drawn
//! once for all and over quantiles, of the difference between projected samples and projected data. No network judges,
//! so it is the same for images and for points, and says nothing of what only an eye sees.

mod measurement_cache;
mod sliced_wasserstein;

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use fokker::model::{MixtureScore, Score};
use fokker::process::{GaussianMixture, Process};
use fokker::random::{Stream, rng};
use fokker::sampling::{
    CallCounter, ChurnConfig, CorrectorConfig, CorrectorRule, CountedScore, Equation, LangevinConfig, Method,
    SamplerConfig, SamplerOption, ToleranceConfig,
};

use fokker::{DrawRequest, Error, Monitor, RunConfig, draw_score, find_checkpoint, sample};
use fokker_plot::{Colour, Figure, Layer, Panel};
use measurement_cache::MeasurementCache;
use sliced_wasserstein::SlicedWasserstein;

/// What each sampler reached with each budget.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What was drawn: `mixture`, or the name of the run.
    pub name: String,
    /// The distance of as many data from the data: what chance alone makes.
    pub floor: f64,
    /// Budgets of network calls, rising.
    pub budgets: Vec<usize>,
    /// The samplers.
    pub rows: Vec<(Method, Row)>,
}

/// What is compared.
#[derive(Clone, Debug)]
pub struct ComparisonPlan {
    /// The samplers.
    pub methods: Vec<Method>,
    /// Budgets of network calls, rising.
    pub budgets: Vec<usize>,
    /// Samples for each number.
    pub count: usize,
    /// Samples drawn at once.
    pub batch_size: usize,
    /// Seed of the samples.
    pub seed: u64,
    /// The folder of the results. What an interrupted comparison has measured is in there too, and not measured again.
    pub folder: PathBuf,
}

/// For every budget, network calls and distance; none if the budget is too small for a step.
pub type Row = Vec<Option<(usize, f64)>>;

/// The five bumps of configs/mixture_2d.toml under the VP process, with the exact score.
///
/// # Errors
/// A folder that cannot be written to; a monitor that stops it.
pub fn compare_on_mixture(plan: &ComparisonPlan, monitor: &dyn Monitor) -> Result<Comparison, Error> {
    let (count, seed) = (plan.count, plan.seed);
    plan.validate()?;
    let (config, mixture) = five_bumps()?;
    let process = config.build_process()?;
    let exact = |index: u64, count: usize| -> Vec<f32> {
        let mut rng = rng(seed, Stream::Test, index);
        (0..count).flat_map(|_| mixture.sample(&*process, 0.0, &mut rng)).map(|x| x as f32).collect()
    };
    let truth = SlicedWasserstein::new(&exact(1000, 50 * count), 2);
    let floor = truth.distance(&exact(1001, count));
    let score = MixtureScore::new(mixture.clone(), process.clone());
    let draw = |sampler: SamplerConfig| -> Result<(usize, f64), Error> {
        let request = DrawRequest { batch_size: count, seed, ..DrawRequest::new(sampler, count) };
        let score_of = |_: u64, _: usize, counter: &CallCounter| -> Box<dyn Score<2>> {
            Box::new(CountedScore::new(score.clone(), counter))
        };
        let drawing = draw_score(&*process, &request, &[2], &Device::flex(), score_of, monitor)?;
        Ok((drawing.cost.network_calls, truth.distance(&drawing.values)))
    };
    plan.compare("mixture".into(), String::new(), floor, &*process, draw)
}

/// The recipe of the mixture, and its law.
fn five_bumps() -> Result<(RunConfig, GaussianMixture), Error> {
    const NAME: &str = "mixture_2d";
    let config = RunConfig::recipe(NAME, &[])?;
    let missing = || Error::Usage(format!("the recipe {NAME} is no mixture"));
    let mixture = config.mixture()?.ok_or_else(missing)?;
    Ok((config, mixture))
}

/// The newest checkpoint of a run, against the data that were held out.
///
/// # Errors
/// A run that cannot be read, a folder that cannot be written to; a monitor that stops it.
pub fn compare_on_run(
    run: &Path,
    changes: &[String],
    plan: &ComparisonPlan,
    monitor: &dyn Monitor,
) -> Result<Comparison, Error> {
    let &ComparisonPlan { count, batch_size, seed, .. } = plan;
    plan.validate()?;
    let checkpoint = find_checkpoint(run)?;
    let config = RunConfig::load(&checkpoint.join("config.toml"), changes)?;
    let held_out = config.data.open(config.data.held_out(), config.seed)?;
    let size = held_out.size();
    let example = |index: usize| {
        let mut values = vec![0.0; size];
        config.preprocessing.validation(&*held_out, index, config.seed, &mut values);
        values
    };
    // Every other one is the truth, and some of those between are what it is compared with: data sets are often ordered.
    let half = held_out.len() / 2;
    if half == 0 {
        return Err(Error::Usage(format!("{}: there are no held-out data to compare with", run.display())));
    }
    let count_between = count.min(half);
    let between = (0..count_between).map(|k| 2 * (k * half / count_between) + 1);
    let truth = SlicedWasserstein::new(&(0..half).flat_map(|k| example(2 * k)).collect::<Vec<f32>>(), size);
    let floor = truth.distance(&between.flat_map(example).collect::<Vec<f32>>());
    let process = config.build_process()?;
    let condition = config.conditions_of(None, count)?;
    let draw = |sampler: SamplerConfig| -> Result<(usize, f64), Error> {
        let request =
            DrawRequest { batch_size, seed, condition: condition.clone(), ..DrawRequest::new(sampler, count) };
        let samples = sample(&checkpoint, changes, |_| Ok(request), monitor)?;
        Ok((samples.cost.network_calls, truth.distance(&samples.values)))
    };
    // The sums of the files of a checkpoint say which weights it has.
    let sums = checkpoint.join("checksums.json");
    let weights =
        std::fs::read_to_string(&sums).map_err(|error| Error::File { path: sums, message: error.to_string() })?;
    let of = format!("{} {changes:?} {batch_size}", weights.split_whitespace().collect::<String>());
    plan.compare(config.name.clone(), of, floor, &*process, draw)
}

impl ComparisonPlan {
    /// Checks the numbers.
    ///
    /// # Errors
    /// The one that does not work.
    fn validate(&self) -> Result<(), Error> {
        match self {
            // Samples and fifty times as many data are held in memory, in 128 projections.
            Self { count, .. } if !(2..=100_000).contains(count) => {
                Err(Error::field("count", count, "must be from 2 to 100000"))
            }
            Self { batch_size: 0, .. } => Err(Error::field("batch_size", 0, "must be at least 1")),
            Self { budgets, .. } if budgets.is_empty() => Err(Error::field("calls", "", "needs a number")),
            Self { budgets, .. } => match budgets.iter().find(|budget| !(1..=1_000_000).contains(*budget)) {
                Some(budget) => Err(Error::field("calls", budget, "must be from 1 to 1000000")),
                None => Ok(()),
            },
        }
    }

    /// `of` is everything besides the plan that invalidates distances that were measured before.
    fn compare(
        &self,
        name: String,
        of: String,
        floor: f64,
        process: &dyn Process,
        draw: impl Fn(SamplerConfig) -> Result<(usize, f64), Error>,
    ) -> Result<Comparison, Error> {
        let of = format!("{name} {} {} {of}", self.count, self.seed);
        let mut notes = MeasurementCache::open(self.folder.join("samplers.partial.jsonl"), of);
        let mut draw = |sampler: SamplerConfig| notes.get(&sampler, |sampler| draw(sampler.clone()));
        let mut rows = Vec::new();
        for &method in &self.methods {
            if SamplerConfig::new(method).validate(process).is_err() {
                continue;
            }
            let mut row = vec![None; self.budgets.len()];
            if method.takes(SamplerOption::Tolerance) {
                for tolerance in [1e-1, 1e-2, 1e-3, 1e-4] {
                    let tolerance = Some(ToleranceConfig { absolute: tolerance, relative: tolerance });
                    let (calls, distance) = draw(SamplerConfig { tolerance, ..SamplerConfig::new(method) })?;
                    if let Some(place) = self.budgets.iter().position(|&budget| calls <= budget) {
                        row[place] = Some((calls, distance));
                    }
                }
            } else {
                for (place, &budget) in row.iter_mut().zip(&self.budgets) {
                    if let Some(sampler) = within(method, budget, process) {
                        *place = Some(draw(sampler)?);
                    }
                }
            }
            rows.push((method, row));
        }
        let comparison = Comparison { name, floor, budgets: self.budgets.clone(), rows };
        comparison.save(&self.folder)?;
        notes.discard()?;
        Ok(comparison)
    }
}

/// The sampler with as many steps as the budget allows.
fn within(method: Method, budget: usize, process: &dyn Process) -> Option<SamplerConfig> {
    let mut sampler = SamplerConfig::new(method);
    match method.name() {
        "edm_heun" => sampler.churn = Some(ChurnConfig { amount: 10.0, ..ChurnConfig::default() }),
        // The rule that is unbiased in any dimension.
        "predictor_corrector" => {
            let rule = CorrectorRule::Expected;
            sampler.corrector = Some(CorrectorConfig { rule, ..CorrectorConfig::default() });
        }
        // Half of the variance at each step, one step at each level.
        "annealed_langevin" => {
            sampler.langevin = Some(LangevinConfig { step_size: 0.5, steps_per_level: 1 });
        }
        _ => {}
    }
    (1..=budget).rev().find_map(|steps| {
        sampler.steps = Some(steps);
        (sampler.score_calls(process)? <= budget).then(|| sampler.clone())
    })
}

impl Comparison {
    /// Checks that all distances are finite.
    ///
    /// # Errors
    /// The samplers whose samples were not.
    pub fn check_finite(&self) -> Result<(), Error> {
        let is_bad = |row: &Row| row.iter().flatten().any(|(_, distance)| !distance.is_finite());
        let names: Vec<&str> =
            self.rows.iter().filter(|(_, row)| is_bad(row)).map(|(method, _)| method.name()).collect();
        if names.is_empty() {
            return Ok(());
        }
        let message = format!("samples that are not finite, so that there is no distance: {}", names.join(", "));
        Err(Error::NotFinite(message))
    }

    /// As Markdown, a row for each sampler.
    pub fn table(&self) -> String {
        let mut table = String::from("| sampler |");
        self.budgets.iter().for_each(|budget| table += &format!(" {budget} |"));
        table += "\n|---|";
        self.budgets.iter().for_each(|_| table += "---|");
        for (method, row) in &self.rows {
            table += &format!("\n| `{}` |", method.name());
            for cell in row {
                table += &cell.map_or(" – |".into(), |(_, distance)| format!(" {distance:.3} |"));
            }
        }
        table + &format!("\n\nAs many other data have the distance {:.3}.\n", self.floor)
    }

    /// As a figure: distances over network calls.
    pub fn figure(&self) -> Figure {
        let memory = |method: Method| method.info().has_memory;
        let is_ode = |method: Method| method.info().equation == Equation::Ode;
        let panels = vec![
            self.panel("ODE, single steps", |method| is_ode(method) && !memory(method)),
            self.panel("ODE, with memory", |method| is_ode(method) && memory(method)),
            self.panel("stochastic", |method| !is_ode(method)),
        ];
        let most = panels.iter().map(|panel| panel.layers.len()).max().unwrap_or(0) as u32;
        Figure {
            name: "samplers".into(),
            title: format!("Samplers on {}", self.name),
            caption: "The dashed line is the distance of as many other data.".into(),
            columns: panels.len(),
            panels,
            panel_size: (420, 320 + 15 * most),
            tables: Vec::new(),
        }
    }

    /// The samplers of a kind, and the distance of as many other data.
    fn panel(&self, title: &str, belongs: impl Fn(Method) -> bool) -> Panel {
        let points = |row: &Row| -> Vec<(f64, f64)> {
            row.iter().flatten().map(|&(calls, distance)| (calls as f64, distance)).collect()
        };
        let rows = self.rows.iter().filter(|(method, _)| belongs(*method));
        let mut layers: Vec<Layer> =
            rows.enumerate().map(|(k, (method, row))| Layer::numbered(k, method.name(), points(row))).collect();
        let calls = self.rows.iter().flat_map(|(_, row)| points(row)).map(|(calls, _)| calls);
        let (fewest, most) =
            calls.fold((f64::INFINITY, 1.0f64), |(low, high), calls| (low.min(calls), high.max(calls)));
        let floor = [(fewest, self.floor), (most, self.floor)];
        layers.push(Layer::dashed("as many other data", Colour::BLACK, floor));
        Panel::log_log(title, "network calls", "distance to the data", layers)
    }

    /// Writes `samplers.md` and `samplers.svg` into a folder.
    fn save(&self, folder: &Path) -> Result<(), Error> {
        fokker_files::write(&folder.join("samplers.md"), self.table().as_bytes())?;
        Ok(fokker_files::write(&folder.join("samplers.svg"), fokker_plot::svg(&self.figure())?.as_bytes())?)
    }

    /// Puts the table into a document, between `<!-- NAME -->` and `<!-- end NAME -->`.
    ///
    /// # Errors
    /// A document that cannot be read or written, or has no such place.
    pub fn put_into(&self, document: &Path) -> Result<(), Error> {
        let failed = |message: String| Error::File { path: document.into(), message };
        let text = std::fs::read_to_string(document).map_err(|error| failed(error.to_string()))?;
        let (begin, end) = (format!("<!-- {} -->\n", self.name), format!("<!-- end {} -->", self.name));
        let places = text.find(&begin).map(|at| at + begin.len()).zip(text.find(&end));
        let Some((from, to)) = places.filter(|(from, to)| from <= to) else {
            return Err(failed(format!("has no lines {} and {end}", begin.trim_end())));
        };
        let text = format!("{}\n{}\n{}", &text[..from], self.table(), &text[to..]);
        Ok(fokker_files::write(document, text.as_bytes())?)
    }
}
