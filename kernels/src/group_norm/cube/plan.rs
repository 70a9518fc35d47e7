//! Who computes what.

use cubecl::ir::HardwareProperties;

use crate::tensors::cube::STEP;

/// Sizes of a group normalisation, and how it is divided: a cube of units takes whole groups of an image, as few as give
/// a row of neighbouring numbers that memory likes; every unit stays with one channel and walks over its pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) image: [usize; 4],
    pub(super) eps: f32,
    pub(super) silu: bool,
    /// What is compiled into the kernel.
    pub(super) fixed: Fixed,
}

/// The part of a plan that is compiled into a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fixed {
    /// Channels of an image.
    pub(super) channels: usize,
    /// Channels of a group.
    pub(super) group: usize,
    /// Channels of a cube, whole groups.
    pub(super) strip: usize,
    /// Units for each channel: the pixels that are walked over at a time.
    pub(super) rows: usize,
}

impl Fixed {
    /// From where the sums of one kind begin to where those of the next do, so that each is a view.
    pub(super) fn apart(&self) -> usize {
        self.channels.next_multiple_of(STEP)
    }
}

/// Neighbouring numbers that a cube should read at least: 128 bytes of single precision.
const ROW: usize = 32;
/// Units of a cube.
const UNITS: usize = 256;
/// Cubes along an axis, the least that a device offers.
const CUBES: usize = u16::MAX as usize;

impl Plan {
    /// Nothing if a group has more channels than a cube has units, or there are more cubes than may be launched.
    pub(super) fn new(
        image: [usize; 4],
        groups: usize,
        eps: f64,
        silu: bool,
        hardware: &HardwareProperties,
    ) -> Option<Self> {
        let [batch, height, width, channels] = image;
        let units = UNITS.min(hardware.max_units_per_cube as usize).min(hardware.max_cube_dim.0 as usize);
        let group = channels / groups;
        let strips = (1..=groups).filter(|n| groups.is_multiple_of(*n)).map(|n| n * group);
        let mut fitting = strips.take_while(|strip| *strip <= units);
        let mut strip = fitting.next()?;
        while strip < ROW
            && let Some(wider) = fitting.next()
        {
            strip = wider;
        }
        let rows = (units / strip).min(height * width);
        let fits = batch <= CUBES && channels / strip <= CUBES;
        fits.then_some(Self { image, eps: eps as f32, silu, fixed: Fixed { channels, group, strip, rows } })
    }

    pub(super) fn pixels(&self) -> usize {
        self.image[1] * self.image[2]
    }

    pub(super) fn batch(&self) -> usize {
        self.image[0]
    }

    /// Cubes, those of an image first.
    pub(super) fn cubes(&self) -> cubecl::prelude::CubeCount {
        let Fixed { channels, strip, .. } = self.fixed;
        cubecl::prelude::CubeCount::new_2d((channels / strip) as u32, self.batch() as u32)
    }

    /// Units of a cube.
    pub(super) fn units(&self) -> cubecl::prelude::CubeDim {
        cubecl::prelude::CubeDim::new_1d((self.fixed.strip * self.fixed.rows) as u32)
    }
}
