//! Drawing of figures on any backend.

use std::sync::Once;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

use crate::axis::{axis, of_logarithm, plain};
use crate::clip::inside;
use crate::drawing::{Chart, ENTRY, FAMILY, Failed, Scale, colour, failed};
use crate::figure::Entry;
use crate::legend::{draw_legend_below, draw_legend_inside};
use crate::{Figure, Heat, Layer, Legend, Panel};

const FONT: &[u8] = include_bytes!("../fonts/DejaVuSans-subset.ttf");

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

/// Makes the font known.
pub(crate) fn register() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // The font is part of the program; were it damaged, drawing text would say so.
        let _ = register_font(FAMILY, FontStyle::Normal, FONT);
    });
}

/// Draws a figure. `scale` is the number of pixels in a point; with `embed`, heat maps are left as placeholders, which
/// are counted in `heats`.
pub(crate) fn draw<DB: DrawingBackend>(
    figure: &Figure,
    root: &DrawingArea<DB, Shift>,
    scale: f64,
    embed: bool,
) -> Result<(), Failed> {
    register();
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
