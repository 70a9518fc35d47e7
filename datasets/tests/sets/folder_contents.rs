//! What is found in a folder, what is left out, and what is said of it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use fokker_datasets::{
    Background, Batches, DataPath, Dataset, DatasetConfig, DatasetError, FolderConfig, LoadProgress, Preprocessing,
    Size, Unreadable,
};
use image::{GrayImage, ImageFormat, Luma, Rgba, RgbaImage};

use crate::opening::{ALL, open, refusal};

fn config(path: &Path) -> FolderConfig {
    let text = "kind = 'folder'\npath = ''\nsize = 2\nchannels = 1\nvalidation_fraction = 0.0";
    let config: DatasetConfig = toml::from_str(text).unwrap();
    FolderConfig { path: path.into(), ..config.get::<FolderConfig>().unwrap().clone() }
}

fn grey(path: impl AsRef<Path>, value: u8) {
    fs::create_dir_all(path.as_ref().parent().unwrap()).unwrap();
    GrayImage::from_pixel(2, 2, Luma([value])).save_with_format(path, ImageFormat::Png).unwrap();
}

/// The first value of every example.
fn values(set: &dyn Dataset) -> Vec<u8> {
    let mut out = vec![0.0; set.size()];
    let mut first = |index| {
        set.example(index, &mut out);
        out[0] as u8
    };
    (0..set.len()).map(&mut first).collect()
}

#[test]
fn litter_is_left_out_and_the_rest_is_counted_by_kind() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (value, name) in
        (1u8..).zip(["a.PNG", "b.JpG", "deep/er/c.tiff", "no_extension", "d.dat", "e\nf.png", "été 猫.png"])
    {
        grey(at(name), value);
    }
    for name in ["._a.png", ".hidden/x.png", "__MACOSX/y.png", ".ipynb_checkpoints/z.png", "@eaDir/t.jpg"] {
        grey(at(name), 200);
    }
    for name in ["Thumbs.db", "notes.txt", "more.TXT", "film.mp4", "half.jpg.crdownload", "README"] {
        fs::write(at(name), "BMW and more").unwrap();
    }
    let opened = open(&config(folder.path())).unwrap();
    let mut found = values(&*opened.train.unwrap());
    found.sort_unstable();
    assert_eq!(found, [1, 2, 3, 4, 5, 6, 7]);
    assert!(opened.validation.is_none() && opened.test.is_none());
    let notes = opened.notes.join("\n");
    for part in
        ["2 .txt", "1 .mp4", "1 without extension", "1 unfinished", "6 hidden", "2 pictures without the name of one"]
    {
        assert!(notes.contains(part), "{part} is not in: {notes}");
    }

    let empty = tempfile::tempdir().unwrap();
    assert!(refusal(&config(empty.path())).contains("no pictures"));
    fs::write(empty.path().join("a.heic"), "x").unwrap();
    assert!(refusal(&config(empty.path())).contains("left out: 1 .heic"));
    assert!(refusal(&config(&empty.path().join("absent"))).contains("absent: there is no such folder"));
    assert!(refusal(&config(&empty.path().join("a.heic"))).contains("it is a file"));
}

#[test]
fn all_that_cannot_be_read_is_one_message_or_skipped() {
    let folder = tempfile::tempdir().unwrap();
    for value in 0..10 {
        grey(folder.path().join(format!("{value}.png")), value);
    }
    fs::write(folder.path().join("empty.jpg"), "").unwrap();
    fs::write(folder.path().join("text.png"), "not a picture").unwrap();
    let whole = fs::read(folder.path().join("3.png")).unwrap();
    fs::write(folder.path().join("cut.png"), &whole[..whole.len() / 2]).unwrap();
    let mut config = FolderConfig { validation_fraction: 0.3, ..config(folder.path()) };
    let message = refusal(&config);
    for part in
        ["3 of 13 pictures", "empty.jpg: it is empty", "text.png: its content", "cut.png: it is cut off", "skip"]
    {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
    config.unreadable = Unreadable::Skip;
    let opened = open(&config).unwrap();
    assert!(opened.notes.iter().any(|note| note.contains("3 of 13 pictures")), "{:?}", opened.notes);
    let mut all = [values(&*opened.train.unwrap()), values(&*opened.validation.unwrap())].concat();
    all.sort_unstable();
    assert_eq!(all, (0..10).collect::<Vec<u8>>());

    // A list of any length fits a screen.
    for number in 0..100 {
        fs::write(folder.path().join(format!("bad{number}.png")), "").unwrap();
    }
    let message = refusal(&FolderConfig { unreadable: Unreadable::Error, ..config });
    assert!(message.contains("103 of 113") && message.contains("and 83 more"), "{message}");
    assert!(message.lines().count() < 25);
}

#[test]
fn transparent_pictures_are_laid_on_the_background_before_they_are_resized() {
    let folder = tempfile::tempdir().unwrap();
    // Left half red, right half a green that nobody sees.
    let sprite = RgbaImage::from_fn(8, 8, |x, _| Rgba(if x < 4 { [255, 0, 0, 255] } else { [0, 255, 0, 0] }));
    sprite.save(folder.path().join("a.png")).unwrap();
    let read = |channels, size, background| {
        let config = FolderConfig {
            channels,
            size: Size::from(size),
            background: Background(background),
            ..config(folder.path())
        };
        let set = open(&config).unwrap().train.unwrap();
        let mut out = vec![0.0; set.size()];
        set.example(0, &mut out);
        out
    };
    // One pixel is the mean of red and the background: 127.5, 127.5, 127.5 on white.
    let near = |found: &[f32], expected: &[f32]| found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 1.0);
    assert!(near(&read(3, 1, [255; 3]), &[255.0, 127.5, 127.5]));
    assert!(near(&read(3, 1, [0, 0, 255]), &[127.5, 0.0, 127.5]));
    // With alpha the colour is red wherever anything is seen, and nothing is green anywhere.
    let rgba = read(4, 6, [255; 3]);
    let [red, green, blue, alpha] = [0, 1, 2, 3].map(|channel| &rgba[36 * channel..36 * (channel + 1)]);
    assert!(green.iter().chain(blue).all(|&value| value == 0.0));
    assert!(red.iter().zip(alpha).all(|(&red, &alpha)| red == if alpha > 0.0 { 255.0 } else { 0.0 }));
    assert!(alpha.contains(&255.0) && alpha.contains(&0.0));
    // Nothing is resized, and still nothing hidden is learnt.
    assert_eq!(read(4, 8, [255; 3])[64 + 7], 0.0);
}

#[test]
fn classes_are_in_natural_order_and_stay_what_they_were() {
    let folder = tempfile::tempdir().unwrap();
    for class in 1..=11u8 {
        grey(folder.path().join(format!("{class}/x.png")), class);
    }
    grey(folder.path().join(".ipynb_checkpoints/x.png"), 99);
    fs::create_dir(folder.path().join("nothing")).unwrap();
    let mut config = FolderConfig { labels: true.into(), ..config(folder.path()) };
    let opened = open(&config).unwrap();
    let set = opened.train.unwrap();
    let names: Vec<String> = (1..=11).map(|class| class.to_string()).collect();
    assert_eq!(set.class_names(), Some(names.clone()));
    let mut out = [0.0; 4];
    for index in 0..11 {
        let label = set.example(index, &mut out).unwrap();
        assert_eq!(label + 1, out[0] as usize);
    }
    assert!(opened.notes.iter().any(|note| note.contains("nothing")), "{:?}", opened.notes);

    // A run has them in its config, in the order that it began with.
    config.classes = Some(names.iter().rev().cloned().collect());
    assert_eq!(open(&config).unwrap().train.unwrap().class_names(), config.classes);
    config.classes = Some(names);
    grey(folder.path().join("12/x.png"), 12);
    fs::remove_dir_all(folder.path().join("4")).unwrap();
    let message = refusal(&config);
    for part in ["data.classes", "does not list: 12", "without pictures: 4"] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
    grey(folder.path().join("stray.png"), 0);
    grey(folder.path().join("other.png"), 0);
    let message = refusal(&config);
    assert!(message.contains("2 pictures") && message.contains("other.png, stray.png"), "{message}");
}

#[test]
fn one_picture_is_enough_and_always_left_to_train_on() {
    for count in 1..=4u8 {
        let folder = tempfile::tempdir().unwrap();
        (0..count).for_each(|value| grey(folder.path().join(format!("{value}.png")), value));
        for fraction in [0.0, 0.1, 0.99] {
            let config = FolderConfig { validation_fraction: fraction, ..config(folder.path()) };
            let opened = open(&config).unwrap();
            let (train, validation) = (opened.train.unwrap(), opened.validation);
            let held_out = ((fraction * f64::from(count)).round() as usize).min(usize::from(count) - 1);
            assert_eq!(validation.as_ref().map_or(0, |set| set.len()), held_out);
            let said = opened.notes.iter().any(|note| note.contains("nothing is held out"));
            assert_eq!(said, held_out == 0 && fraction > 0.0);
            // A batch goes through a small set as often as it takes.
            let batch = Batches::new(train.clone(), Preprocessing::default(), 64, 0).unwrap().at(3);
            assert_eq!(batch.shape, [64, 1, 2, 2]);
            let times = |index| batch.indices.iter().filter(|&&found| found == index).count();
            assert!((0..train.len()).all(|index| times(index) >= 64 / train.len() - 1));
        }
    }
}

#[test]
fn progress_is_told_and_may_stop_it() {
    let folder = tempfile::tempdir().unwrap();
    (0..3).for_each(|value| grey(folder.path().join(format!("{value}.png")), value));
    let last = Arc::new(std::sync::Mutex::new(None));
    let copy = last.clone();
    let library = DataPath::only("nowhere").with_progress(move |progress| {
        if let LoadProgress::Pictures { done, total } = progress {
            *copy.lock().unwrap() = Some((done, total));
        }
        std::ops::ControlFlow::Continue(())
    });
    let set = DatasetConfig::from(config(folder.path()));
    set.open_parts(&library, &ALL, 0).unwrap();
    assert_eq!(*last.lock().unwrap(), Some((3, 3)));
    let library = DataPath::only("nowhere").with_progress(|_| std::ops::ControlFlow::Break(()));
    assert!(matches!(set.open_parts(&library, &ALL, 0), Err(DatasetError::Stopped)));
}

#[cfg(unix)]
#[test]
fn links_are_followed_once_and_pipes_are_not_waited_for() {
    use std::os::unix::ffi::OsStringExt;
    use std::os::unix::fs::symlink;
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let at = |name: &str| folder.path().join(name);
    grey(at("here/a.png"), 1);
    grey(elsewhere.path().join("b.png"), 2);
    let odd = std::ffi::OsString::from_vec(b"c\xff.png".to_vec());
    grey(elsewhere.path().join(&odd), 3);
    symlink(elsewhere.path(), at("there")).unwrap();
    // In a circle, to the same folder again, to the same picture again, to nothing.
    symlink(folder.path(), at("here/up")).unwrap();
    symlink(at("here"), at("again")).unwrap();
    symlink(at("here/a.png"), at("z.png")).unwrap();
    symlink(at("gone"), at("nowhere")).unwrap();
    let pipe = std::process::Command::new("mkfifo").arg(at("pipe.png")).status().unwrap();
    assert!(pipe.success());
    let opened = open(&config(folder.path())).unwrap();
    assert_eq!(values(&*opened.train.unwrap()).len(), 3);
    let notes = opened.notes.join("\n");
    for part in ["here/up", "1 broken link", "1 pipe", "1 picture reached"] {
        assert!(notes.contains(part), "{part} is not in: {notes}");
    }
    symlink(at("gone.png"), at("lost.png")).unwrap();
    let message = refusal(&config(folder.path()));
    assert!(message.contains("lost.png: it is a link to a file that is not there"), "{message}");
}
