//! The parts of the paper that are reproduced.

use std::str::FromStr;

/// A table or a figure of [Lai 2023].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhibit {
    /// Likelihoods of MNIST for every process, weighting and `γ`.
    Table1,
    /// `r_DSM` and `r_FP` along `t`, on MNIST.
    Figure1,
    /// A density in the plane, and that of the probability flow with and without the regulariser.
    Figure2,
    /// Digits.
    Figure3,
    /// Points drawn with the score of eq. 11.
    Figure4,
    /// The score of eq. 11 at the first time.
    Figure5,
    /// `r_FP` along `t`, in the plane.
    Figure6,
}

impl Exhibit {
    /// All parts, those that take seconds first and the table last.
    pub const ALL: [Self; 7] =
        [Self::Figure2, Self::Figure4, Self::Figure5, Self::Figure6, Self::Figure1, Self::Figure3, Self::Table1];

    /// Its name on the command line, and of its files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table1 => "table1",
            Self::Figure1 => "figure1",
            Self::Figure2 => "figure2",
            Self::Figure3 => "figure3",
            Self::Figure4 => "figure4",
            Self::Figure5 => "figure5",
            Self::Figure6 => "figure6",
        }
    }

    /// Its name in the paper.
    pub fn title(self) -> &'static str {
        match self {
            Self::Table1 => "Table 1",
            Self::Figure1 => "Figure 1",
            Self::Figure2 => "Figure 2",
            Self::Figure3 => "Figure 3",
            Self::Figure4 => "Figure 4",
            Self::Figure5 => "Figure 5",
            Self::Figure6 => "Figure 6",
        }
    }
}

impl FromStr for Exhibit {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|part| part.name() == name).ok_or_else(|| format!("there are {known}"))
    }
}
