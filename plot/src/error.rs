//! What can go wrong with a picture.

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// A figure that cannot be drawn, such as one with an empty interval.
    #[error("figure {name} cannot be drawn: {message}")]
    Undrawn {
        /// The figure.
        name: String,
        /// The cause.
        message: String,
    },
    /// A file that cannot be written.
    #[error(transparent)]
    File(#[from] fokker_files::FileError),
}
