//! Folders of pictures as the tests open them.

use fokker_datasets::{DataPath, DatasetConfig, DatasetError, FolderConfig, Opened, Split};

/// All parts.
pub const ALL: [Split; 3] = [Split::Train, Split::Validation, Split::Test];

/// All parts of a folder.
pub fn open(config: &FolderConfig) -> Result<Opened, DatasetError> {
    DatasetConfig::from(config.clone()).open_parts(&DataPath::only("nowhere"), &ALL, 0)
}

/// Why a folder cannot be opened.
pub fn refusal(config: &FolderConfig) -> String {
    open(config).err().unwrap().to_string()
}
