//! The colour that transparent pictures are laid on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A colour, 8 bits of red, green and blue. In a config: a name (`"white"`), `"#rrggbb"`, or `[r, g, b]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Background(pub [u8; 3]);

/// Colours by name, as CSS has them.
const NAMED: [(&str, [u8; 3]); 11] = [
    ("white", [255, 255, 255]),
    ("black", [0, 0, 0]),
    ("grey", [128, 128, 128]),
    ("gray", [128, 128, 128]),
    ("red", [255, 0, 0]),
    ("green", [0, 128, 0]),
    ("blue", [0, 0, 255]),
    ("yellow", [255, 255, 0]),
    ("cyan", [0, 255, 255]),
    ("magenta", [255, 0, 255]),
    ("lime", [0, 255, 0]),
];

impl Background {
    /// White, the default.
    pub const WHITE: Self = Self([255; 3]);
    /// Black.
    pub const BLACK: Self = Self([0; 3]);
}

impl Default for Background {
    fn default() -> Self {
        Self::WHITE
    }
}

impl fmt::Display for Background {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(formatter, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl FromStr for Background {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = text.trim();
        if let Some((_, colour)) = NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)) {
            return Ok(Self(*colour));
        }
        let digits = wanted.strip_prefix('#').filter(|digits| digits.chars().all(|digit| digit.is_ascii_hexdigit()));
        let number = |range: std::ops::Range<usize>| digits.and_then(|d| u8::from_str_radix(d.get(range)?, 16).ok());
        let colour = match digits.map(str::len) {
            Some(6) => [0, 2, 4].map(|at| number(at..at + 2)),
            Some(3) => [0, 1, 2].map(|at| number(at..at + 1).map(|digit| 17 * digit)),
            _ => [None; 3],
        };
        match colour {
            [Some(red), Some(green), Some(blue)] => Ok(Self([red, green, blue])),
            _ => {
                let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
                Err(format!("{text:?} is no colour; expected \"#rrggbb\", [r, g, b], or one of {}", names.join(", ")))
            }
        }
    }
}

impl Serialize for Background {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Background {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "expected a colour: a name, \"#rrggbb\", or [r, g, b] with numbers from 0 to 255"
        )]
        enum Written {
            Text(String),
            Numbers([u8; 3]),
        }
        match Written::deserialize(deserializer)? {
            Written::Text(text) => text.parse().map_err(serde::de::Error::custom),
            Written::Numbers(colour) => Ok(Self(colour)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_names_digits_or_numbers() {
        #[derive(Deserialize, Debug)]
        struct Holder {
            background: Background,
        }
        let read = |value: &str| toml::from_str::<Holder>(&format!("background = {value}")).map(|h| h.background.0);
        for (value, colour) in [
            ("'white'", [255, 255, 255]),
            ("'Black'", [0, 0, 0]),
            ("'#0aF010'", [10, 240, 16]),
            ("'#f08'", [255, 0, 136]),
            ("[1, 2, 3]", [1, 2, 3]),
        ] {
            assert_eq!(read(value).unwrap(), colour, "{value}");
        }
        for value in ["'whiite'", "'#12345'", "'#é2345'", "[1, 2]", "[1, 2, 256]", "7"] {
            let message = read(value).unwrap_err().to_string();
            assert!(message.contains("#rrggbb"), "{value}: {message}");
        }
        assert_eq!("#0af010".parse::<Background>().unwrap().to_string(), "#0af010");
    }
}
