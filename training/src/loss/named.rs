//! A loss as it stands in a configuration: written by the settings that it was made of, read by any kind that is registered.

use fokker_registry::write;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Loss;
use super::denoising::Denoising;
use super::expanded::Expanded;
use super::explicit::Explicit;
use super::higher_order::HigherOrder;
use super::implicit::Implicit;
use super::kind::LossConfig;
use super::sliced::Sliced;
use crate::score_fpe::InitialValue;

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
