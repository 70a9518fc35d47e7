//! A picture with words at its rows and columns.

use image::RgbImage;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::PlotError;
use crate::chart::register;
use crate::drawing::FAMILY;

/// Height of the letters in pixels.
const LETTERS: i32 = 14;

/// Space between words and picture.
const GAP: i32 = 6;

/// A picture made of tiles of one size, with the names of its columns above and those of its rows to the left; `tile` is the width and the
/// height of a tile with the gap to the next.
///
/// # Errors
/// A picture that is too large to draw on.
pub fn labelled(
    picture: &RgbImage,
    tile: (u32, u32),
    columns: &[String],
    rows: &[String],
) -> Result<RgbImage, PlotError> {
    register();
    let failed = |message: String| PlotError::Undrawn { name: "grid".into(), message };
    let font = (FAMILY, LETTERS).into_font();
    let width_of = |text: &String| font.layout_box(text).map(|((x0, _), (x1, _))| x1 - x0).unwrap_or(0);
    let left = rows.iter().map(width_of).max().unwrap_or(0) + 2 * GAP;
    let top = LETTERS + 2 * GAP;
    let (width, height) = (picture.width() + left as u32, picture.height() + top as u32);
    let mut pixels = vec![255u8; 3 * width as usize * height as usize];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        let at = |h: HPos, v: VPos| font.color(&BLACK).pos(Pos::new(h, v));
        let middle = |k: usize, side: u32| (k as u32 * side + side / 2) as i32;
        let draw = |text: &String, place: (i32, i32), style: TextStyle| {
            area.draw(&Text::new(text.clone(), place, style)).map_err(|error| failed(error.to_string()))
        };
        for (k, name) in columns.iter().enumerate() {
            draw(name, (left + middle(k, tile.0), top - GAP), at(HPos::Center, VPos::Bottom))?;
        }
        for (k, name) in rows.iter().enumerate() {
            draw(name, (left - GAP, top + middle(k, tile.1)), at(HPos::Right, VPos::Center))?;
        }
        area.present().map_err(|error| failed(error.to_string()))?;
    }
    let mut labelled = RgbImage::from_raw(width, height, pixels).ok_or_else(|| failed("no room".into()))?;
    image::imageops::replace(&mut labelled, picture, i64::from(left), i64::from(top));
    Ok(labelled)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dark letters are above and to the left of the picture, and the picture is as it was.
    #[test]
    fn words_stand_outside_of_the_picture() {
        let red = RgbImage::from_pixel(80, 60, image::Rgb([255, 0, 0]));
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_string()).collect::<Vec<_>>();
        let labelled = labelled(&red, (40, 30), &names(&["0", "1.5"]), &names(&["zero", "one"])).unwrap();
        let (left, top) = (labelled.width() - 80, labelled.height() - 60);
        assert!(left > 20 && top > 15, "{left} {top}");
        let dark = |x: std::ops::Range<u32>, y: std::ops::Range<u32>| {
            let pixels = x.flat_map(|x| y.clone().map(move |y| (x, y)));
            pixels.filter(|&(x, y)| labelled.get_pixel(x, y).0.iter().all(|&value| value < 128)).count()
        };
        assert!(dark(left..left + 40, 0..top) > 5 && dark(left + 40..left + 80, 0..top) > 5);
        assert!(dark(0..left, top..top + 30) > 5 && dark(0..left, top + 30..top + 60) > 5);
        assert!((left..left + 80).all(|x| (top..top + 60).all(|y| labelled.get_pixel(x, y).0 == [255, 0, 0])));
    }
}
