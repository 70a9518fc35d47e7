//! Which checkpoint of a run is meant.

use std::fmt;
use std::str::FromStr;

/// Which checkpoint of a run is meant: the newest, that of a step, or the best.
///
/// ```
/// use fokker::CheckpointChoice;
///
/// assert_eq!("best".parse(), Ok(CheckpointChoice::Best));
/// assert_eq!("2000".parse(), Ok(CheckpointChoice::Step(2000)));
/// assert!("first".parse::<CheckpointChoice>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckpointChoice {
    /// The newest that is whole.
    #[default]
    Newest,
    /// That of a step.
    Step(u64),
    /// The best by `checkpoints.best`.
    Best,
}

impl fmt::Display for CheckpointChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newest => write!(formatter, "newest"),
            Self::Step(step) => write!(formatter, "{step}"),
            Self::Best => write!(formatter, "best"),
        }
    }
}

impl FromStr for CheckpointChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "newest" => Ok(Self::Newest),
            "best" => Ok(Self::Best),
            text => match text.parse() {
                Ok(step) => Ok(Self::Step(step)),
                Err(_) => Err("must be a step, `best` or `newest`".into()),
            },
        }
    }
}
