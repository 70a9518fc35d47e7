//! Archives of pictures, against the folder that they were made of.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use fokker_datasets::{Dataset, DatasetConfig, FolderConfig, LabelSource, Opened};
use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use rawzip::{CompressionMethod, ZipArchiveWriter};

use crate::opening::{open, refusal};

fn config(path: impl Into<PathBuf>) -> FolderConfig {
    let text = "kind = 'folder'\npath = ''\nsize = 2\nchannels = 1\nvalidation_fraction = 0.3\ntest_fraction = 0.2";
    let config: DatasetConfig = toml::from_str(text).unwrap();
    FolderConfig { path: path.into(), ..config.get::<FolderConfig>().unwrap().clone() }
}

/// Labels and values of all examples of all parts.
fn contents(opened: &Opened) -> Vec<Vec<(Option<usize>, Vec<f32>)>> {
    let part = |set: &Option<Arc<dyn Dataset>>| {
        let set = set.as_ref().unwrap();
        let mut out = vec![0.0; set.size()];
        let mut read = |index| (set.example(index, &mut out), out.clone());
        (0..set.len()).map(&mut read).collect()
    };
    [&opened.train, &opened.validation, &opened.test].map(part).into()
}

fn png(value: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::from(GrayImage::from_pixel(3, 2, Luma([value]))).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Ten pictures of two classes, with things that are no pictures.
fn files() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = (0..20u8)
        .map(|value| (format!("{}/{value:03}.png", if value % 2 == 0 { "cats" } else { "dögs 猫" }), png(10 * value)))
        .collect();
    files.push(("cats/notes.txt".into(), b"text".to_vec()));
    files.push(("__MACOSX/cats/._000.png".into(), b"litter".to_vec()));
    files
}

fn write_folder(folder: &Path, files: &[(String, Vec<u8>)]) {
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn tar(output: impl Write, files: &[(String, Vec<u8>)]) {
    let mut builder = tar::Builder::new(output);
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // Set by hand: the writer refuses names that lead out.
        if name.starts_with("..") {
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            builder.append(&header, &bytes[..]).unwrap();
        } else {
            builder.append_data(&mut header, name, &bytes[..]).unwrap();
        }
    }
    builder.into_inner().unwrap().flush().unwrap();
}

fn zip(file: &Path, files: &[(String, Vec<u8>)], method: CompressionMethod) {
    let mut archive = ZipArchiveWriter::new(File::create(file).unwrap());
    for (name, bytes) in files {
        let (mut entry, config) = archive.new_file(name).compression_method(method).start().unwrap();
        let descriptor = if method == CompressionMethod::DEFLATE {
            let mut data = config.wrap(DeflateEncoder::new(&mut entry, Compression::fast()));
            data.write_all(bytes).unwrap();
            let (encoder, descriptor) = data.finish().unwrap();
            encoder.finish().unwrap();
            descriptor
        } else {
            let mut data = config.wrap(&mut entry);
            data.write_all(bytes).unwrap();
            data.finish().unwrap().1
        };
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
}

#[test]
fn an_archive_of_a_folder_is_the_folder() {
    let root = tempfile::tempdir().unwrap();
    let (at, files) = (|name: &str| root.path().join(name), files());
    write_folder(&at("folder"), &files);
    zip(&at("stored.zip"), &files, CompressionMethod::STORE);
    zip(&at("deflated.zip"), &files, CompressionMethod::DEFLATE);
    tar(File::create(at("a.tar")).unwrap(), &files);
    tar(GzEncoder::new(File::create(at("a.tar.gz")).unwrap(), Compression::fast()), &files);
    tar(GzEncoder::new(File::create(at("b.TGZ")).unwrap(), Compression::fast()), &files);
    let labelled = |name: &str| FolderConfig { labels: true.into(), ..config(at(name)) };
    let expected = contents(&open(&labelled("folder")).unwrap());
    assert_eq!(expected.iter().map(Vec::len).collect::<Vec<_>>(), [10, 6, 4]);
    for name in ["stored.zip", "deflated.zip", "a.tar", "a.tar.gz", "b.TGZ"] {
        let opened = open(&labelled(name)).unwrap();
        assert!(contents(&opened) == expected, "{name}");
        assert!(opened.notes.join(" ").contains("1 .txt"), "{name}: {:?}", opened.notes);
    }
}

#[test]
fn several_archives_are_one_set_in_the_order_of_their_names() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("shards");
    fs::create_dir(&folder).unwrap();
    // The names within the archives are the same in all.
    for shard in 0..3u8 {
        let files: Vec<_> = (0..4u8).map(|value| (format!("{value:03}.png"), png(40 * shard + 10 * value))).collect();
        tar(File::create(folder.join(format!("data-{shard:03}.tar"))).unwrap(), &files);
    }
    let whole = |path: PathBuf| FolderConfig { validation_fraction: 0.0, test_fraction: 0.0, ..config(path) };
    let firsts = |path: PathBuf| {
        let set = open(&whole(path)).unwrap().train.unwrap();
        let mut out = vec![0.0; 4];
        let mut first = |index| {
            set.example(index, &mut out);
            out[0] as usize
        };
        (0..set.len()).map(&mut first).collect::<Vec<_>>()
    };
    let all: Vec<usize> = (0..12).map(|value| 10 * value).collect();
    assert_eq!(firsts(folder.clone()), all);
    assert_eq!(firsts(folder.join("data-{000..002}.tar")), all);
    assert_eq!(firsts(folder.join("data-{000,002}.tar")), [&all[..4], &all[8..]].concat());
    let message = refusal(&whole(folder.join("data-{000..004}.tar")));
    assert!(message.contains("2 of 5 archives are not there") && message.contains("data-003.tar"), "{message}");
    // Next to pictures, archives are left out.
    fs::write(folder.join("a.png"), png(7)).unwrap();
    let opened = open(&whole(folder)).unwrap();
    assert_eq!((opened.train.unwrap().len(), opened.notes.join(" ").contains("3 .tar")), (1, true));
}

#[test]
fn web_datasets_have_labels_next_to_their_pictures() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("a.tar");
    let mut files = Vec::new();
    for value in 0..6u8 {
        files.push((format!("{value:03}.png"), png(value)));
        files.push((format!("{value:03}.cls"), format!("{}\n", value % 3).into_bytes()));
        files.push((
            format!("{value:03}.json"),
            format!("{{\"kind\": \"{}\", \"size\": {value}}}", ["a", "b"][usize::from(value % 2)]).into_bytes(),
        ));
    }
    tar(File::create(&file).unwrap(), &files);
    let whole = FolderConfig { validation_fraction: 0.0, test_fraction: 0.0, ..config(&file) };
    for (labels, names, expected) in [
        (LabelSource::Found, vec!["0", "1", "2"], [0, 1, 2, 0, 1, 2]),
        (LabelSource::Column("kind".into()), vec!["a", "b"], [0, 1, 0, 1, 0, 1]),
    ] {
        let set = open(&FolderConfig { labels, ..whole.clone() }).unwrap().train.unwrap();
        assert_eq!(set.class_names().unwrap(), names);
        let mut out = vec![0.0; 4];
        assert_eq!((0..6).map(|index| set.example(index, &mut out).unwrap()).collect::<Vec<_>>(), expected);
    }
    let message = refusal(&FolderConfig { labels: LabelSource::Column("colour".into()), ..whole });
    assert!(message.contains("data.labels") && message.contains("cls, kind, size"), "{message}");
}

#[test]
fn damaged_archives_and_names_that_lead_out_harm_nothing() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    let whole = |name: &str| FolderConfig { validation_fraction: 0.0, test_fraction: 0.0, ..config(at(name)) };
    tar(File::create(at("out.tar")).unwrap(), &[("../../out.png".into(), png(5)), ("in.png".into(), png(6))]);
    assert_eq!(open(&whole("out.tar")).unwrap().train.unwrap().len(), 2);
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1, "nothing is unpacked");

    fs::write(at("text.zip"), "no archive").unwrap();
    assert!(refusal(&whole("text.zip")).contains("no whole zip archive"));
    fs::write(at("text.tar"), "no archive, and longer than nothing").unwrap();
    assert!(refusal(&whole("text.tar")).contains("text.tar"));
    fs::write(at("a.rar"), "x").unwrap();
    assert!(refusal(&whole("a.rar")).contains(".zip, .tar, .tar.gz"));

    // A byte of a picture in a zip: its sum does not fit.
    let files: Vec<_> = (0..3u8).map(|value| (format!("{value}.png"), png(value))).collect();
    zip(&at("flipped.zip"), &files, CompressionMethod::STORE);
    let mut bytes = fs::read(at("flipped.zip")).unwrap();
    let place = bytes.windows(4).position(|window| window == b"IDAT").unwrap() + 6;
    bytes[place] ^= 1;
    fs::write(at("flipped.zip"), &bytes).unwrap();
    let message = refusal(&whole("flipped.zip"));
    assert!(message.contains("1 of 3 pictures") && message.contains("0.png"), "{message}");

    // Little that becomes much, where a label should be.
    let bomb = vec![b'0'; 2 << 20];
    zip(&at("bomb.zip"), &[("0.png".into(), png(0)), ("0.cls".into(), bomb)], CompressionMethod::DEFLATE);
    let message = refusal(&FolderConfig { labels: true.into(), ..whole("bomb.zip") });
    assert!(message.contains("0.cls: it has more than 1048576 bytes"), "{message}");

    // The end of a compressed tar is missing.
    tar(GzEncoder::new(File::create(at("cut.tgz")).unwrap(), Compression::fast()), &files);
    let bytes = fs::read(at("cut.tgz")).unwrap();
    fs::write(at("cut.tgz"), &bytes[..bytes.len() / 2]).unwrap();
    assert!(refusal(&whole("cut.tgz")).contains("no whole tar archive"));
}
