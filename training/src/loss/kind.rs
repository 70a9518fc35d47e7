//! The family of losses: a configuration names one by its `kind`.
//!
//! The file of a loss registers its settings under their name, and a program registers those of its own by the same line
//! ([`LossFunction`]).

use fokker_registry::{Settings, family};

use super::own::OwnLoss;
use super::{Loss, LossFunction};

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
