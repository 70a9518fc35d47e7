//! What a figure is made of.

use crate::{Colour, Shades, Table};

/// A figure: panels, the numbers behind them, and what there is to say.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Name of its files.
    pub name: String,
    /// Headline.
    pub title: String,
    /// What is shown, with the parameters.
    pub caption: String,
    /// The panels, row by row.
    pub panels: Vec<Panel>,
    /// Panels in a row.
    pub columns: usize,
    /// Width and height of a panel in points.
    pub panel_size: (u32, u32),
    /// The numbers.
    pub tables: Vec<Table>,
}

/// One pair of axes.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Above the axes.
    pub title: String,
    /// Below the axes.
    pub x_label: String,
    /// Left of it.
    pub y_label: String,
    /// Interval shown.
    pub x: (f64, f64),
    /// Interval shown; of log₁₀ y where `log_y`.
    pub y: (f64, f64),
    /// Whether y is drawn by its decimal logarithm.
    pub log_y: bool,
    /// Whether x is drawn by its decimal logarithm; `x` is then the interval of log₁₀ x.
    pub log_x: bool,
    /// Whether axes and labels are drawn.
    pub axes: bool,
    /// Where labels of layers are explained.
    pub legend: Legend,
    /// From back to front.
    pub layers: Vec<Layer>,
}

/// Where the labels of a panel's layers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Legend {
    /// In the upper right corner of the panel.
    Inside,
    /// Below the panel, a line for each: where there are many.
    Below,
}

/// A line of a legend.
pub(crate) struct Entry<'a> {
    pub label: &'a str,
    pub colour: Colour,
    pub dashed: bool,
}

/// Something drawn on a panel.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Layer {
    /// A picture of numbers.
    Heat(Heat),
    /// A line through points.
    Line {
        /// In data units.
        points: Vec<(f64, f64)>,
        /// Colour.
        colour: Colour,
        /// Width in points.
        width: f64,
        /// Whether it is dashed.
        dashed: bool,
        /// What the legend says; none for no entry.
        label: Option<String>,
    },
    /// A histogram: bars between neighbouring edges.
    Bars {
        /// One more than heights.
        edges: Vec<f64>,
        /// Heights.
        heights: Vec<f64>,
        /// Colour.
        colour: Colour,
        /// What the legend says.
        label: Option<String>,
    },
    /// Dots.
    Dots {
        /// In data units.
        points: Vec<(f64, f64)>,
        /// Colour.
        colour: Colour,
        /// Radius in points.
        radius: f64,
        /// What the legend says.
        label: Option<String>,
    },
}

/// Numbers on a rectangle of equal cells.
#[derive(Clone, Debug)]
pub struct Heat {
    /// Interval of x.
    pub x: (f64, f64),
    /// Interval of y.
    pub y: (f64, f64),
    /// Cells along x.
    pub columns: usize,
    /// Row after row from below, `columns` in each.
    pub values: Vec<f64>,
    /// The value of the last colour; the first stands for 0 (or minus that for diverging shades).
    pub most: f64,
    /// Colours.
    pub shades: Shades,
}

impl Panel {
    /// An empty panel.
    pub fn new(title: &str, x_label: &str, y_label: &str, x: (f64, f64), y: (f64, f64)) -> Self {
        Self {
            title: title.into(),
            x_label: x_label.into(),
            y_label: y_label.into(),
            x,
            y,
            log_y: false,
            log_x: false,
            axes: true,
            legend: Legend::Inside,
            layers: Vec::new(),
        }
    }

    /// A panel with logarithmic axes that show every positive number of its lines and dots, and a tenth more on each side.
    /// Where there are no two different numbers, an axis goes from 0.1 to 10. The legend is below.
    pub fn log_log(title: &str, x_label: &str, y_label: &str, layers: Vec<Layer>) -> Self {
        let range = |coordinate: fn(&(f64, f64)) -> f64| {
            let points = layers.iter().filter_map(|layer| match layer {
                Layer::Line { points, .. } | Layer::Dots { points, .. } => Some(points),
                Layer::Heat(_) | Layer::Bars { .. } => None,
            });
            let values = points.flatten().map(coordinate).filter(|value| value.is_finite() && *value > 0.0);
            let (low, high) =
                values.fold((f64::INFINITY, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
            if low < high { (low / 1.1, high * 1.1) } else { (0.1, 10.0) }
        };
        let (x, y) = (range(|point| point.0), range(|point| point.1));
        let panel = Self::new(title, x_label, y_label, x, y).logarithmic_x(x.0, x.1).logarithmic_y(y.0, y.1);
        Self { legend: Legend::Below, layers, ..panel }
    }

    /// Adds a layer in front.
    pub fn with(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }

    /// y by its decimal logarithm, in the interval given by two values of y.
    pub fn logarithmic_y(mut self, low: f64, high: f64) -> Self {
        (self.log_y, self.y) = (true, (low.log10(), high.log10()));
        self
    }

    /// x by its decimal logarithm, in the interval given by two values of x.
    pub fn logarithmic_x(mut self, low: f64, high: f64) -> Self {
        (self.log_x, self.x) = (true, (low.log10(), high.log10()));
        self
    }
}

impl Layer {
    /// A line with a legend entry (none for an empty label).
    pub fn line(label: &str, colour: Colour, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let label = (!label.is_empty()).then(|| label.to_string());
        Self::Line { points: points.into_iter().collect(), colour, width: 1.5, dashed: false, label }
    }

    /// The same, dashed.
    pub fn dashed(label: &str, colour: Colour, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        match Self::line(label, colour, points) {
            Self::Line { points, colour, width, label, .. } => {
                Self::Line { points, colour, width, dashed: true, label }
            }
            other => other,
        }
    }

    /// The line of a number among many: each has a colour of its own, and after the last colour they come again with dashes.
    pub fn numbered(number: usize, label: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let colour = Colour::CYCLE[number % Colour::CYCLE.len()];
        match number < Colour::CYCLE.len() {
            true => Self::line(label, colour, points),
            false => Self::dashed(label, colour, points),
        }
    }

    /// What a legend says of it.
    pub(crate) fn entry(&self) -> Option<Entry<'_>> {
        let (label, colour, dashed) = match self {
            Self::Heat(_) => return None,
            Self::Line { label, colour, dashed, .. } => (label, *colour, *dashed),
            Self::Bars { label, colour, .. } | Self::Dots { label, colour, .. } => (label, *colour, false),
        };
        label.as_deref().map(|label| Entry { label, colour, dashed })
    }

    /// The same, as thin as sample paths are.
    pub fn path(label: &str, colour: Colour, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        match Self::line(label, colour, points) {
            Self::Line { points, colour, label, .. } => Self::Line { points, colour, width: 0.8, dashed: false, label },
            other => other,
        }
    }
}
