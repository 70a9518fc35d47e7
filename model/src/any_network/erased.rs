//! What is asked of the network behind the pointer: Burn's `Module` and our `Network`, without type parameters.

use std::any::Any;
use std::fmt::Debug;

use burn::module::{Content, Devices, DisplaySettings, Module, ModuleDisplay, ModuleDisplayDefault};
use burn::tensor::Device;

use super::calculi::Evaluate;
use super::walk::{ErasedMapper, ErasedVisitor, ThroughMapper, ThroughVisitor};
use crate::condition::ConditionShape;
use crate::network::Network;

/// A network whose type is forgotten. Methods are those of [`Module`] and [`Network`] under names of their own.
pub(super) trait Erased<const D: usize>: Evaluate<D> + Debug + Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn duplicate(&self) -> Box<dyn Erased<D>>;
    fn has_own_blocks(&self) -> bool;
    fn own_condition(&self) -> ConditionShape;
    fn own_augmentation_size(&self) -> Option<usize>;
    fn has_own_null_class(&self) -> bool;

    fn add_devices(&self, devices: Devices) -> Devices;
    fn forked(self: Box<Self>, device: &Device) -> Box<dyn Erased<D>>;
    fn moved(self: Box<Self>, device: &Device) -> Box<dyn Erased<D>>;
    fn for_training(self: Box<Self>) -> Box<dyn Erased<D>>;
    fn for_validation(&self) -> Box<dyn Erased<D>>;
    fn materialized(self: Box<Self>) -> Box<dyn Erased<D>>;
    fn visit_all(&self, visitor: &mut dyn ErasedVisitor);
    fn map_all(self: Box<Self>, mapper: &mut dyn ErasedMapper) -> Box<dyn Erased<D>>;

    fn shown(&self, settings: DisplaySettings) -> String;
    fn shown_content(&self, content: Content) -> Option<Content>;
}

impl<const D: usize, N: Network<D>> Erased<D> for N {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn duplicate(&self) -> Box<dyn Erased<D>> {
        Box::new(self.clone())
    }

    fn has_own_blocks(&self) -> bool {
        self.has_blocks()
    }

    fn own_condition(&self) -> ConditionShape {
        self.condition()
    }

    fn own_augmentation_size(&self) -> Option<usize> {
        self.augmentation_size()
    }

    fn has_own_null_class(&self) -> bool {
        self.has_null_class()
    }

    fn add_devices(&self, devices: Devices) -> Devices {
        Module::collect_devices(self, devices)
    }

    fn forked(self: Box<Self>, device: &Device) -> Box<dyn Erased<D>> {
        Box::new(Module::fork(*self, device))
    }

    fn moved(self: Box<Self>, device: &Device) -> Box<dyn Erased<D>> {
        Box::new(Module::to_device(*self, device))
    }

    fn for_training(self: Box<Self>) -> Box<dyn Erased<D>> {
        Box::new(Module::train(*self))
    }

    fn for_validation(&self) -> Box<dyn Erased<D>> {
        Box::new(Module::valid(self))
    }

    fn materialized(self: Box<Self>) -> Box<dyn Erased<D>> {
        Box::new(Module::materialize(*self))
    }

    fn visit_all(&self, visitor: &mut dyn ErasedVisitor) {
        Module::visit(self, &mut ThroughVisitor(visitor));
    }

    fn map_all(self: Box<Self>, mapper: &mut dyn ErasedMapper) -> Box<dyn Erased<D>> {
        Box::new(Module::map(*self, &mut ThroughMapper(mapper)))
    }

    fn shown(&self, settings: DisplaySettings) -> String {
        ModuleDisplay::format(self, settings)
    }

    fn shown_content(&self, content: Content) -> Option<Content> {
        ModuleDisplayDefault::content(self, content)
    }
}
