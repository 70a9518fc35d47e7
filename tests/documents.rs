//! The documents: their links lead somewhere, their pages are in the table of contents, their keys are in the bibliography.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// All files of the checkout with one of these endings.
fn files(endings: &[&str]) -> Vec<PathBuf> {
    fn walk(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with('.') || name == "target" || name == "runs" || name == "node_modules" {
                continue;
            }
            if path.is_dir() {
                walk(&path, endings, found);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(Path::new(env!("CARGO_MANIFEST_DIR")), endings, &mut found);
    found.sort();
    assert!(found.len() > 10, "{found:?}");
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn document(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// What stands between two marks, each time.
fn between<'a>(text: &'a str, open: &'a str, close: char) -> impl Iterator<Item = &'a str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split_once(close)).map(|(inside, _)| inside)
}

#[test]
fn links_lead_to_files() {
    let mut wrong = Vec::new();
    for path in files(&[".md"]) {
        for link in between(&read(&path), "](", ')') {
            let file = link.split('#').next().unwrap_or_default();
            let elsewhere = link.contains("://") || file.is_empty() || file.contains(' ');
            if !elsewhere && !path.parent().unwrap().join(file).exists() {
                wrong.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Files of the checkout that documents name by their paths are there.
#[test]
fn files_that_are_named_exist() {
    let root = document("");
    let folders: Vec<String> =
        fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let mut wrong = Vec::new();
    let mut named = 0;
    for path in files(&[".md"]) {
        for name in read(&path).split('`').skip(1).step_by(2) {
            let first = name.split('/').next().unwrap_or_default();
            let is_path = name.contains('/') && [".rs", ".toml", ".py"].iter().any(|ending| name.ends_with(ending));
            let is_pattern = name.contains(['*', '{', '<', ' ', '…']) || name.contains("NAME");
            if is_path && !is_pattern && folders.iter().any(|folder| folder == first) {
                named += 1;
                if !root.join(name).exists() {
                    wrong.push(format!("{}: {name}", path.display()));
                }
            }
        }
    }
    assert!(named > 100, "{named}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Files and tests that the tables of the papers name are there: `L/…` and its like are short for folders, and `…` for the rest
/// of a name.
#[test]
fn what_the_tables_of_the_papers_name_exists() {
    let folders = [
        ("Lt/", "laboratory/tests/laboratory/"),
        ("L/", "laboratory/src/"),
        ("Pt/", "process/tests/properties/"),
        ("P/", "process/src/"),
        ("Tt/", "training/tests/training/"),
        ("T/", "training/src/"),
    ];
    let code: String = files(&[".rs"]).iter().map(|path| read(path)).collect();
    let functions: BTreeSet<&str> = between(&code, "fn ", '(').collect();
    let papers = read(&document("docs/PAPERS.md"));
    let (mut named, mut wrong) = (0, Vec::new());
    for name in papers.split('`').skip(1).step_by(2) {
        let is_snake = |name: &str| name.chars().all(|c| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit());
        let start = name.trim_end_matches('…');
        let exists = if let Some((short, long)) = folders.iter().find(|(short, _)| name.starts_with(short)) {
            document(&name.replacen(short, long, 1)).exists()
        } else if name.starts_with("papers00") {
            document(&format!("configs/figures/{name}.toml")).exists()
        } else if is_snake(start) && start.matches('_').count() >= 3 {
            functions.iter().any(|function| if start == name { *function == name } else { function.starts_with(start) })
        } else {
            continue;
        };
        named += 1;
        if !exists {
            wrong.push(name);
        }
    }
    assert!(named > 150, "{named}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let docs = document("docs");
    let contents = read(&docs.join("SUMMARY.md"));
    let linked: BTreeSet<PathBuf> = between(&contents, "](", ')').map(|link| docs.join(link)).collect();
    let made = docs.join("samplers");
    let is_page = |path: &PathBuf| path.starts_with(&docs) && !path.starts_with(&made) && !path.ends_with("SUMMARY.md");
    let pages = files(&[".md"]).into_iter().filter(is_page);
    let missing: Vec<_> = pages.filter(|path| !linked.contains(path)).collect();
    assert!(missing.is_empty(), "not in docs/SUMMARY.md: {missing:?}");
}

#[test]
fn keys_of_sources_are_in_the_bibliography() {
    let bibliography = read(&document("docs/BIBLIOGRAPHY.md"));
    let mut used = BTreeSet::new();
    for path in files(&[".rs", ".toml", ".md", ".py"]) {
        for key in between(&read(&path), "[", ']') {
            // A key is a name and a year, or one of two sources that name no author.
            let name = key.split(',').next().unwrap_or_default();
            let year = name.rsplit(' ').next().unwrap_or_default();
            let dated = name.split(' ').count() == 2 && year.len() == 4 && year.starts_with("20");
            if (dated && year.chars().all(|c| c.is_ascii_digit()))
                || ["Seo", "Lecture 6", "SDE tutorial"].contains(&name)
            {
                used.insert(name.to_string());
            }
        }
    }
    assert!(used.contains("Lai 2023") && used.contains("Aamari 2025") && used.contains("Seo"), "{used:?}");
    for key in used {
        assert!(bibliography.contains(&format!("`[{key}]`")) || bibliography.contains(&format!("`{key}`")), "{key}");
    }
}

/// Pages with examples in Rust are part of the tests of documentation (`book` in src/lib.rs).
#[test]
fn every_example_of_the_book_is_tested() {
    let library = read(&document("src/lib.rs"));
    for path in files(&[".md"]).into_iter().filter(|path| path.starts_with(document("docs"))) {
        let name = path.strip_prefix(document("docs")).unwrap().display().to_string();
        if read(&path).contains("```rust") {
            assert!(library.contains(&format!("../docs/{name}")), "{name} is not in src/lib.rs");
        }
    }
}
