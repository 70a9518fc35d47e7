//! Opening the data of a training, with a monitor that hears how far it has come.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use fokker_datasets::{self as datasets, DataPath, Dataset, DatasetConfig, Opened, Split};

use crate::config::RunConfig;
use crate::error::Error;
use crate::monitor::{Monitor, Progress};

/// The data of a training.
pub(crate) struct TrainingData {
    /// What is learnt from.
    pub train: Arc<dyn Dataset>,
    /// What is held out, if anything.
    pub validation: Option<Arc<dyn Dataset>>,
    /// The configuration with what was found in the data: names of classes, means and deviations.
    pub config: RunConfig,
}

/// Opens the data of a training, shows how far it has come, and says what was left out.
pub(crate) fn open_data(config: &RunConfig, monitor: &dyn Monitor) -> Result<TrainingData, Error> {
    let opened = open_parts(&config.data, &[Split::Train, Split::Validation], config.seed, monitor)?;
    let train = opened.train.ok_or_else(|| Error::Usage("data: there is nothing to train on".into()))?;
    // Numbers that are called by their numbers need no list.
    let telling = |names: &Vec<String>| names.iter().enumerate().any(|(number, name)| *name != number.to_string());
    if let Some(names) = train.class_names().filter(telling) {
        monitor.say(&class_list(&names));
    }
    let mut config = config.clone();
    config.data.settle(opened.settled);
    config.preprocessing = config.preprocessing.fitted(&*train)?;
    config.condition = config.condition.fitted(&*train, &config.preprocessing)?;
    Ok(TrainingData { train, validation: opened.validation, config })
}

/// Opens parts of data, shows how far it has come, and says what was left out.
pub(crate) fn open_parts(
    data: &DatasetConfig,
    splits: &[Split],
    seed: u64,
    monitor: &dyn Monitor,
) -> Result<Opened, Error> {
    let _phase = tracing::debug_span!("data").entered();
    let news = Arc::new(News::default());
    let library = DataPath::from_env().with_progress({
        let news = news.clone();
        move |state| news.hear(state)
    });
    let opened = thread::scope(|scope| {
        let shown = scope.spawn(|| news.show(monitor));
        let opened = data.open_parts(&library, splits, seed);
        news.over.store(true, Ordering::Release);
        shown.thread().unpark();
        opened
    })?;
    opened.notes.iter().for_each(|note| monitor.say(&format!("data: {note}")));
    Ok(opened)
}

/// What the threads that read pictures report to the one that shows progress.
#[derive(Default)]
struct News {
    /// What, its unit, how much is done, and of how much.
    newest: Mutex<Option<(String, &'static str, u64, u64)>>,
    stop: AtomicBool,
    over: AtomicBool,
}

impl News {
    fn hear(&self, state: datasets::LoadProgress<'_>) -> ControlFlow<()> {
        let newest = match state {
            datasets::LoadProgress::Download { file, received, total } => {
                Some((file.to_string(), "bytes", received, total.unwrap_or(received)))
            }
            datasets::LoadProgress::Pictures { done, total } => {
                Some(("reading".into(), "pictures", done as u64, total as u64))
            }
            // News of a kind that has no words here is not shown.
            _ => None,
        };
        if newest.is_some() {
            *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = newest;
        }
        if self.stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Shows what is new until all is over.
    fn show(&self, monitor: &dyn Monitor) {
        let mut shown: Option<(String, u64, Box<dyn Progress>)> = None;
        while !self.over.load(Ordering::Acquire) {
            self.stop.store(monitor.should_stop(), Ordering::Relaxed);
            let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some((what, unit, done, total)) = newest {
                if shown.as_ref().is_none_or(|(name, of, _)| *name != what || *of != total) {
                    shown = Some((what.clone(), total, monitor.begin(&what, unit, 0, total)));
                }
                if let Some((_, _, progress)) = &mut shown {
                    progress.update(done, "");
                }
            }
            thread::park_timeout(Duration::from_millis(50));
        }
    }
}

/// Which class has which number, as far as a screen shows them.
fn class_list(names: &[String]) -> String {
    const MOST: usize = 20;
    let mut list: Vec<String> =
        names.iter().enumerate().take(MOST).map(|(number, name)| format!("{number} = {name}")).collect();
    if names.len() > MOST {
        list.push(format!("and {} more (data.classes in the run's config.toml)", names.len() - MOST));
    }
    format!("classes: {}", list.join(", "))
}
