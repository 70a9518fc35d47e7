//! Burn's `Module` for a network of any type: all that is asked goes to the network behind the pointer.

use burn::module::{Content, Devices, DisplaySettings, Module, ModuleDisplay, ModuleDisplayDefault};
use burn::module::{ModuleMapper, ModuleVisitor};
use burn::tensor::Device;

use super::AnyNetwork;

impl<const D: usize> Module for AnyNetwork<D> {
    fn collect_devices(&self, devices: Devices) -> Devices {
        self.0.add_devices(devices)
    }

    fn fork(self, device: &Device) -> Self {
        Self(self.0.forked(device))
    }

    fn to_device(self, device: &Device) -> Self {
        Self(self.0.moved(device))
    }

    fn train(self) -> Self {
        Self(self.0.for_training())
    }

    fn valid(&self) -> Self {
        Self(self.0.for_validation())
    }

    fn materialize(self) -> Self {
        Self(self.0.materialized())
    }

    fn visit<Visitor: ModuleVisitor>(&self, visitor: &mut Visitor) {
        self.0.visit_all(visitor);
    }

    fn map<Mapper: ModuleMapper>(self, mapper: &mut Mapper) -> Self {
        Self(self.0.map_all(mapper))
    }
}

impl<const D: usize> ModuleDisplayDefault for AnyNetwork<D> {
    fn content(&self, content: Content) -> Option<Content> {
        self.0.shown_content(content)
    }

    fn num_params(&self) -> usize {
        Module::num_params(self)
    }
}

impl<const D: usize> ModuleDisplay for AnyNetwork<D> {
    fn format(&self, settings: DisplaySettings) -> String {
        self.0.shown(settings)
    }
}
