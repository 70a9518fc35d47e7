//! What samples are drawn for, or data are encoded for.

use clap::Args;
use fokker::datasets::Conditions;
use fokker::{Error, Given, RunConfig};

/// The condition, for a network with one.
#[derive(Args)]
pub struct ConditionOptions {
    /// The class by its name or number, for a network with classes. `sample` takes all classes in turn if it is absent
    #[arg(long)]
    class: Option<String>,
    /// The condition, for a network that takes numbers or an array: numbers such as 0.3,1.2, a picture, or a file with one condition in a
    /// row (.npy, .npz, .safetensors, .csv, .tsv, .parquet), which are taken in turn; none to ask without. Several for several parts
    #[arg(long, value_name = "NUMBERS|FILE", allow_hyphen_values = true)]
    condition: Vec<String>,
    /// Ask a network with a condition without it
    #[arg(long, conflicts_with_all = ["class", "condition"])]
    pub unconditional: bool,
}

impl ConditionOptions {
    /// The number of the class.
    pub fn class(&self, config: &RunConfig) -> Result<Option<usize>, Error> {
        self.class.as_deref().map(|class| config.class_number(class)).transpose()
    }

    /// Vectors and arrays in the network's units; empty ones are "none".
    pub fn conditions(&self, config: &RunConfig) -> Result<Option<Conditions>, Error> {
        match &self.condition[..] {
            [] => Ok(None),
            [none] if none == "none" => Ok(Some(Conditions::default())),
            texts => {
                let given: Result<Vec<Given>, Error> = texts.iter().map(|text| Given::parse(text, config)).collect();
                Ok(Some(config.conditions(&given?)?))
            }
        }
    }
}
