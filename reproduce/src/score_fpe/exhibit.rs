//! The parts of the paper that are reproduced.

use std::str::FromStr;

/// A table, a figure or a statement of [Lai 2023].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhibit {
    /// Likelihoods of MNIST for every process, weighting and `γ`.
    Table1,
    /// `r_DSM` and `r_FP` along `t`, on MNIST.
    Figure1,
    /// The same on CIFAR-10, whose files are to be had.
    Figure1Cifar10,
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
    /// Both sides of inequality (7), in the plane.
    Proposition1,
    /// The score, the truth, and the score of what is generated, in the plane; with Lemma 3.
    Proposition2,
    /// Both sides of the inequality of Prop. 3, in the plane.
    Proposition3,
}

impl Exhibit {
    /// All parts that need no data but MNIST, those that take seconds first and the table last.
    pub const WITHOUT_CIFAR10: [Self; 10] = [
        Self::Figure2,
        Self::Figure4,
        Self::Figure5,
        Self::Figure6,
        Self::Proposition1,
        Self::Proposition2,
        Self::Proposition3,
        Self::Figure1,
        Self::Figure3,
        Self::Table1,
    ];

    /// All parts.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::WITHOUT_CIFAR10.into_iter().chain([Self::Figure1Cifar10])
    }

    /// Its name on the command line, and of its files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table1 => "table1",
            Self::Figure1 => "figure1",
            Self::Figure1Cifar10 => "figure1_cifar10",
            Self::Figure2 => "figure2",
            Self::Figure3 => "figure3",
            Self::Figure4 => "figure4",
            Self::Figure5 => "figure5",
            Self::Figure6 => "figure6",
            Self::Proposition1 => "proposition1",
            Self::Proposition2 => "proposition2",
            Self::Proposition3 => "proposition3",
        }
    }

    /// Its name in the paper.
    pub fn title(self) -> &'static str {
        match self {
            Self::Table1 => "Table 1",
            Self::Figure1 | Self::Figure1Cifar10 => "Figure 1",
            Self::Figure2 => "Figure 2",
            Self::Figure3 => "Figure 3",
            Self::Figure4 => "Figure 4",
            Self::Figure5 => "Figure 5",
            Self::Figure6 => "Figure 6",
            Self::Proposition1 => "Prop. 1",
            Self::Proposition2 => "Prop. 2 and Lemma 3",
            Self::Proposition3 => "Prop. 3",
        }
    }
}

impl FromStr for Exhibit {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::all().map(Self::name).collect::<Vec<_>>().join(", ");
        Self::all().find(|part| part.name() == name).ok_or_else(|| format!("there are {known}"))
    }
}
