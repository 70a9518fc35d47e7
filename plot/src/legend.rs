//! Legends inside of a panel, or below it.

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::drawing::{Chart, ENTRY, Failed, Scale, colour, failed};
use crate::figure::Entry;

/// Draws the legend in the upper right corner.
pub(crate) fn draw_legend_inside<'a, DB: DrawingBackend + 'a>(
    chart: &mut Chart<'a, DB>,
    scale: Scale,
) -> Result<(), Failed> {
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
pub(crate) fn draw_legend_below<DB: DrawingBackend>(
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
