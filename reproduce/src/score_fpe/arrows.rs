//! A field in the plane as arrows of one length over the logarithm of its size.

use fokker_plot::{Colour, Heat, Layer, Panel, Shades};

/// Arrows to a side.
pub(super) const ARROWS: usize = 21;

/// The points where arrows are, row after row from below.
pub(super) fn points(reach: f64) -> Vec<[f64; 2]> {
    let at = |index: usize| reach * (2.0 * (index as f64 + 0.5) / ARROWS as f64 - 1.0);
    (0..ARROWS).flat_map(|row| (0..ARROWS).map(move |column| [at(column), at(row)])).collect()
}

/// The field at those points; sizes above `most` are drawn like `most`.
pub(super) fn panel(title: &str, reach: f64, field: &[[f64; 2]], most: f64) -> Panel {
    let interval = (-reach, reach);
    let sizes = field.iter().map(|[x, y]| x.hypot(*y).ln_1p()).collect();
    let heat = Heat {
        x: interval,
        y: interval,
        columns: ARROWS,
        values: sizes,
        most: 2.5 * most.ln_1p(),
        shades: Shades::Blues,
    };
    let panel = Panel::new(title, "x₁", "x₂", interval, interval).with(Layer::Heat(heat));
    let length = 0.8 * 2.0 * reach / ARROWS as f64;
    points(reach).iter().zip(field).fold(panel, |panel, (&[x, y], &[u, v])| {
        let size = u.hypot(v);
        if !(size.is_finite() && size > 0.0) {
            return panel;
        }
        let (u, v) = (length * u / size, length * v / size);
        let tip = (x + 0.5 * u, y + 0.5 * v);
        // The head's two strokes, at 27° from the shaft.
        let stroke = |side: f64| (tip.0 - 0.35 * (u - 0.5 * side * v), tip.1 - 0.35 * (v + 0.5 * side * u));
        let shaft = [(x - 0.5 * u, y - 0.5 * v), tip, stroke(1.0), tip, stroke(-1.0)];
        panel.with(Layer::path("", Colour::BLACK, shaft))
    })
}
