//! The family of losses: a configuration names one by its `kind`.
//!
//! The file of a loss registers its settings under their name, and a program registers those of its own by the same line
//! ([`LossFunction`]).

use fokker_registry::{Settings, family, write};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::denoising::Denoising;
use super::expanded::Expanded;
use super::explicit::Explicit;
use super::higher_order::HigherOrder;
use super::implicit::Implicit;
use super::own::OwnLoss;
use super::sliced::Sliced;
use super::{Loss, LossFunction};
use crate::score_fpe::InitialValue;

/// Settings of a loss of some kind.
pub trait LossKind: Settings {
    /// The loss with these settings.
    fn loss(&self) -> Loss;
}

family! {
    /// The settings of any loss, as they stand in a configuration under `[objective.loss]`.
    pub struct LossConfig, LossEntry of dyn LossKind, "loss"
}

/// The settings of a loss of one's own are the loss itself.
impl<T: LossFunction + Clone> LossKind for T {
    fn loss(&self) -> Loss {
        Loss::Own(OwnLoss::new(self.clone()))
    }
}

/// Registers a loss of one's own under the `kind` that configurations name it by: `register_loss!(Absolute as "absolute")`.
#[macro_export]
macro_rules! register_loss {
    ($Loss:ty as $kind:literal) => {
        $crate::registry::register!($crate::loss::LossEntry, $Loss, $kind);
    };
}

impl Serialize for Loss {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Denoising => write(&Denoising {}, serializer),
            Self::Expanded => write(&Expanded {}, serializer),
            Self::Explicit => write(&Explicit {}, serializer),
            Self::Implicit { divergence } => write(&Implicit { divergence }, serializer),
            Self::Sliced { variance_reduced, probes, probe } => {
                write(&Sliced { variance_reduced, probes, probe }, serializer)
            }
            Self::HigherOrder { first, second } => write(&HigherOrder { first, second }, serializer),
            Self::InitialValue => write(&InitialValue {}, serializer),
            Self::Own(ref loss) => write(loss.function(), serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Loss {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(LossConfig::deserialize(deserializer)?.loss())
    }
}
