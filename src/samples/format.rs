//! What the name of a file of samples means.

use std::path::Path;

use super::array_file::ArrayFormat;
use super::kind::SampleKind;
use super::picture::Pictures;
use super::picture_format::PictureFormat;
use crate::error::Error;

/// How samples are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SampleFormat {
    /// One picture: images in a grid, or points in the plane as their density.
    Picture(PictureFormat),
    /// Numbers in data units.
    Array(ArrayFormat),
    /// A folder: a picture for each image, or a table for each batch of vectors.
    Folder,
}

/// The most bytes that a picture is made of: all its images are in memory at once.
pub(super) const LARGEST_PICTURE: usize = 1 << 30;

impl SampleFormat {
    /// The format that a path means for samples of a kind.
    ///
    /// ```
    /// use fokker::datasets::Preprocessing;
    /// use fokker::samples::{ArrayFormat, PictureFormat, SampleFormat, SampleKind};
    ///
    /// let digits = SampleKind::images([1, 28, 28], Preprocessing::default());
    /// let fields = SampleKind::numbers([2, 28, 28], Preprocessing::RAW);
    /// let format = |name: &str, kind: &SampleKind| SampleFormat::of(name.as_ref(), kind);
    /// assert_eq!(format("digits.png", &digits)?, SampleFormat::Picture(PictureFormat::Png));
    /// assert_eq!(format("fields.csv", &fields)?, SampleFormat::Array(ArrayFormat::Csv));
    /// assert!(format("digits.bmp", &digits).is_err() && format("fields.png", &fields).is_err());
    /// # Ok::<(), fokker::Error>(())
    /// ```
    ///
    /// # Errors
    /// A name that means none, with those that do.
    pub fn of(path: &Path, kind: &SampleKind) -> Result<Self, Error> {
        let refuse = |message: &str| Err(Error::Usage(format!("{}: {message}", path.display())));
        if path.as_os_str().is_empty() {
            return Err(Error::Usage("the name of the file of samples is empty".into()));
        }
        if path.as_os_str() == "-" {
            return refuse("samples are not written to standard output; name a file or a folder");
        }
        if path.is_dir() || ends_in_slash(path) {
            return if path.is_file() { refuse("is a file, not a folder") } else { Ok(Self::Folder) };
        }
        let Some(name) = path.file_name().map(|name| name.to_string_lossy().to_lowercase()) else {
            return refuse("is no name of a file or folder");
        };
        // A name such as `.png` has no extension by the rules of paths, but nobody means a folder by it.
        let hidden = name.strip_prefix('.').filter(|rest| Self::by_extension(&format!("a.{rest}")).is_some());
        if hidden.is_some() {
            return refuse("the name before the extension is missing");
        }
        if path.extension().is_none() {
            return if path.exists() { refuse("is a file, not a folder") } else { Ok(Self::Folder) };
        }
        let shows = kind.picture().is_some() || kind.is_plane();
        match Self::by_extension(&name) {
            Some(Self::Picture(_)) if !shows => refuse(&format!(
                "samples of the shape {:?} are numbers and no picture; numbers are .npy, .npz, .safetensors or .csv",
                kind.shape
            )),
            Some(format) => Ok(format),
            None => {
                let pictures = if shows { ".png, .jpg, .jpeg, .webp, " } else { "" };
                refuse(&format!(
                    "this extension is no format of samples; there are {pictures}.csv, .npy, .npz, .safetensors, and \
                     folders, whose names end in / or have no extension"
                ))
            }
        }
    }

    fn by_extension(name: &str) -> Option<Self> {
        let path = Path::new(name);
        PictureFormat::of(path).map(Self::Picture).or_else(|| ArrayFormat::of(path).map(Self::Array))
    }

    /// Checks that so many samples have room in a file of this format.
    ///
    /// # Errors
    /// A picture that is too large for its format or for memory.
    pub fn check_size(self, path: &Path, kind: &SampleKind, count: usize, columns: usize) -> Result<(), Error> {
        let Self::Picture(format) = self else { return Ok(()) };
        let Some([channels, height, width]) = kind.picture() else {
            return check_memory(path, count, 2 * size_of::<f32>());
        };
        check_memory(path, count, channels * height * width)?;
        let size = Pictures::grid_size([channels, height, width], count, columns, 2);
        let [height, width] = size.unwrap_or([usize::MAX; 2]);
        format.check(path, [channels, height, width])
    }
}

/// Checks that `count` samples of so many bytes have room in memory at once.
pub(super) fn check_memory(path: &Path, count: usize, bytes: usize) -> Result<(), Error> {
    if count.checked_mul(bytes).is_some_and(|bytes| bytes <= LARGEST_PICTURE) {
        return Ok(());
    }
    let path = path.display();
    Err(Error::Usage(format!(
        "{path}: {count} samples are too many for one picture, which has room for {}; name a folder, .npy or .csv",
        LARGEST_PICTURE / bytes
    )))
}

fn ends_in_slash(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().last().is_some_and(|&last| std::path::is_separator(last.into()))
}

#[cfg(test)]
mod tests {
    use fokker_datasets::Preprocessing;

    use super::*;

    fn image() -> SampleKind {
        SampleKind::images([1, 28, 28], Preprocessing::RAW)
    }

    #[test]
    fn names_mean_formats_in_any_case_of_letters() {
        let picture = |name: &str| SampleFormat::of(Path::new(name), &image()).unwrap();
        assert_eq!(picture("x.PNG"), SampleFormat::Picture(PictureFormat::Png));
        assert_eq!(picture("a.b.Jpeg"), SampleFormat::Picture(PictureFormat::Jpeg));
        assert_eq!(picture("x.jpg"), SampleFormat::Picture(PictureFormat::Jpeg));
        assert_eq!(picture("x.WebP"), SampleFormat::Picture(PictureFormat::WebP));
        assert_eq!(picture("x.NPY"), SampleFormat::Array(ArrayFormat::Npy));
        assert_eq!(picture("x.npz"), SampleFormat::Array(ArrayFormat::Npz));
        assert_eq!(picture("x.SafeTensors"), SampleFormat::Array(ArrayFormat::Safetensors));
        assert_eq!(picture("x.csv"), SampleFormat::Array(ArrayFormat::Csv));
        for folder in ["new", "new.v1/", "digits.png/", ".hidden", "a.png/new", ".", "src"] {
            assert_eq!(picture(folder), SampleFormat::Folder, "{folder}");
        }
    }

    #[test]
    fn a_folder_that_is_there_is_one_whatever_its_name() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("v1.5.png");
        std::fs::create_dir(&folder).unwrap();
        assert_eq!(SampleFormat::of(&folder, &image()).unwrap(), SampleFormat::Folder);
        let file = root.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(SampleFormat::of(&file, &image()).unwrap_err().to_string().contains("is a file"));
    }

    #[test]
    fn other_names_are_refused_with_the_list() {
        let of = |name: &str, kind: &SampleKind| SampleFormat::of(Path::new(name), kind);
        let refusal = |name: &str, kind: &SampleKind| of(name, kind).unwrap_err().to_string();
        let numbers = |shape: &[usize]| SampleKind::numbers(shape, Preprocessing::RAW);
        for name in ["digits.tif", "digits.foo", "digits.", "v1.5", "digits.gif", "a.png.gz"] {
            let message = refusal(name, &image());
            assert!(
                message.contains(name) && message.contains(".webp") && message.contains(".safetensors"),
                "{message}"
            );
        }
        for shape in [&[3][..], &[2, 16], &[1, 28, 28]] {
            let message = refusal("x.png", &numbers(shape));
            assert!(message.contains(&format!("{shape:?}")) && message.contains(".npy"), "{message}");
        }
        assert!(!refusal("x.tif", &numbers(&[3])).contains(".webp"));
        assert!(of("x.png", &numbers(&[2])).is_ok() && of("x/", &numbers(&[1, 28, 28])).is_ok());
        for name in ["", "-", "..", ".png", "a/.NPY"] {
            let refused = SampleFormat::of(Path::new(name), &image());
            assert_eq!(refused.is_err(), name != "..", "{name}");
        }
    }

    #[test]
    fn pictures_that_are_too_large_are_refused_by_number() {
        let check = |name: &str, count: usize, columns: usize| {
            let path = Path::new(name);
            SampleFormat::of(path, &image()).unwrap().check_size(path, &image(), count, columns)
        };
        assert!(check("x.png", 100_000, 100).is_ok());
        let message = check("x.png", 1 << 30, 100).unwrap_err().to_string();
        assert!(message.contains("1369568") && message.contains("folder"), "{message}");
        assert!(check("x.png", usize::MAX, 100).is_err());
        assert!(check("x.npy", usize::MAX, 100).is_ok());
        // 600 rows of 30 pixels are more than a WebP has.
        assert!(check("x.webp", 600, 1).unwrap_err().to_string().contains("16383"));
        assert!(check("x.png", 600, 1).is_ok());
    }
}
