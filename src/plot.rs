//! Line charts as SVG, both axes logarithmic.

/// A line.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// x and y, both positive.
    pub points: Vec<(f64, f64)>,
}

/// A chart of several lines.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Its title.
    pub title: String,
    /// The lines.
    pub series: Vec<Series>,
}

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 30.0;
const LEGEND: f64 = 15.0;
const COLORS: [&str; 10] =
    ["#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22"];

/// Panels side by side with the same axes, a legend below each, and a dashed line at `floor`, if any.
pub fn chart(panels: &[Panel], x_label: &str, y_label: &str, floor: Option<f64>) -> String {
    let points = || panels.iter().flat_map(|panel| &panel.series).flat_map(|series| &series.points);
    let finite = |value: &f64| value.is_finite() && *value > 0.0;
    let range = |values: Vec<f64>| {
        let low = values.iter().copied().filter(|v| finite(v)).fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().filter(|v| finite(v)).fold(f64::NEG_INFINITY, f64::max);
        if low < high { (low / 1.1, high * 1.1) } else { (0.1, 10.0) }
    };
    let (x0, x1) = range(points().map(|point| point.0).collect());
    let (y0, y1) = range(points().map(|point| point.1).chain(floor).collect());
    let rows = panels.iter().map(|panel| panel.series.len()).max().unwrap_or(0) as f64;
    let (width, height) = (panels.len() as f64 * (WIDTH + LEFT) + 20.0, TOP + HEIGHT + 60.0 + LEGEND * rows);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" \
         font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for (number, panel) in panels.iter().enumerate() {
        let left = LEFT + number as f64 * (WIDTH + LEFT);
        let x = |value: f64| left + (value / x0).ln() / (x1 / x0).ln() * (WIDTH - 20.0);
        let y = |value: f64| TOP + HEIGHT - (value / y0).ln() / (y1 / y0).ln() * HEIGHT;
        svg += &format!("<text x=\"{left}\" y=\"18\" font-size=\"14\">{}</text>\n", panel.title);
        for tick in ticks(x0, x1) {
            let at = x(tick);
            svg += &line([at, TOP, at, TOP + HEIGHT], "#dddddd", "");
            svg += &format!("<text x=\"{at}\" y=\"{}\" text-anchor=\"middle\">{tick}</text>\n", TOP + HEIGHT + 14.0);
        }
        for tick in ticks(y0, y1) {
            let at = y(tick);
            svg += &line([left, at, left + WIDTH - 20.0, at], "#dddddd", "");
            svg += &format!("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{tick}</text>\n", left - 4.0, at + 4.0);
        }
        if let Some(floor) = floor.map(y) {
            svg += &line([left, floor, left + WIDTH - 20.0, floor], "black", " stroke-dasharray=\"4 3\"");
        }
        let middle = left + 0.5 * WIDTH;
        svg += &format!("<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{x_label}</text>\n", TOP + HEIGHT + 30.0);
        if number == 0 {
            let (at, middle) = (14.0, TOP + 0.5 * HEIGHT);
            let turned = format!("transform=\"rotate(-90 {at} {middle})\"");
            svg += &format!("<text x=\"{at}\" y=\"{middle}\" text-anchor=\"middle\" {turned}>{y_label}</text>\n");
        }
        for (index, series) in panel.series.iter().enumerate() {
            let color = COLORS[index % COLORS.len()];
            // The eleventh line and further ones have a colour again, but dashes.
            let dashes = if index < COLORS.len() { "" } else { " stroke-dasharray=\"6 3\"" };
            let shown = series.points.iter().filter(|point| finite(&point.0) && finite(&point.1));
            let path: Vec<String> = shown.map(|&(a, b)| format!("{:.1},{:.1}", x(a), y(b))).collect();
            svg += &format!(
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"1.6\"{dashes}/>\n",
                path.join(" ")
            );
            let at = TOP + HEIGHT + 50.0 + LEGEND * index as f64;
            svg += &line([left, at - 4.0, left + 24.0, at - 4.0], color, &format!(" stroke-width=\"2\"{dashes}"));
            svg += &format!("<text x=\"{}\" y=\"{at}\">{}</text>\n", left + 30.0, series.name);
        }
    }
    svg + "</svg>\n"
}

fn line([x1, y1, x2, y2]: [f64; 4], color: &str, more: &str) -> String {
    format!("<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{color}\"{more}/>\n")
}

/// 1, 2 and 5 times the powers of ten within a range.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let first = low.log10().floor() as i32;
    let last = high.log10().ceil() as i32;
    let candidates = (first..=last).flat_map(|power| [1, 2, 5].map(|digit| format!("{digit}e{power}")));
    candidates.filter_map(|text| text.parse().ok()).filter(|tick| (low..=high).contains(tick)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        assert_eq!(ticks(0.03, 2.5), [0.05, 0.1, 0.2, 0.5, 1.0, 2.0]);
    }

    #[test]
    fn a_chart_shows_every_line_and_skips_what_is_not_a_number() {
        let series = Series { name: "one".into(), points: vec![(1.0, 1.0), (10.0, f64::NAN), (100.0, 0.1)] };
        let svg = chart(&[Panel { title: "t".into(), series: vec![series] }], "x", "y", Some(0.05));
        assert!(!svg.contains("NaN") && svg.contains(">one<"));
        let line = svg.lines().find(|line| line.starts_with("<polyline")).unwrap();
        assert_eq!(line.matches(',').count(), 2);
    }
}
