//! How densities in time and histograms look in every figure.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use fokker_laboratory::grid::{Axis, Field};
use fokker_laboratory::{LaboratoryError, check};
use fokker_plot::{Colour, Figure, Heat, Layer, Panel, Shades, Table};

/// Which picture of an ensemble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// The density in time, with sample paths in red.
    Evolution,
    /// The histogram at the end against the law it should have.
    Histogram,
}

/// A part of a configuration as a caption says it: its TOML on one line.
pub(super) fn as_caption(config: &impl Serialize) -> String {
    toml::Value::try_from(config).map_or_else(|error| error.to_string(), |value| value.to_string())
}

/// How many curves a picture can show.
pub(super) const MOST_SHOWN: usize = 1000;

/// Backward noises σ̃ in units of the forward noise. At σ̃ = 0 there is no bound and no noise to draw.
pub(super) const BACKWARD_NOISE: RangeInclusive<f64> = 1e-3..=1e3;

/// How many panels a figure can have.
pub(super) const MOST_PANELS: usize = 60;

/// The axis of a density in time: a heat map of its cells at 241 times is drawn cell by cell.
pub(super) fn check_heat(axis: &Axis, key: &str) -> Result<(), LaboratoryError> {
    axis.check(key)?;
    check::count(&format!("{key}.cells"), axis.cells, 2..=4000)
}

/// A curve over a histogram: what the legend says, its colour, the density.
pub(super) type Law<'a> = (&'a str, Colour, &'a dyn Fn(f64) -> f64);

/// A figure that still lacks its name and headline.
pub(super) fn figure(
    caption: String,
    columns: usize,
    panel_size: (u32, u32),
    panels: Vec<Panel>,
    tables: Vec<Table>,
) -> Figure {
    Figure { name: String::new(), title: String::new(), caption, panels, columns, panel_size, tables }
}

/// Densities side by side in time, with paths over them. `columns[k]` is the density at the k-th of the equally spaced
/// times of the interval; `paths` are sampled at times of their own.
pub(super) fn evolution(
    title: &str,
    x_label: &str,
    interval: (f64, f64),
    axis: &Axis,
    columns: &[Vec<f64>],
    paths: &[Vec<(f64, f64)>],
) -> Panel {
    let count = columns.len();
    let values = (0..axis.cells).flat_map(|cell| columns.iter().map(move |column| column[cell])).collect();
    // A law that starts as a point would make everything else white: the scale is set by all but the sharpest times.
    let mut peaks: Vec<f64> = columns.iter().map(|column| column.iter().copied().fold(0.0, f64::max)).collect();
    peaks.sort_by(f64::total_cmp);
    let heat = Heat {
        x: interval,
        y: (axis.lower, axis.upper),
        columns: count,
        values,
        most: peaks[(count - 1) * 8 / 10],
        shades: Shades::Blues,
    };
    let panel = Panel::new(title, x_label, "x", interval, (axis.lower, axis.upper)).with(Layer::Heat(heat));
    paths.iter().fold(panel, |panel, path| panel.with(Layer::path("", Colour::RED, path.iter().copied())))
}

/// A histogram with curves over it.
pub(super) fn histogram(title: &str, axis: &Axis, heights: &[f64], label: &str, laws: &[Law]) -> Panel {
    let fine: Vec<f64> = (0..=400).map(|k| axis.lower + (axis.upper - axis.lower) * f64::from(k) / 400.0).collect();
    let mut most = heights.iter().copied().fold(0.0, f64::max);
    for (_, _, law) in laws {
        most = fine.iter().map(|x| law(*x)).fold(most, f64::max);
    }
    let edges = (0..=axis.cells).map(|i| axis.face(i)).collect();
    let bars = Layer::Bars { edges, heights: heights.to_vec(), colour: Colour::SKY, label: Some(label.into()) };
    let panel = Panel::new(title, "x", "density", (axis.lower, axis.upper), (0.0, 1.15 * most)).with(bars);
    laws.iter().fold(panel, |panel, (label, colour, law)| {
        panel.with(Layer::line(label, *colour, fine.iter().map(|x| (*x, law(*x)))))
    })
}

/// The table of densities at several times: one row for each cell.
pub(super) fn density_table(name: &str, axis: &Axis, times: &[f64], columns: &[Vec<f64>]) -> Table {
    let names = times.iter().map(|t| format!("t={t}"));
    let rows = (0..axis.cells)
        .map(|i| std::iter::once(axis.centre(i)).chain(columns.iter().map(move |column| column[i])).collect());
    Table { name: name.into(), columns: std::iter::once("x".to_string()).chain(names).collect(), rows: rows.collect() }
}

/// The table of paths: one row for each time.
pub(super) fn path_table(name: &str, paths: &[Vec<(f64, f64)>]) -> Table {
    let count = paths.first().map_or(0, Vec::len);
    let rows =
        (0..count).map(|k| std::iter::once(paths[0][k].0).chain(paths.iter().map(move |path| path[k].1)).collect());
    let names = (0..paths.len()).map(|i| format!("path {i}"));
    Table { name: name.into(), columns: std::iter::once("t".to_string()).chain(names).collect(), rows: rows.collect() }
}

/// A field in the plane as a panel without axes, with dots over it.
pub(super) fn plane(title: &str, field: &Field, dots: Vec<(f64, f64)>) -> Panel {
    let (x, y) = ((field.axes[0].lower, field.axes[0].upper), (field.axes[1].lower, field.axes[1].upper));
    let heat = Heat {
        x,
        y,
        columns: field.axes[0].cells,
        values: field.values.clone(),
        most: field.maximum(),
        shades: Shades::Blues,
    };
    let mut panel = Panel::new(title, "", "", x, y).with(Layer::Heat(heat)).with(Layer::Dots {
        points: dots,
        colour: Colour::RED,
        radius: 1.0,
        label: None,
    });
    panel.axes = false;
    panel
}
