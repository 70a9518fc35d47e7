//! Pictures and files of a figure.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fokker_files::FileError;
use image::{ImageFormat, RgbImage};
use plotters::prelude::*;

use crate::chart::{draw, placeholder, size};
use crate::{Colour, Figure, Heat, Layer, PlotError};

/// Pixels in a point of a PNG.
const SCALE: u32 = 2;

/// The files of a figure.
#[derive(Clone, Debug)]
pub struct Saved {
    /// The picture in pixels.
    pub png: PathBuf,
    /// The picture in lines and text.
    pub svg: PathBuf,
    /// The numbers.
    pub csv: Vec<PathBuf>,
}

/// A figure as PNG, two pixels to a point.
///
/// # Errors
/// A panel that cannot be drawn, such as one with an empty interval.
pub fn png(figure: &Figure) -> Result<Vec<u8>, PlotError> {
    let (width, height) = size(figure).map_err(|message| undrawn(figure, message))?;
    let (width, height) = (SCALE * width, SCALE * height);
    let mut pixels = vec![255u8; 3 * width as usize * height as usize];
    {
        let root = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        draw(figure, &root, f64::from(SCALE), false).map_err(|message| undrawn(figure, message))?;
    }
    let image = RgbImage::from_raw(width, height, pixels).expect("the buffer has the size of the picture");
    encode(&image).map_err(|message| undrawn(figure, message))
}

/// A figure as SVG; heat maps are embedded pictures, everything else is lines and text.
///
/// # Errors
/// As [`png`].
pub fn svg(figure: &Figure) -> Result<String, PlotError> {
    let mut text = String::new();
    let size = size(figure).map_err(|message| undrawn(figure, message))?;
    {
        let root = SVGBackend::with_string(&mut text, size).into_drawing_area();
        draw(figure, &root, 1.0, true).map_err(|message| undrawn(figure, message))?;
    }
    let heats = figure.panels.iter().flat_map(|panel| &panel.layers).filter_map(|layer| match layer {
        Layer::Heat(heat) => Some(heat),
        _ => None,
    });
    for (k, heat) in heats.enumerate() {
        text = embed(text, k, heat).map_err(|message| undrawn(figure, message))?;
    }
    Ok(text)
}

/// Makes the folder of figures before the work that they need is done.
///
/// # Errors
/// A folder that cannot be made.
pub fn folder(path: &Path) -> Result<(), PlotError> {
    Ok(fs::create_dir_all(path).map_err(|error| FileError::new("cannot make the folder", path, error))?)
}

/// Writes PNG, SVG, CSV and the caption into a folder. Everything is drawn before anything is written, and the files of
/// an older figure are replaced all together or not at all.
///
/// # Errors
/// A panel that cannot be drawn, a file that cannot be written.
pub fn save(figure: &Figure, folder: &Path) -> Result<Saved, PlotError> {
    let file = |ending: &str| folder.join(format!("{}{ending}", figure.name));
    let csv = figure.tables.iter().map(|table| match table.name.as_str() {
        "" => file(".csv"),
        name => file(&format!("-{name}.csv")),
    });
    let saved = Saved { png: file(".png"), svg: file(".svg"), csv: csv.collect() };
    let mut files = vec![(saved.png.clone(), png(figure)?), (saved.svg.clone(), svg(figure)?.into_bytes())];
    let tables = figure.tables.iter().map(|table| table.to_csv().into_bytes());
    files.extend(saved.csv.iter().cloned().zip(tables));
    files.push((file(".txt"), format!("{}\n\n{}\n", figure.title, figure.caption).into_bytes()));
    fokker_files::write_together(&files)?;
    Ok(saved)
}

fn undrawn(figure: &Figure, message: String) -> PlotError {
    PlotError::Undrawn { name: figure.name.clone(), message }
}

fn encode(image: &RgbImage) -> Result<Vec<u8>, String> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).map_err(|error| error.to_string())?;
    Ok(bytes.into_inner())
}

/// Puts the picture of a heat map where its placeholder is.
fn embed(svg: String, k: usize, heat: &Heat) -> Result<String, String> {
    let RGBColor(r, g, b) = placeholder(k);
    let mark = format!("fill=\"#{r:02X}{g:02X}{b:02X}\"");
    let at = svg.find(&mark).ok_or("a heat map lies outside of its panel")?;
    let start = svg[..at].rfind("<rect").ok_or("a placeholder is not a rectangle")?;
    let end = at + svg[at..].find('>').ok_or("a placeholder does not end")? + 1;
    let place = svg[start + 5..svg[start..].find(" opacity").map_or(at, |offset| start + offset)].trim();
    let rows = heat.values.len() / heat.columns;
    let image = RgbImage::from_fn(heat.columns as u32, rows as u32, |x, y| {
        let value = heat.values[(rows - 1 - y as usize) * heat.columns + x as usize];
        let Colour(r, g, b) = heat.shades.colour(value, heat.most);
        image::Rgb([r, g, b])
    });
    let data = base64(&encode(&image)?);
    let element = format!(
        "<image {place} preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" \
         href=\"data:image/png;base64,{data}\"/>"
    );
    Ok(format!("{}{element}{}", &svg[..start], &svg[end..]))
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Panel, Shades, Table};

    fn figure() -> Figure {
        let heat = Heat {
            x: (0.0, 1.0),
            y: (0.0, 1.0),
            columns: 2,
            values: vec![0.0, 1.0, 0.5, 0.2],
            most: 1.0,
            shades: Shades::Blues,
        };
        let panel = Panel::new("panel", "t", "x", (0.0, 1.0), (0.0, 1.0)).with(Layer::Heat(heat)).with(Layer::line(
            "σ² ≥ 0",
            Colour::RED,
            [(0.0, 0.0), (1.0, 1.0)],
        ));
        Figure {
            name: "test".into(),
            title: "A title with ∂p/∂t".into(),
            caption: "caption".into(),
            panels: vec![panel],
            columns: 1,
            panel_size: (300, 200),
            tables: vec![Table::of_columns("", &[("x", &[1.0])])],
        }
    }

    #[test]
    fn a_picture_has_text_in_it_and_heat_maps_are_embedded() {
        let svg = svg(&figure()).unwrap();
        assert!(svg.contains("A title with ∂p/∂t") && svg.contains("σ² ≥ 0"));
        assert!(svg.contains("<image ") && !svg.contains("#FA0000"), "{svg}");
        let image = image::load_from_memory(&png(&figure()).unwrap()).unwrap().to_rgb8();
        // The headline is black on white: dark pixels where the text is, none next to it.
        let dark = |x0: u32, x1: u32| {
            (x0..x1)
                .flat_map(|x| (0..60).map(move |y| (x, y)))
                .filter(|&(x, y)| image.get_pixel(x, y).0[0] < 100)
                .count()
        };
        assert!(dark(150, 450) > 100 && dark(0, 40) == 0, "{} {}", dark(150, 450), dark(0, 40));
    }
}
