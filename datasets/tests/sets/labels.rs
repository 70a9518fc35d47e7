//! Labels in tables next to pictures.

use std::fs;
use std::path::Path;

use fokker_datasets::{DataPath, DatasetConfig, DatasetError, FolderConfig, LabelSource, Opened, Split, Unreadable};
use image::{GrayImage, Luma};

/// A folder of pictures with these names, and a table.
fn folder(pictures: &[&str], table: &str, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in pictures.iter().zip(0u8..) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        GrayImage::from_pixel(1, 1, Luma([value])).save(path).unwrap();
    }
    fs::write(folder.path().join(table), text).unwrap();
    folder
}

fn config(path: &Path) -> FolderConfig {
    let text = "kind = 'folder'\npath = ''\nsize = 1\nchannels = 1\nvalidation_fraction = 0.0\nlabels = true";
    let config: DatasetConfig = toml::from_str(text).unwrap();
    FolderConfig { path: path.into(), ..config.get::<FolderConfig>().unwrap().clone() }
}

fn open(config: &FolderConfig) -> Result<Opened, DatasetError> {
    DatasetConfig::from(config.clone()).open_parts(&DataPath::only("nowhere"), &[Split::Train], 0)
}

/// The name of the class of each picture, in the order in which the pictures were listed.
fn classes(config: &FolderConfig) -> Vec<String> {
    let set = open(config).unwrap().train.unwrap();
    let names = set.class_names().unwrap();
    let mut found: Vec<(u8, String)> = (0..set.len())
        .map(|index| {
            let mut out = [0.0];
            let label = set.example(index, &mut out).unwrap();
            (out[0] as u8, names[label].clone())
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, name)| name).collect()
}

#[test]
fn tables_of_every_writer_are_read() {
    let pictures = ["b.png", "sub/a b é猫.png", "c, d.png"];
    for (table, text) in [
        ("metadata.csv", "file_name,label\nb.png,2\nsub/a b é猫.png,10\n\"c, d.png\",2\n"),
        ("labels.csv", "\u{feff}file_name;label\r\n./b.png;2\r\n\"sub\\a b é猫.png\";\"10\"\r\nc, d.png;2"),
        ("Metadata.CSV", "\"label\"\t\"file_name\"\n2\tb.png\n10\tsub/a b é猫.png\n2\tc, d.png\n2\tc, d.png\n"),
        (
            "metadata.jsonl",
            "{\"file_name\": \"b.png\", \"label\": 2, \"box\": [1, 2]}\n\n{\"file_name\": \"sub/a b é猫.png\", \"label\": \"10\"}\r\n{\"label\": 2, \"file_name\": \"c, d.png\"}",
        ),
    ] {
        let folder = folder(&pictures, table, text);
        assert_eq!(classes(&config(folder.path())), ["2", "10", "2"], "{table}");
    }
    // A table in a subfolder speaks of what is below it; another column is asked for by name.
    let text = "file_name,artist,year\na b é猫.png,x,1900\n";
    let folder = folder(&pictures, "sub/metadata.csv", text);
    fs::write(folder.path().join("metadata.csv"), "file_name,artist\nb.png,y\n\"c, d.png\",x\n").unwrap();
    let by_artist = FolderConfig { labels: LabelSource::Column("artist".into()), ..config(folder.path()) };
    assert_eq!(classes(&by_artist), ["y", "x", "x"]);
    let message = open(&config(folder.path())).err().unwrap().to_string();
    assert!(message.contains("data.labels") && message.contains("artist, year"), "{message}");
}

#[test]
fn everything_wrong_with_a_table_is_one_message() {
    let pictures = ["a.png", "b.png", "c.png", "d.png"];
    let text = "file_name,label\na.png,1\na.png,2\n/etc/b.png,1\n../b.png,1\nmissing.png,1\nb.png,\n,1\nc.png,1\n";
    let folder = folder(&pictures, "labels.csv", text);
    let strict = config(folder.path());
    let message = open(&strict).err().unwrap().to_string();
    for part in [
        "labels.csv",
        "7 problems",
        "line 3: label is 2, and 1 was said before",
        "line 4: /etc/b.png leads out",
        "line 5: ../b.png leads out",
        "line 6: there is no picture missing.png",
        "line 8: there is no file_name",
        "b.png: it has no label",
        "d.png: it has no label",
        "data.unreadable",
    ] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
    let skipping = FolderConfig { unreadable: Unreadable::Skip, ..strict };
    assert_eq!(classes(&skipping), ["1", "1"]);
    assert!(open(&skipping).unwrap().notes.join("\n").contains("7 problems"));

    for (text, part) in [
        ("name,label\na.png,1\n", "there is no column file_name"),
        ("file_name,label\na.png\n", "line 2 has 1 cells"),
        ("", "no rows"),
    ] {
        fs::write(folder.path().join("labels.csv"), text).unwrap();
        let message = open(&config(folder.path())).err().unwrap().to_string();
        assert!(message.contains(part) && message.contains("labels.csv"), "{message}");
    }
    fs::remove_file(folder.path().join("labels.csv")).unwrap();
    fs::write(
        folder.path().join("metadata.jsonl"),
        "{\"file_name\": \"a.png\", \"label\": 1}\nno json\n{\"label\": 1}\n",
    )
    .unwrap();
    let message = open(&config(folder.path())).err().unwrap().to_string();
    assert!(
        message.contains("line 2: it is no JSON object") && message.contains("line 3: there is no text file_name"),
        "{message}"
    );
}
