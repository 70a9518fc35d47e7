//! The U-Net on signals.

use burn::module::Module;
use burn::tensor::Device;

use super::config::UNetConfig;
use super::unet::UNet;
use crate::calculus::Calculus;
use crate::condition::ConditionShape;
use crate::error::{ModelError, require};
use crate::initializer::Initializer;
use crate::network::{Context, Network};

/// A [`UNet`] on signals `[batch, channels, length]`, which are images of one row to it.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use fokker_model::{Context, Network, Plain, UNet1d, UNetConfig};
///
/// let levels = UNetConfig::with_levels(2, &[(8, false), (16, true)]);
/// let config = UNetConfig { dimensions: 1, norm_num_groups: 4, ..levels };
/// let device = Device::flex();
/// let network = UNet1d::new(&config, 0, &device)?;
/// let signals = Tensor::<3>::zeros([5, 2, 64], &device);
/// let noise = Tensor::<1>::ones([5], &device);
/// assert_eq!(network.forward::<Plain>(signals, noise, &Context::default()).dims(), [5, 2, 64]);
/// # Ok::<(), fokker_model::ModelError>(())
/// ```
#[derive(Module, Debug)]
pub struct UNet1d {
    /// The network on images of one row.
    pub unet: UNet,
}

impl UNet1d {
    /// A network with initial weights from `seed`.
    ///
    /// # Errors
    /// A configuration whose fields do not fit together, or of images.
    pub fn new(config: &UNetConfig, seed: u64, device: &Device) -> Result<Self, ModelError> {
        Self::with(config, &mut Initializer::new(seed, device))
    }

    /// A network with the parameters that an initialiser hands out.
    ///
    /// # Errors
    /// A configuration whose fields do not fit together, or of images.
    pub fn with(config: &UNetConfig, init: &mut Initializer) -> Result<Self, ModelError> {
        require(config.dimensions == 1, "dimensions", format!("{} is not 1, as signals have", config.dimensions))?;
        Ok(Self { unet: UNet::with(config, init)? })
    }
}

impl Network<3> for UNet1d {
    fn forward<C: Calculus>(&self, x: C::Array<3>, noise: C::Array<1>, context: &Context) -> C::Array<3> {
        let [batch, channels, length] = C::dims(&x);
        let out = self.unet.forward::<C>(C::reshape(x, [batch, channels, 1, length]), noise, context);
        let [_, outputs, _, _] = C::dims(&out);
        C::reshape(out, [batch, outputs, length])
    }

    fn has_blocks(&self) -> bool {
        self.unet.has_blocks()
    }

    fn condition(&self) -> ConditionShape {
        self.unet.condition()
    }

    fn has_null_class(&self) -> bool {
        self.unet.has_null_class()
    }
}
