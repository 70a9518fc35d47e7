//! The states on the way from noise to samples, as an animation or a strip.

use std::path::{Path, PathBuf};

use super::density::density_picture;
use super::format::check_memory;
use super::kind::SampleKind;
use super::not_finite::NotFinite;
use super::picture::{LARGEST_GIF, Pictures, save_animation};
use super::picture_format::PictureFormat;
use super::writer::early_name;
use crate::error::Error;

/// A trajectory that takes its states batch by batch: an animation (`.gif`), or a strip with a row for each sample and a
/// column for each state (`.png`). It holds the pixels of all images, and the points of the plane themselves.
#[derive(Debug)]
pub struct TrajectoryWriter {
    path: PathBuf,
    samples: SampleKind,
    columns: usize,
    first: u64,
    written: u64,
    was_there: bool,
    not_finite: NotFinite,
    states: States,
}

/// One entry for each state: all samples, one after the other.
#[derive(Debug)]
enum States {
    Images([usize; 3], Vec<Vec<u8>>),
    Points(Vec<Vec<f32>>),
}

impl TrajectoryWriter {
    /// A writer of `states` states of `count` samples of a shape that are numbered from `first`; the images of an animation
    /// have rows of `columns`.
    ///
    /// # Errors
    /// A name that is neither `.gif` nor `.png`, samples that cannot be shown or are too many, less than two states, a folder
    /// that cannot be written to.
    pub fn open(
        path: &Path,
        samples: &SampleKind,
        (first, count): (u64, usize),
        columns: usize,
        states: usize,
    ) -> Result<Self, Error> {
        let refuse = |message: String| Err(Error::Usage(format!("{}: {message}", path.display())));
        if path.is_dir() || !(is_gif(path) || PictureFormat::of(path) == Some(PictureFormat::Png)) {
            return refuse("a trajectory is a .gif (an animation) or a .png (a strip)".into());
        }
        if path.file_stem().is_none() {
            return refuse("is no name of a file".into());
        }
        if states < 2 {
            return refuse("a trajectory needs at least 2 states: the initial one and the samples".into());
        }
        let room = count.saturating_mul(states);
        let states = match samples.picture() {
            Some([channels, height, width]) => {
                check_memory(path, room, channels * height * width)?;
                let per_row = if is_gif(path) { columns } else { states };
                let tiles = if is_gif(path) { count } else { room };
                let size = Pictures::grid_size([channels, height, width], tiles, per_row, 2).unwrap_or([usize::MAX; 2]);
                match is_gif(path) {
                    true if size.iter().any(|&side| side > LARGEST_GIF) => {
                        return refuse(format!(
                            "{count} samples are too many for a GIF; its sides have up to {LARGEST_GIF} pixels"
                        ));
                    }
                    true => {}
                    false => PictureFormat::Png.check(path, [channels, size[0], size[1]])?,
                }
                States::Images([channels, height, width], vec![Vec::new(); states])
            }
            None if samples.is_plane() => {
                check_memory(path, room, 2 * size_of::<f32>())?;
                // Each state is a picture of its own, however many points there are.
                check_memory(path, states, 1 << 16)?;
                States::Points(vec![Vec::new(); states])
            }
            None => return refuse("only images and points in the plane can be shown on their way".into()),
        };
        fokker_files::check_writable(path)?;
        Ok(Self {
            path: path.into(),
            samples: samples.clone(),
            columns,
            first,
            written: 0,
            was_there: path.exists(),
            not_finite: NotFinite::default(),
            states,
        })
    }

    /// Takes the states of a batch, one entry for each.
    pub fn write(&mut self, states: &[Vec<f32>]) {
        let size = self.samples.size();
        for state in states {
            self.not_finite.add(state, size, self.first + self.written);
        }
        match &mut self.states {
            States::Images(_, all) => {
                for (all, state) in all.iter_mut().zip(states) {
                    all.extend(state.iter().map(|&value| self.samples.preprocessing.to_u8(value)));
                }
            }
            States::Points(all) => all.iter_mut().zip(states).for_each(|(all, state)| all.extend_from_slice(state)),
        }
        self.written += states.first().map_or(0, |state| (state.len() / size) as u64);
    }

    /// Which states are not finite; each counts for itself.
    pub fn not_finite(&self) -> &NotFinite {
        &self.not_finite
    }

    /// Writes the picture.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn finish(self) -> Result<(), Error> {
        let path = self.path.clone();
        self.save(&path)
    }

    /// Writes what was taken until now, as [`SampleWriter::finish_early`](super::SampleWriter::finish_early).
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn finish_early(self) -> Result<Option<PathBuf>, Error> {
        if self.written == 0 {
            return Ok(None);
        }
        let path = early_name(&self.path, self.was_there, self.first, self.written);
        self.save(&path)?;
        Ok(Some(path))
    }

    fn save(self, path: &Path) -> Result<(), Error> {
        let count = self.written as usize;
        match (self.states, is_gif(path)) {
            (States::Images(shape, states), true) => {
                let pictures: Vec<Pictures> = states.into_iter().map(|pixels| Pictures { shape, pixels }).collect();
                save_animation(&pictures, self.columns, path)?;
            }
            (States::Images(shape, states), false) => {
                let size = shape.iter().product::<usize>();
                let rows = (0..count)
                    .flat_map(|sample| states.iter().flat_map(move |state| &state[sample * size..(sample + 1) * size]));
                let pixels = rows.copied().collect();
                Pictures { shape, pixels }.save_grid(path, states.len())?;
            }
            (States::Points(states), is_gif) => {
                let pictures: Vec<Pictures> = states.iter().map(|points| density_picture(points)).collect();
                if is_gif {
                    save_animation(&pictures, 1, path)?;
                } else {
                    let shape = density_picture(&[]).shape;
                    let pixels = pictures.into_iter().flat_map(|picture| picture.pixels).collect();
                    Pictures { shape, pixels }.save_grid(path, states.len())?;
                }
            }
        }
        Ok(())
    }
}

fn is_gif(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gif"))
}

/// Writes states of samples, as the network gives them and one entry for each state, as an animation or a strip.
///
/// # Errors
/// As [`TrajectoryWriter::open`]; a file that cannot be written.
pub fn write_trajectory(states: &[Vec<f32>], samples: &SampleKind, columns: usize, path: &Path) -> Result<(), Error> {
    let count = states.first().map_or(0, Vec::len) / samples.size();
    let mut writer = TrajectoryWriter::open(path, samples, (0, count), columns, states.len())?;
    writer.write(states);
    writer.finish()
}

#[cfg(test)]
mod tests {
    use fokker_datasets::Preprocessing;

    use super::*;

    #[test]
    fn what_cannot_be_shown_is_refused() {
        let refusal = |path: &str, shape: &[usize], states: usize, count: usize| {
            let samples = SampleKind::images(shape, Preprocessing::RAW);
            let opened = TrajectoryWriter::open(Path::new(path), &samples, (0, count), 10, states);
            opened.unwrap_err().to_string()
        };
        for path in ["a.webp", "a.mp4", "a", "src"] {
            assert!(refusal(path, &[1, 8, 8], 3, 4).contains(".gif"), "{path}");
        }
        assert!(refusal("a.gif", &[3], 3, 4).contains("only images"));
        assert!(refusal("a.gif", &[2], 1, 4).contains("at least 2"));
        assert!(refusal("a.gif", &[1, 28, 28], 3, 30_000).contains("too many for a GIF"));
        assert!(refusal("a.png", &[2], usize::MAX, 4).contains("too many"));
        let field = SampleKind::numbers([1, 8, 8], Preprocessing::RAW);
        assert!(TrajectoryWriter::open(Path::new("a.gif"), &field, (0, 4), 10, 3).is_err());
        assert!(write_trajectory(&[], &field, 1, Path::new("a.png")).is_err());
    }

    /// Two samples of one pixel and three states: a strip has a row for each sample, in the order of the states.
    #[test]
    fn strips_put_together_the_states_of_batches() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("strip.PNG");
        let pixel = SampleKind::images([1, 1, 1], Preprocessing::RAW);
        let mut writer = TrajectoryWriter::open(&path, &pixel, (0, 2), 1, 3).unwrap();
        writer.write(&[vec![10.0], vec![20.0], vec![30.0]]);
        writer.write(&[vec![40.0], vec![f32::NAN], vec![60.0]]);
        assert_eq!((writer.not_finite().of, writer.not_finite().count), (6, 1));
        assert_eq!(writer.not_finite().numbers, [1]);
        writer.finish().unwrap();
        let grey = fokker_datasets::Channels::Grey(fokker_datasets::Background::WHITE);
        let strip = fokker_datasets::Picture::load(&path, grey).unwrap();
        assert_eq!(strip.shape, [1, 4, 7]);
        let at = |row: usize, column: usize| strip.pixels[row * 7 + column];
        assert_eq!([at(0, 0), at(0, 3), at(0, 6), at(3, 0), at(3, 3), at(3, 6)], [10, 20, 30, 40, 0, 60]);
    }
}
