//! Why a sampler cannot run.

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SamplingError {
    /// A field of the sampler has a value that does not work.
    #[error("{key}: {message}")]
    Config {
        /// The field, with all sections it is in.
        key: String,
        /// What is wrong and what would be right.
        message: String,
    },
    /// The observer ended the draw.
    #[error("stopped")]
    Stopped,
}

impl SamplingError {
    /// A value of the section `sampler` that does not work.
    pub(crate) fn sampler(key: &str, message: impl Into<String>) -> Self {
        Self::Config { key: format!("sampler.{key}"), message: message.into() }
    }

    /// An argument that does not work.
    pub(crate) fn argument(key: &str, message: impl Into<String>) -> Self {
        Self::Config { key: key.into(), message: message.into() }
    }
}
