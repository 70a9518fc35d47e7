//! Geometric augmentation of pictures whose parameters the network sees (Karras et al. 2022, appendix F.2).
//!
//! A training picture is moved by chance, and the network gets the numbers that say how. It learns the moved pictures as other laws, and asked
//! with zeros it draws pictures that were not moved: augmentation does not leak into the samples. Data sets of any number of channels have it;
//! their colours stay.
//!
//! | operation | numbers | what the network sees |
//! |---|---|---|
//! | mirrored left to right | `a₀` in {0, 1} | `a₀` |
//! | mirrored top to bottom | `a₁` in {0, 1} | `a₁` |
//! | scaled by `2^{s a₂}` | `a₂` normal | `a₂` |
//! | turned by `a₃` | `a₃` uniform in ±π times `rotation` | `cos a₃ − 1`, `sin a₃` |
//! | stretched by `2^{s a₅}` along `a₄` and shrunk across | `a₅` normal, `a₄` uniform in ±π | `a₅ cos a₄`, `a₅ sin a₄` |
//! | moved by `s a₆` widths and `s a₇` heights | `a₆`, `a₇` normal | `a₆`, `a₇` |
//!
//! Each operation but the first happens with a probability; what does not happen has zeros. All random numbers of a training example are those of
//! (seed, [`Index::geometry`], position), and each operation takes its own whether it happens or not: what is switched off changes nothing
//! else. Conditions are those of the picture before it is moved.

mod resampling;

use std::f64::consts::PI;

use fokker_random::{Index, fill_normals};
use rand::Rng as _;
use serde::{Deserialize, Serialize};

use crate::{DatasetError, Orientation};
use resampling::resample;

/// The section `preprocessing.augmentation`. The defaults are those of Karras et al. 2022 for CIFAR-10.
///
/// ```
/// use fokker_datasets::{Augmentation, AugmentationConfig};
///
/// // Digits are moved and scaled, and have an up and a left.
/// let config = AugmentationConfig { x_flip: false, y_flip: false, rotation: 0.0, ..Default::default() };
/// let moved = config.draw(0, 17);
/// assert_eq!(moved, config.draw(0, 17));
/// assert_eq!((moved.vector()[0], moved.vector()[3]), (0.0, 0.0));
/// // What is not moved is not changed, to the last bit.
/// let mut picture = [1.0, 2.0, 3.0, 4.0];
/// Augmentation::NONE.apply(&mut picture, &[1, 2, 2]);
/// assert_eq!(picture, [1.0, 2.0, 3.0, 4.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentationConfig {
    /// The probability of each operation but `x_flip`, whose is one half. Default 0.12.
    pub probability: f64,
    /// Whether pictures are mirrored left to right. Default true.
    pub x_flip: bool,
    /// Whether they are mirrored top to bottom: half of those that `probability` chooses. Default true.
    pub y_flip: bool,
    /// The deviation of the logarithm of the scale to base 2; 0 for none. Default 0.2.
    pub scaling: f64,
    /// The largest turn as a share of half a turn; 0 for none. Default 1.
    pub rotation: f64,
    /// The deviation of the logarithm of the stretch to base 2; 0 for none. Default 0.2.
    pub anisotropy: f64,
    /// The deviation of the movement as a share of width and height; 0 for none. Default 0.125.
    pub translation: f64,
}

impl Default for AugmentationConfig {
    fn default() -> Self {
        Self {
            probability: 0.12,
            x_flip: true,
            y_flip: true,
            scaling: 0.2,
            rotation: 1.0,
            anisotropy: 0.2,
            translation: 0.125,
        }
    }
}

/// How one picture is moved: the numbers `a₀ … a₇` with the strengths that they are for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Augmentation {
    /// `a₀`: mirrored left to right.
    pub x_flip: bool,
    /// `a₁`: mirrored top to bottom.
    pub y_flip: bool,
    /// `a₂`, in units of its deviation.
    pub scaling: f64,
    /// `a₃` in radians.
    pub rotation: f64,
    /// `a₄` in radians: the direction of the stretch.
    pub direction: f64,
    /// `a₅`, in units of its deviation.
    pub anisotropy: f64,
    /// `a₆` and `a₇`, in units of their deviation.
    pub translation: [f64; 2],
    /// The deviations of scaling, anisotropy and translation, as [`AugmentationConfig`] has them.
    pub strengths: [f64; 3],
}

/// Row-major, for columns `(x, y, 1)` in pixels from the middle.
pub(crate) type Affine = [[f64; 3]; 2];

impl AugmentationConfig {
    /// Checks the numbers.
    ///
    /// # Errors
    /// [`DatasetError::Config`] naming the key.
    pub fn check(&self) -> Result<(), DatasetError> {
        let refuse = |key: &str, problem: String| {
            Err(DatasetError::config(format!("preprocessing.augmentation.{key}"), problem))
        };
        for (key, value) in [("probability", self.probability), ("rotation", self.rotation)] {
            if !(0.0..=1.0).contains(&value) {
                return refuse(key, format!("{value}; expected a number from 0 to 1"));
            }
        }
        let strengths = [("scaling", self.scaling), ("anisotropy", self.anisotropy), ("translation", self.translation)];
        match strengths.iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            Some((key, value)) => refuse(key, format!("{value}; expected a deviation from 0 to 1")),
            None => Ok(()),
        }
    }

    /// How training example number `position` of the endless stream is moved.
    pub fn draw(&self, seed: u64, position: u64) -> Augmentation {
        let mut rng = Index::geometry(position).rng(seed);
        let mut uniform = || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        // Every number is drawn, whatever is switched on.
        let coins = [uniform() < 0.5, uniform() < 0.5];
        let mut happens = || uniform() < self.probability;
        let [upside_down, scaled, turned, stretched, moved] = std::array::from_fn(|_| happens());
        let [turn, direction] = std::array::from_fn(|_| (2.0 * uniform() - 1.0) * PI);
        let mut normals = [0.0f32; 4];
        fill_normals(&mut rng, &mut normals);
        let normal = |happens: bool, strength: f64, place: usize| match happens && strength > 0.0 {
            true => f64::from(normals[place]),
            false => 0.0,
        };
        let is_stretched = stretched && self.anisotropy > 0.0;
        Augmentation {
            x_flip: self.x_flip && coins[0],
            y_flip: self.y_flip && upside_down && coins[1],
            scaling: normal(scaled, self.scaling, 0),
            rotation: if turned { self.rotation * turn } else { 0.0 },
            direction: if is_stretched { direction } else { 0.0 },
            anisotropy: normal(stretched, self.anisotropy, 1),
            translation: [normal(moved, self.translation, 2), normal(moved, self.translation, 3)],
            strengths: [self.scaling, self.anisotropy, self.translation],
        }
    }
}

impl Augmentation {
    /// The numbers that a network sees.
    pub const SIZE: usize = 9;

    /// A picture that is not moved.
    pub const NONE: Self = Self {
        x_flip: false,
        y_flip: false,
        scaling: 0.0,
        rotation: 0.0,
        direction: 0.0,
        anisotropy: 0.0,
        translation: [0.0; 2],
        strengths: [0.0; 3],
    };

    /// What the network sees (Karras et al. 2022, table 6); zeros for a picture that is not moved.
    pub fn vector(&self) -> [f32; Self::SIZE] {
        let bit = |is: bool| f64::from(u8::from(is));
        let (along, across) = (self.direction.cos(), self.direction.sin());
        [
            bit(self.x_flip),
            bit(self.y_flip),
            self.scaling,
            self.rotation.cos() - 1.0,
            self.rotation.sin(),
            self.anisotropy * along,
            self.anisotropy * across,
            self.translation[0],
            self.translation[1],
        ]
        .map(|number| number as f32)
    }

    /// Moves a picture `[channels, height, width]`, all channels alike. What comes in at an edge is the picture mirrored there.
    pub fn apply(&self, values: &mut [f32], shape: &[usize]) {
        let &[_, height, width] = shape else { return };
        // Mirrors are exact. What is not moved besides is not resampled, which would only round.
        Orientation { mirrored: self.x_flip, upside_down: self.y_flip, quarter_turns: 0 }.apply(values, shape);
        let map = self.inverse([height, width]);
        if map != scales(1.0, 1.0) {
            resample(values, [height, width], &map);
        }
    }

    /// From a place in the moved picture to the place in the mirrored one that is seen there:
    /// `S(2^{−s a₂}) R(a₃) R(−a₄) S(2^{−s a₅}, 2^{s a₅}) R(a₄) T(−s a₆ W, −s a₇ H)`, with scales `S`, turns `R` and a movement `T`.
    pub(crate) fn inverse(&self, [height, width]: [usize; 2]) -> Affine {
        let [scaling, anisotropy, translation] = self.strengths;
        let scale = (-scaling * self.scaling).exp2();
        let stretch = (anisotropy * self.anisotropy).exp2();
        let shift = [width, height].map(|side| translation * side as f64);
        let factors = [
            scales(scale, scale),
            turn(self.rotation),
            turn(-self.direction),
            scales(stretch.recip(), stretch),
            turn(self.direction),
            [[1.0, 0.0, -shift[0] * self.translation[0]], [0.0, 1.0, -shift[1] * self.translation[1]]],
        ];
        factors.into_iter().fold(scales(1.0, 1.0), product)
    }
}

fn scales(x: f64, y: f64) -> Affine {
    [[x, 0.0, 0.0], [0.0, y, 0.0]]
}

fn turn(angle: f64) -> Affine {
    let (sin, cos) = angle.sin_cos();
    [[cos, -sin, 0.0], [sin, cos, 0.0]]
}

fn product(a: Affine, b: Affine) -> Affine {
    std::array::from_fn(|row| {
        std::array::from_fn(|column| {
            let linear = a[row][0] * b[0][column] + a[row][1] * b[1][column];
            if column == 2 { linear + a[row][2] } else { linear }
        })
    })
}
