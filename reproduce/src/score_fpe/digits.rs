//! Figure 3: digits drawn with and without the regulariser.

use fokker_plot::{Figure, Heat, Layer, Panel, Shades, Table};

use super::cell::{Cell, Lambda, Sde};
use super::run::{described, trained};
use super::{Exhibit, Reproduction};
use fokker::DrawRequest;
use fokker::Error;
use fokker::sample;

pub(super) fn make(reproduction: &Reproduction) -> Result<Figure, Error> {
    let side = reproduction.numbers().side;
    let (mut panels, mut table, mut steps) = (Vec::new(), Vec::new(), 0);
    for sde in [Sde::Ve, Sde::Vp] {
        for gamma in [0.0, 1.0] {
            let run =
                trained(Cell { sde, lambda: Lambda::Likelihood, gamma, seed: 0 }.config(reproduction)?, reproduction)?;
            steps = run.config.training.steps;
            let request = DrawRequest::new(run.config.sampler.clone(), side * side);
            let backend = format!("backend.name={}", run.config.backend.resolve()?.backend.name());
            let samples = sample(&run.checkpoint, &[backend], |_| Ok(request), &*run.monitor)?;
            let &[_, height, width] = samples.kind.shape.as_slice() else {
                return Err(Error::Usage("Figure 3 is of images".into()));
            };
            let levels: Vec<f64> =
                samples.values.iter().map(|&value| f64::from(samples.kind.preprocessing.to_u8(value))).collect();
            table.push([sde as usize as f64, gamma, levels.iter().sum::<f64>() / levels.len() as f64]);
            panels.push(mosaic(&described(&run.config)?, &levels, side, height, width));
        }
    }
    let caption =
        format!("Draws by the probability flow with the same initial noise, after {steps} steps of training.");
    let table = Table {
        name: String::new(),
        columns: ["process (VE 0, VP 1)", "gamma", "mean grey level"].map(String::from).to_vec(),
        rows: table.into_iter().map(|row| row.to_vec()).collect(),
    };
    let figure = reproduction.figure(Exhibit::Figure3, "Digits drawn with and without the regulariser", caption);
    Ok(Figure { panels, tables: vec![table], columns: 4, panel_size: (240, 265), ..figure })
}

/// Pictures in a square, the first at the top left.
fn mosaic(title: &str, levels: &[f64], side: usize, height: usize, width: usize) -> Panel {
    let (rows, columns) = (side * height, side * width);
    let pixel = |row: usize, column: usize| {
        let picture = row / height * side + column / width;
        levels[(picture * height + row % height) * width + column % width]
    };
    // Heat maps begin with the lowest row.
    let values = (0..rows).rev().flat_map(|row| (0..columns).map(move |column| pixel(row, column))).collect();
    let (x, y) = ((0.0, columns as f64), (0.0, rows as f64));
    let heat = Heat { x, y, columns, values, most: 255.0, shades: Shades::Grey };
    let mut panel = Panel::new(title, "", "", x, y).with(Layer::Heat(heat));
    panel.axes = false;
    panel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_picture_is_at_the_top_left() {
        // Four pictures of 1 × 2 pixels.
        let levels: Vec<f64> = (0..8).map(f64::from).collect();
        let panel = mosaic("", &levels, 2, 1, 2);
        let Layer::Heat(heat) = &panel.layers[0] else { panic!("a mosaic is a heat map") };
        assert_eq!(heat.values, [4.0, 5.0, 6.0, 7.0, 0.0, 1.0, 2.0, 3.0]);
    }
}
