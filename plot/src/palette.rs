//! Colours.

/// Red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub u8, pub u8, pub u8);

impl Colour {
    /// Sample paths ([SDE tutorial]: "Red lines show randomly selected sample paths").
    pub const RED: Self = Self(0xc8, 0x1e, 0x1e);
    /// Exact densities.
    pub const BLACK: Self = Self(0x20, 0x20, 0x20);
    /// Computed curves.
    pub const BLUE: Self = Self(0x2b, 0x6c, 0xb0);
    /// Histograms.
    pub const SKY: Self = Self(0xa8, 0xcb, 0xe8);
    /// Bounds.
    pub const ORANGE: Self = Self(0xdd, 0x7a, 0x13);
    /// Fourth curve.
    pub const GREEN: Self = Self(0x2e, 0x8b, 0x57);
    /// Fifth curve.
    pub const PURPLE: Self = Self(0x7b, 0x4f, 0xa3);
    /// Background and de-emphasised curves.
    pub const GREY: Self = Self(0x99, 0x99, 0x99);

    /// Curves that differ by a number.
    pub const CYCLE: [Self; 10] = [
        Self::BLUE,
        Self::ORANGE,
        Self::GREEN,
        Self::RED,
        Self::PURPLE,
        Self::GREY,
        Self(0x17, 0xbe, 0xcf),
        Self(0x8c, 0x56, 0x4b),
        Self(0xe3, 0x77, 0xc2),
        Self(0xbc, 0xbd, 0x22),
    ];
}

/// Colours of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shades {
    /// White to dark blue: densities.
    Blues,
    /// Black to white: pixels.
    Grey,
    /// Blue over white to red: signed numbers.
    Diverging,
}

impl Shades {
    /// The colour of a number whose largest is `most`.
    pub fn colour(self, value: f64, most: f64) -> Colour {
        let part = if most > 0.0 { value / most } else { 0.0 };
        match self {
            Self::Grey => between(&[Colour(0, 0, 0), Colour(255, 255, 255)], part),
            Self::Blues => between(
                &[Colour(255, 255, 255), Colour(198, 219, 239), Colour(107, 174, 214), Colour(8, 48, 107)],
                part,
            ),
            Self::Diverging => between(
                &[
                    Colour(33, 102, 172),
                    Colour(146, 197, 222),
                    Colour(255, 255, 255),
                    Colour(244, 165, 130),
                    Colour(178, 24, 43),
                ],
                0.5 * (part + 1.0),
            ),
        }
    }
}

fn between(stops: &[Colour], part: f64) -> Colour {
    let place = if part.is_finite() { part.clamp(0.0, 1.0) * (stops.len() - 1) as f64 } else { 0.0 };
    let first = (place as usize).min(stops.len() - 2);
    let (a, b, t) = (stops[first], stops[first + 1], place - first as f64);
    let mix = |a: u8, b: u8| (f64::from(a) + t * (f64::from(b) - f64::from(a))).round() as u8;
    Colour(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}
