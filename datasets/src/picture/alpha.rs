//! Transparency.

use std::io::Cursor;

use image::{DynamicImage, Rgb, Rgb32FImage, RgbImage, Rgba32FImage};

use super::Background;

/// Lays a picture on a background, in the depth it has: `c α + b (1 − α)`. A picture without alpha stays as it is.
pub(super) fn on_background(image: DynamicImage, background: Background) -> DynamicImage {
    if !image.color().has_alpha() {
        return image;
    }
    let (width, height) = (image.width(), image.height());
    if image.color().bytes_per_pixel() == image.color().channel_count() {
        let source = image.into_rgba8();
        let over = |x, y| {
            let [red, green, blue, alpha] = source.get_pixel(x, y).0.map(u32::from);
            let mixed =
                |colour: u32, below: u8| ((colour * alpha + u32::from(below) * (255 - alpha) + 127) / 255) as u8;
            let [r, g, b] = background.0;
            Rgb([mixed(red, r), mixed(green, g), mixed(blue, b)])
        };
        return RgbImage::from_fn(width, height, over).into();
    }
    let source = image.into_rgba32f();
    let over = |x, y| {
        let [red, green, blue, alpha] = source.get_pixel(x, y).0;
        let mixed = |colour: f32, below: u8| colour * alpha + f32::from(below) / 255.0 * (1.0 - alpha);
        let [r, g, b] = background.0;
        Rgb([mixed(red, r), mixed(green, g), mixed(blue, b)])
    };
    Rgb32FImage::from_fn(width, height, over).into()
}

/// Colours times alpha: what may be averaged, because a pixel that is not seen then weighs nothing.
pub(super) fn premultiplied(image: DynamicImage) -> Rgba32FImage {
    let mut image = image.into_rgba32f();
    for pixel in image.pixels_mut() {
        let alpha = pixel.0[3];
        pixel.0[..3].iter_mut().for_each(|colour| *colour *= alpha);
    }
    image
}

/// Colours again, in whole levels up to `highest`, a pixel after the other. Where nothing is seen they are 0.
pub(super) fn straight(image: &Rgba32FImage, highest: u16) -> impl Iterator<Item = u16> + '_ {
    let level = move |value: f32| (f32::from(highest) * value.clamp(0.0, 1.0)).round() as u16;
    image.pixels().flat_map(move |pixel| {
        let [red, green, blue, alpha] = pixel.0;
        let opacity = level(alpha);
        let colour = |value: f32| if opacity == 0 { 0 } else { level(value / alpha) };
        [colour(red), colour(green), colour(blue), opacity]
    })
}

/// TIFF says what its extra channel is: straight alpha, alpha that colours are multiplied with, or something else, which
/// is no transparency (TIFF 6.0, ExtraSamples).
pub(super) fn straighten_tiff(image: &mut DynamicImage, bytes: &[u8]) {
    if !image.color().has_alpha() {
        return;
    }
    let meaning = tiff::decoder::Decoder::new(Cursor::new(bytes))
        .and_then(|mut decoder| decoder.get_tag_u16_vec(tiff::tags::Tag::ExtraSamples))
        .ok()
        .and_then(|samples| samples.first().copied());
    match meaning {
        Some(0) => *image = opaque(image),
        Some(1) => {
            let mut straight = image.to_rgba32f();
            for pixel in straight.pixels_mut() {
                let alpha = pixel.0[3];
                let divided = |colour: f32| if alpha > 0.0 { (colour / alpha).min(1.0) } else { 0.0 };
                pixel.0[..3].iter_mut().for_each(|colour| *colour = divided(*colour));
            }
            *image = straight.into();
        }
        _ => {}
    }
}

/// The same without its last channel.
fn opaque(image: &DynamicImage) -> DynamicImage {
    match image {
        DynamicImage::ImageLumaA8(_) => image.to_luma8().into(),
        DynamicImage::ImageLumaA16(_) => image.to_luma16().into(),
        DynamicImage::ImageRgba8(_) => image.to_rgb8().into(),
        DynamicImage::ImageRgba16(_) => image.to_rgb16().into(),
        _ => image.to_rgb32f().into(),
    }
}
