//! Drawing of figures on any backend.

use std::sync::Once;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::{FontDesc, FontStyle, register_font};

use crate::figure::Entry;
use crate::{Colour, Figure, Heat, Layer, Legend, Panel};

const FONT: &[u8] = include_bytes!("../fonts/DejaVuSans-subset.ttf");
const FAMILY: &str = "sans-serif";

/// A drawing that failed, in the words of the backend.
pub(crate) type Failed = String;

fn failed(error: impl std::fmt::Display) -> Failed {
    error.to_string()
}

fn colour(Colour(r, g, b): Colour) -> RGBColor {
    RGBColor(r, g, b)
}

/// The colour that stands for heat map number `k` until its picture is put there.
pub(crate) fn placeholder(k: usize) -> RGBColor {
    RGBColor(0xfa, (k >> 8) as u8, k as u8)
}

/// Width and height of a figure in points.
pub(crate) fn size(figure: &Figure) -> Result<(u32, u32), Failed> {
    let columns = figure.columns.max(1);
    let rows = figure.panels.len().div_ceil(columns).max(1);
    let length = |points: u32, count: usize, more: u32| {
        let length = points as usize * count + more as usize;
        u32::try_from(length).ok().filter(|length| *length <= LONGEST)
    };
    match (length(figure.panel_size.0, columns, 0), length(figure.panel_size.1, rows, HEADLINE)) {
        (Some(width), Some(height)) => Ok((width, height)),
        _ => Err(format!("{rows} rows of {columns} panels are longer than {LONGEST} points")),
    }
}

/// The longest side of a figure in points.
const LONGEST: u32 = 6_000;

const HEADLINE: u32 = 38;

/// Height of an entry of a legend below its panel, in points.
pub(crate) const ENTRY: f64 = 15.0;

/// Draws a figure. `scale` is the number of pixels in a point; with `embed`, heat maps are left as placeholders, which
/// are counted in `heats`.
pub(crate) fn draw<DB: DrawingBackend>(
    figure: &Figure,
    root: &DrawingArea<DB, Shift>,
    scale: f64,
    embed: bool,
) -> Result<(), Failed> {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // The font is part of the program; were it damaged, drawing text would say so.
        let _ = register_font(FAMILY, FontStyle::Normal, FONT);
    });
    for panel in &figure.panels {
        check(panel)?;
    }
    root.fill(&WHITE).map_err(failed)?;
    let scale = Scale(scale);
    let (headline, body) = root.split_vertically(scale.pixels(f64::from(HEADLINE)));
    let style = scale.font(15.0).color(&BLACK);
    let _ = headline.margin(scale.pixels(10.0), 0, 0, 0).titled(&figure.title, style).map_err(failed)?;
    let rows = figure.panels.len().div_ceil(figure.columns).max(1);
    let areas = body.split_evenly((rows, figure.columns));
    let mut heats = 0;
    for (panel, area) in figure.panels.iter().zip(&areas) {
        draw_panel(panel, area, scale, embed, &mut heats)?;
    }
    root.present().map_err(failed)
}

/// Whether the numbers of a panel can be drawn. The ticks of an interval that is infinite, empty or below the precision of
/// its ends would never end.
fn check(panel: &Panel) -> Result<(), Failed> {
    for (axis, (low, high)) in [("x", panel.x), ("y", panel.y)] {
        let size = low.abs().max(high.abs());
        if !(low < high && size < 1e30 && high - low > 1e-9 * size && high - low > 1e-30) {
            return Err(format!("panel '{}': the interval of {axis} is [{low:e}, {high:e}]", panel.title));
        }
    }
    for layer in &panel.layers {
        if let Layer::Heat(heat) = layer
            && (heat.columns == 0 || !heat.values.len().is_multiple_of(heat.columns))
        {
            let (cells, columns) = (heat.values.len(), heat.columns);
            return Err(format!("panel '{}': a heat map of {cells} cells in {columns} columns", panel.title));
        }
    }
    Ok(())
}

type Chart<'a, DB> = ChartContext<'a, DB, Cartesian2d<Axis, Axis>>;

/// Lengths of a picture.
#[derive(Clone, Copy)]
struct Scale(f64);

impl Scale {
    fn pixels(self, points: f64) -> i32 {
        (points * self.0).round() as i32
    }

    fn at_least_one(self, points: f64) -> u32 {
        self.pixels(points).max(1) as u32
    }

    fn font(self, points: f64) -> FontDesc<'static> {
        (FAMILY, self.pixels(points)).into_font()
    }
}

fn draw_panel<DB: DrawingBackend>(
    panel: &Panel,
    area: &DrawingArea<DB, Shift>,
    scale: Scale,
    embed: bool,
    heats: &mut usize,
) -> Result<(), Failed> {
    let entries = if panel.legend == Legend::Below { legend_entries(panel) } else { Vec::new() };
    let height = area.dim_in_pixel().1 as i32;
    let (area, below) = area.split_vertically(height - scale.pixels(ENTRY * entries.len() as f64));
    draw_legend_below(&entries, &below, scale)?;
    let mut builder = ChartBuilder::on(&area);
    let edge = if panel.axes { 8.0 } else { 3.0 };
    builder.margin(scale.pixels(edge));
    if !panel.title.is_empty() {
        builder.caption(&panel.title, scale.font(12.0));
    }
    if panel.axes {
        builder.margin_right(scale.pixels(14.0));
        builder.x_label_area_size(scale.pixels(36.0)).y_label_area_size(scale.pixels(52.0));
    }
    let mut chart =
        builder.build_cartesian_2d(axis(panel.x, panel.log_x), axis(panel.y, panel.log_y)).map_err(failed)?;
    for layer in &panel.layers {
        if let Layer::Heat(heat) = layer {
            draw_heat(&mut chart, heat, embed.then_some(heats))?;
        }
    }
    if panel.axes {
        draw_axes(&mut chart, panel, scale)?;
    }
    for layer in &panel.layers {
        draw_layer(&mut chart, panel, layer, scale)?;
    }
    if panel.legend == Legend::Inside && !legend_entries(panel).is_empty() {
        draw_legend_inside(&mut chart, scale)?;
    }
    Ok(())
}

/// Draws a heat map, or its placeholder if they are counted.
fn draw_heat<DB: DrawingBackend>(
    chart: &mut Chart<'_, DB>,
    heat: &Heat,
    count: Option<&mut usize>,
) -> Result<(), Failed> {
    if let Some(count) = count {
        let corners = [(heat.x.0, heat.y.0), (heat.x.1, heat.y.1)];
        chart.draw_series([Rectangle::new(corners, placeholder(*count).filled())]).map_err(failed)?;
        *count += 1;
        return Ok(());
    }
    let rows = heat.values.len() / heat.columns;
    let (dx, dy) = ((heat.x.1 - heat.x.0) / heat.columns as f64, (heat.y.1 - heat.y.0) / rows as f64);
    let cells = heat.values.iter().enumerate().map(|(index, value)| {
        let (i, j) = ((index % heat.columns) as f64, (index / heat.columns) as f64);
        let corners = [(heat.x.0 + i * dx, heat.y.0 + j * dy), (heat.x.0 + (i + 1.0) * dx, heat.y.0 + (j + 1.0) * dy)];
        Rectangle::new(corners, colour(heat.shades.colour(*value, heat.most)).filled())
    });
    chart.draw_series(cells).map_err(failed)?;
    Ok(())
}

fn draw_axes<DB: DrawingBackend>(chart: &mut Chart<'_, DB>, panel: &Panel, scale: Scale) -> Result<(), Failed> {
    let tick = |log: bool| move |value: &f64| if log { of_logarithm(*value) } else { plain(*value) };
    let (x_tick, y_tick) = (tick(panel.log_x), tick(panel.log_y));
    chart
        .configure_mesh()
        .disable_mesh()
        .x_label_formatter(&x_tick)
        .y_label_formatter(&y_tick)
        .x_desc(&panel.x_label)
        .y_desc(&panel.y_label)
        .axis_style(BLACK.stroke_width(scale.at_least_one(0.7)))
        .label_style(scale.font(10.5))
        .axis_desc_style(scale.font(11.5))
        .set_all_tick_mark_size(scale.pixels(3.0))
        .draw()
        .map_err(failed)
}

/// Draws a line, bars or dots, and registers its label.
fn draw_layer<DB: DrawingBackend>(
    chart: &mut Chart<'_, DB>,
    panel: &Panel,
    layer: &Layer,
    scale: Scale,
) -> Result<(), Failed> {
    let place = |(x, y): (f64, f64)| (if panel.log_x { x.log10() } else { x }, if panel.log_y { y.log10() } else { y });
    let series = match layer {
        Layer::Heat(_) => return Ok(()),
        Layer::Line { points, colour: of, width, dashed, .. } => {
            let style = colour(*of).stroke_width(scale.at_least_one(*width));
            let points: Vec<_> = points.iter().map(|point| place(*point)).collect();
            let mut series = None;
            for piece in inside(&points, panel.x, panel.y) {
                let drawn = match dashed {
                    true => {
                        chart.draw_series(DashedLineSeries::new(piece, scale.pixels(5.0), scale.pixels(3.0), style))
                    }
                    false => chart.draw_series(LineSeries::new(piece, style)),
                };
                series = Some(drawn.map_err(failed)?);
            }
            let Some(series) = series else { return Ok(()) };
            series
        }
        Layer::Bars { edges, heights, colour: of, .. } => {
            let bars = edges.windows(2).zip(heights);
            let bars =
                bars.map(|(edge, height)| Rectangle::new([(edge[0], 0.0), (edge[1], *height)], colour(*of).filled()));
            chart.draw_series(bars).map_err(failed)?
        }
        Layer::Dots { points, colour: of, radius, .. } => {
            let dots = points
                .iter()
                .map(|point| Circle::new(place(*point), scale.at_least_one(*radius) as i32, colour(*of).filled()));
            chart.draw_series(dots).map_err(failed)?
        }
    };
    if let Some(Entry { label, colour: of, .. }) = layer.entry() {
        let (length, height) = (scale.pixels(16.0), scale.at_least_one(2.0) as i32);
        series.label(label).legend(move |(x, y)| {
            Rectangle::new([(x, y - height / 2), (x + length, y - height / 2 + height)], colour(of).filled())
        });
    }
    Ok(())
}

fn legend_entries(panel: &Panel) -> Vec<Entry<'_>> {
    panel.layers.iter().filter_map(Layer::entry).collect()
}

/// Draws the legend in the upper right corner.
fn draw_legend_inside<'a, DB: DrawingBackend + 'a>(chart: &mut Chart<'a, DB>, scale: Scale) -> Result<(), Failed> {
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .label_font(scale.font(10.5))
        .legend_area_size(scale.pixels(20.0))
        .background_style(WHITE.mix(0.85))
        .border_style(RGBColor(0xcc, 0xcc, 0xcc))
        .draw()
        .map_err(failed)
}

/// Draws a line for each entry.
fn draw_legend_below<DB: DrawingBackend>(
    entries: &[Entry<'_>],
    area: &DrawingArea<DB, Shift>,
    scale: Scale,
) -> Result<(), Failed> {
    for (row, entry) in entries.iter().enumerate() {
        let y = scale.pixels(ENTRY * (row as f64 + 0.5));
        let style = colour(entry.colour).stroke_width(scale.at_least_one(2.0));
        let (from, to, text) = (scale.pixels(60.0), scale.pixels(84.0), scale.pixels(90.0));
        // A dashed line is two dashes.
        let gap = if entry.dashed { scale.pixels(3.0) } else { 0 };
        let middle = (from + to) / 2;
        for (start, end) in [(from, middle - gap), (middle + gap, to)] {
            area.draw(&PathElement::new([(start, y), (end, y)], style)).map_err(failed)?;
        }
        let label = Text::new(entry.label.to_string(), (text, y - scale.pixels(5.5)), scale.font(10.5));
        area.draw(&label).map_err(failed)?;
    }
    Ok(())
}

/// The parts of a line that lie inside of a panel, cut where they leave it.
fn inside(points: &[(f64, f64)], x: (f64, f64), y: (f64, f64)) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    for pair in points.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        if !(a.0.is_finite() && a.1.is_finite() && b.0.is_finite() && b.1.is_finite()) {
            continue;
        }
        // The part of the segment that is inside, from 0 to 1 (Liang & Barsky 1984).
        let (mut from, mut to) = (0.0f64, 1.0f64);
        for (start, end, (low, high)) in [(a.0, b.0, x), (a.1, b.1, y)] {
            let step = end - start;
            if step == 0.0 {
                if start < low || start > high {
                    to = -1.0;
                }
                continue;
            }
            let (enter, leave) = ((low - start) / step, (high - start) / step);
            from = from.max(enter.min(leave));
            to = to.min(enter.max(leave));
        }
        if from > to {
            continue;
        }
        let at = |part: f64| (a.0 + part * (b.0 - a.0), a.1 + part * (b.1 - a.1));
        match pieces.last_mut() {
            Some(piece) if from == 0.0 && piece.last() == Some(&a) => piece.push(if to == 1.0 { b } else { at(to) }),
            _ => pieces.push(vec![if from == 0.0 { a } else { at(from) }, if to == 1.0 { b } else { at(to) }]),
        }
    }
    pieces
}

/// A tick label: as short as the number allows.
fn plain(value: f64) -> String {
    if value.abs() >= 1e4 || (value != 0.0 && value.abs() < 1e-3) {
        // Steps of ticks are round; what is this close to 0 on an axis of ordinary numbers is 0.
        return if value.abs() < 1e-9 { "0".into() } else { format!("{value:.0e}") };
    }
    let text = format!("{value:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.replace('-', "−")
}

/// An axis with ticks of our own choice.
struct Axis {
    interval: RangedCoordf64,
    ticks: Vec<f64>,
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.interval.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.interval.range()
    }
}

/// An axis whose ticks are round numbers, or 1, 2 and 5 times powers of ten if it is logarithmic.
fn axis((low, high): (f64, f64), log: bool) -> Axis {
    let interval = RangedCoordf64::from(low..high);
    let ticks = if log { logarithmic_ticks(low, high) } else { interval.key_points(6) };
    Axis { interval, ticks }
}

/// Logarithms of round numbers in an interval of logarithms; over many powers of ten, of powers alone.
fn logarithmic_ticks(low: f64, high: f64) -> Vec<f64> {
    let every = ((high - low) / 8.0).ceil().max(1.0) as i64;
    let powers = (low.floor() as i64..=high.ceil() as i64).filter(|power| power % every == 0);
    let digits: &[f64] = if high - low > 2.5 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let ticks = powers.flat_map(|power| digits.iter().map(move |digit| power as f64 + digit.log10()));
    ticks.filter(|tick| (low..=high).contains(tick)).collect()
}

/// A number by its decimal logarithm: plain if it is short, else a digit times a power of ten.
fn of_logarithm(log: f64) -> String {
    let value = 10f64.powf(log);
    if (1e-3..1e4).contains(&value) {
        return plain((value * 1e6).round() / 1e6);
    }
    let power = (log + 1e-9).floor();
    let raised = |digit: char| match digit {
        '-' => '⁻',
        digit => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][digit as usize - '0' as usize],
    };
    let exponent: String = format!("{}", power as i64).chars().map(raised).collect();
    match 10f64.powf(log - power).round() as i64 {
        1 => format!("10{exponent}"),
        digit => format!("{digit}·10{exponent}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_where_they_leave_the_panel() {
        let points = [(0.0, 0.5), (1.0, 2.5), (2.0, 0.5), (3.0, 0.5), (4.0, f64::NAN)];
        let pieces = inside(&points, (0.0, 2.5), (0.0, 1.0));
        assert_eq!(pieces, [vec![(0.0, 0.5), (0.25, 1.0)], vec![(1.75, 1.0), (2.0, 0.5), (2.5, 0.5)]]);
    }

    #[test]
    fn panels_that_cannot_be_drawn_are_refused() {
        let panel = |low, high| check(&Panel::new("p", "", "", (0.0, 1.0), (low, high)));
        assert!(panel(-2.0, 5.0).is_ok() && panel(1e-12, 2e-12).is_ok());
        for (low, high) in
            [(0.0, 0.0), (1.0, 0.0), (0.0, f64::NAN), (f64::NEG_INFINITY, 0.0), (0.0, 1e300), (1e9, 1e9 + 1e-6)]
        {
            let message = panel(low, high).unwrap_err();
            assert!(message.contains("panel 'p': the interval of y"), "{message}");
        }
    }

    #[test]
    fn tick_labels_are_short() {
        assert_eq!(plain(0.30000000000000004), "0.3");
        assert_eq!(plain(-2.0), "−2");
        assert_eq!(of_logarithm(-4.0), "10⁻⁴");
        assert_eq!(of_logarithm(2e-5f64.log10()), "2·10⁻⁵");
        assert_eq!(of_logarithm(0.5f64.log10()), "0.5");
    }

    #[test]
    fn ticks_of_logarithmic_axes_are_round() {
        let ticks: Vec<String> =
            logarithmic_ticks(0.3f64.log10(), 12f64.log10()).into_iter().map(of_logarithm).collect();
        assert_eq!(ticks, ["0.5", "1", "2", "5", "10"]);
        let far: Vec<String> = logarithmic_ticks(-30.0, 2.0).into_iter().map(of_logarithm).collect();
        assert_eq!(far[0], "10⁻²⁸");
        assert!(far.len() < 10 && far.contains(&"1".to_string()), "{far:?}");
    }
}
