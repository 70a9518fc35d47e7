//! Decoded pictures on the disk: the same bits as in memory, decoded once, whatever happens on the way.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fokker_datasets::{
    Batches, DataPath, DatasetConfig, DatasetError, FolderConfig, LoadProgress, Opened, Preprocessing, Split, Storage,
    Unreadable,
};
use image::{GrayImage, Luma};

fn pictures(folder: &Path, count: u8) {
    for value in 0..count {
        GrayImage::from_fn(9, 7, |x, y| Luma([value + 3 * x as u8 + 5 * y as u8]))
            .save(folder.join(format!("{value:03}.png")))
            .unwrap();
    }
}

fn config(path: &Path, storage: Storage) -> FolderConfig {
    let text = "kind = 'folder'\npath = ''\nsize = [4, 6]\nchannels = 3\ncrop = 'random'\nvalidation_fraction = 0.2";
    let config: DatasetConfig = toml::from_str(text).unwrap();
    FolderConfig { path: path.into(), storage, ..config.get::<FolderConfig>().unwrap().clone() }
}

fn library(caches: &Path) -> DataPath {
    DataPath { cache: Some(caches.into()), ..DataPath::only("nowhere") }
}

fn open(config: &FolderConfig, library: &DataPath) -> Result<Opened, DatasetError> {
    DatasetConfig::from(config.clone()).open_parts(library, &[Split::Train, Split::Validation], 0)
}

/// Two batches, in the middle of two epochs.
fn batches(opened: &Opened) -> Vec<f32> {
    let train = opened.train.clone().unwrap();
    let preprocessing = Preprocessing { flip: true, ..Preprocessing::default() };
    let batches = Batches::new(train, preprocessing, 7, 5).unwrap();
    [batches.at(2).values, batches.at(11).values].concat()
}

/// The folder of the only cache.
fn only(caches: &Path) -> PathBuf {
    let mut folders = fs::read_dir(caches.join("pictures")).unwrap().map(|entry| entry.unwrap().path());
    let only = folders.next().unwrap();
    assert!(folders.next().is_none());
    only
}

/// How many pictures are decoded when the set is opened.
fn decoded(config: &FolderConfig, caches: &Path) -> usize {
    let before = fs::metadata(only(caches).join("index")).unwrap().len();
    open(config, &library(caches)).unwrap();
    (fs::metadata(only(caches).join("index")).unwrap().len() - before) as usize / 16
}

#[test]
fn the_disk_gives_the_bits_of_memory_and_pictures_are_decoded_once() {
    let (folder, caches) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    pictures(folder.path(), 40);
    let in_memory = batches(&open(&config(folder.path(), Storage::Memory), &library(caches.path())).unwrap());
    // Few pictures are kept in memory unless it is said otherwise.
    open(&config(folder.path(), Storage::Auto), &library(caches.path())).unwrap();
    assert_eq!(fs::read_dir(caches.path()).unwrap().count(), 0);
    let on_disk = config(folder.path(), Storage::Disk);
    assert!(batches(&open(&on_disk, &library(caches.path())).unwrap()) == in_memory);
    assert_eq!(decoded(&on_disk, caches.path()), 0);
    assert!(batches(&open(&on_disk, &library(caches.path())).unwrap()) == in_memory);

    // One that changes is decoded again, the others stay.
    GrayImage::from_pixel(3, 3, Luma([1])).save(folder.path().join("007.png")).unwrap();
    GrayImage::from_pixel(3, 3, Luma([2])).save(folder.path().join("new.png")).unwrap();
    assert_eq!(decoded(&on_disk, caches.path()), 2);
    let anew = batches(&open(&config(folder.path(), Storage::Memory), &library(caches.path())).unwrap());
    assert!(batches(&open(&on_disk, &library(caches.path())).unwrap()) == anew && anew != in_memory);
    // Another size is another cache.
    open(&FolderConfig { size: 4.into(), ..on_disk }, &library(caches.path())).unwrap();
    assert_eq!(fs::read_dir(caches.path().join("pictures")).unwrap().count(), 2);
}

#[test]
fn work_that_was_stopped_or_killed_goes_on() {
    let (folder, caches) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    pictures(folder.path(), 60);
    let expected = batches(&open(&config(folder.path(), Storage::Memory), &library(caches.path())).unwrap());
    let on_disk = config(folder.path(), Storage::Disk);
    let stopping = library(caches.path()).with_progress(|state| match state {
        LoadProgress::Pictures { done, total } if done > 0 && done < total => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    // It may be done before it is asked whether to go on; then there is nothing to stop.
    if let Err(error) = open(&on_disk, &stopping) {
        assert!(matches!(error, DatasetError::Stopped), "{error}");
    }
    open(&on_disk, &library(caches.path())).unwrap();
    let cache = only(caches.path());
    let (pixels, index) = (cache.join("pixels"), cache.join("index"));
    let picture = 3 * 6 * 8;
    assert_eq!(fs::metadata(&pixels).unwrap().len(), 60 * picture);
    // Killed in the middle of a picture, and with half an entry: both are written over.
    let cut =
        |path: &Path, length: u64| fs::OpenOptions::new().write(true).open(path).unwrap().set_len(length).unwrap();
    cut(&pixels, 41 * picture + 5);
    cut(&index, 39 * 16 + 7);
    assert!(batches(&open(&on_disk, &library(caches.path())).unwrap()) == expected);
    assert_eq!((fs::metadata(&pixels).unwrap().len(), fs::metadata(&index).unwrap().len()), (60 * picture, 60 * 16));
    // Entries whose pixels are gone.
    cut(&pixels, 20 * picture);
    assert!(batches(&open(&on_disk, &library(caches.path())).unwrap()) == expected);
    assert_eq!(fs::metadata(&pixels).unwrap().len(), 60 * picture);
}

#[test]
fn two_that_want_the_same_pictures_share_the_work() {
    let (folder, caches) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    pictures(folder.path(), 50);
    let on_disk = config(folder.path(), Storage::Disk);
    let results: Vec<Vec<f32>> = std::thread::scope(|scope| {
        let both: Vec<_> =
            (0..2).map(|_| scope.spawn(|| batches(&open(&on_disk, &library(caches.path())).unwrap()))).collect();
        both.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(results[0] == results[1]);
    assert_eq!(fs::metadata(only(caches.path()).join("index")).unwrap().len(), 50 * 16);

    // While another one decodes, it is waited for until it is said to stop.
    fs::remove_file(only(caches.path()).join("index")).unwrap();
    let _lock = fokker_files::Lock::take(&only(caches.path())).unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let stopping = library(caches.path()).with_progress({
        let asked = asked.clone();
        move |_| {
            if asked.fetch_add(1, Ordering::Relaxed) < 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        }
    });
    assert!(matches!(open(&on_disk, &stopping), Err(DatasetError::Stopped)));
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}

#[test]
fn what_cannot_be_read_is_said_each_time() {
    let (folder, caches) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    pictures(folder.path(), 5);
    fs::write(folder.path().join("bad.png"), "no picture").unwrap();
    let on_disk = config(folder.path(), Storage::Disk);
    for _ in 0..2 {
        let message = open(&on_disk, &library(caches.path())).err().unwrap().to_string();
        assert!(message.contains("1 of 6 pictures") && message.contains("bad.png"), "{message}");
    }
    let skipping = FolderConfig { unreadable: Unreadable::Skip, ..on_disk };
    for _ in 0..2 {
        let opened = open(&skipping, &library(caches.path())).unwrap();
        let examples = opened.train.unwrap().len() + opened.validation.map_or(0, |part| part.len());
        assert_eq!((examples, opened.notes.join(" ").contains("bad.png")), (5, true));
    }
    let message = open(&skipping, &DataPath::only("nowhere")).err().unwrap().to_string();
    assert!(message.contains("data.storage") && message.contains("FOKKER_CACHE"), "{message}");
    fs::write(folder.path().join("file"), "x").unwrap();
    let message = open(&skipping, &library(&folder.path().join("file"))).err().unwrap().to_string();
    assert!(message.contains("FOKKER_CACHE") && message.contains("file"), "{message}");
}
