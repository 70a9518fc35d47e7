//! What drawings share: lengths, colours, fonts, and how they fail.

use plotters::prelude::*;
use plotters::style::FontDesc;

use crate::Colour;
use crate::axis::Axis;

/// The font of all text.
pub(crate) const FAMILY: &str = "sans-serif";

/// Height of an entry of a legend below its panel, in points.
pub(crate) const ENTRY: f64 = 15.0;

/// A drawing that failed, in the words of the backend.
pub(crate) type Failed = String;

pub(crate) fn failed(error: impl std::fmt::Display) -> Failed {
    error.to_string()
}

pub(crate) fn colour(Colour(r, g, b): Colour) -> RGBColor {
    RGBColor(r, g, b)
}

/// A pair of axes in the making.
pub(crate) type Chart<'a, DB> = ChartContext<'a, DB, Cartesian2d<Axis, Axis>>;

/// Pixels in a point: lengths of a picture are given in points.
#[derive(Clone, Copy)]
pub(crate) struct Scale(pub(crate) f64);

impl Scale {
    pub(crate) fn pixels(self, points: f64) -> i32 {
        (points * self.0).round() as i32
    }

    pub(crate) fn at_least_one(self, points: f64) -> u32 {
        self.pixels(points).max(1) as u32
    }

    pub(crate) fn font(self, points: f64) -> FontDesc<'static> {
        (FAMILY, self.pixels(points)).into_font()
    }
}
