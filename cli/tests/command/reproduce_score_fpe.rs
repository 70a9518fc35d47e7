//! `fokker reproduce score-fpe` at its smallest scale: everything is made, nothing is made twice.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::support::{command, text};

fn reproduce(more: &[&str], folder: &Path) -> Output {
    let mut command = command(&["reproduce", "score-fpe", "--set", "backend.name=flex"], folder);
    command.args(more).output().unwrap()
}

#[test]
fn table_and_figures_are_made_and_kept() {
    let root = tempfile::tempdir().unwrap();
    let output = reproduce(&["--scale", "smoke", "--out", "out"], root.path());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let out = root.path().join("out");
    let read = |name: &str| fs::read_to_string(out.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));

    for proposition in 1..=3 {
        let text = read(&format!("proposition{proposition}.txt"));
        assert!(text.contains("γ = 0: ") && text.contains("γ = 0.1: "), "{text}");
    }
    // Every cell has a finite number next to the paper's.
    let table = read("table1.csv");
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 3 * 2 * 2);
    assert!(rows.iter().all(|row| row[3].parse::<f64>().unwrap().is_finite()), "{table}");
    assert_eq!(rows[3][..3], ["VE", "likelihood", "1"]);
    assert_eq!(rows[3][5], "3.2");
    // The regulariser changes what is learnt.
    assert_ne!(rows[2][3], rows[3][3]);
    assert_eq!(read("table1.md").matches("| V").count(), 4);
    for figure in 1..=6 {
        assert!(fs::read(out.join(format!("figure{figure}.png"))).unwrap().starts_with(b"\x89PNG"), "figure {figure}");
    }
    assert_eq!(read("index.html").matches("src=\"data:image/png;base64,").count(), 9);

    // Nothing is trained or measured a second time.
    let again = reproduce(&["--scale", "smoke", "--out", "out", "--only", "table1,figure6"], root.path());
    assert!(again.status.success(), "{}", text(&again.stderr));
    assert_eq!(read("table1.csv"), table);
    let said = text(&again.stderr);
    assert!(!said.contains("training:") && !said.contains("likelihood:"), "{said}");

    // A run that was interrupted goes on from its checkpoint: here it lacks its last one.
    let run = out.join("runs/ve-sigma2-gamma0");
    fs::remove_dir_all(run.join("checkpoints/step-00000002")).unwrap();
    for kept in ["likelihood.toml", "bound.toml"] {
        fs::remove_file(run.join(kept)).unwrap();
    }
    let resumed = reproduce(&["--scale", "smoke", "--out", "out", "--only", "table1"], root.path());
    assert!(text(&resumed.stderr).contains("resumed at step 1 of 2"), "{}", text(&resumed.stderr));
    let values = |table: &str| -> Vec<String> {
        table.lines().map(|line| line.rsplit_once(',').unwrap().0.to_string()).collect()
    };
    assert_eq!(values(&read("table1.csv")), values(&table));

    // Another seed trains other runs, and the table has means over both.
    let more = ["--scale", "smoke", "--out", "out", "--only", "table1", "--gamma", "0", "--seeds", "0,1"];
    let seeds = reproduce(&more, root.path());
    let said = text(&seeds.stderr);
    assert!(seeds.status.success() && said.contains("left"), "{said}");
    assert_eq!(said.matches("training:").count(), 6, "{said}");
    assert!(read("table1.md").contains("mean ± standard deviation over 2 seeds"), "{}", read("table1.md"));
    let both = reproduce(&[&more[..], &["--set", "seed=3"]].concat(), root.path());
    assert!(text(&both.stderr).contains("--seeds"), "{}", text(&both.stderr));

    // Another configuration does not mix with what is there.
    let other = reproduce(&["--scale", "smoke", "--out", "out", "--only", "figure3", "--set", "seed=1"], root.path());
    assert_eq!(other.status.code(), Some(1));
    assert!(text(&other.stderr).contains("another configuration"), "{}", text(&other.stderr));
}

#[test]
fn unknown_parts_and_scales_are_refused_by_name() {
    let root = tempfile::tempdir().unwrap();
    for (arguments, parts) in [(["--only", "figure7"], ["figure7", "figure6"]), (["--scale", "big"], ["big", "smoke"])]
    {
        let output = reproduce(&arguments, root.path());
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
}

/// Files of the right size with the right number of pictures of each class, on which a network is trained and measured.
#[test]
fn residuals_of_cifar10_are_drawn_where_its_files_are() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("cifar-10-batches-bin");
    fs::create_dir(&folder).unwrap();
    let picture =
        |index: usize| (0..3073).map(move |byte| if byte == 0 { index % 10 } else { (7 * index + byte) % 256 } as u8);
    let file: Vec<u8> = (0..10_000).flat_map(picture).collect();
    fs::write(folder.join("test_batch.bin"), file).unwrap();
    for part in 1..=5 {
        fs::hard_link(folder.join("test_batch.bin"), folder.join(format!("data_batch_{part}.bin"))).unwrap();
    }
    let path = format!("data.path={:?}", root.path());
    let output =
        reproduce(&["--scale", "smoke", "--out", "out", "--only", "figure1_cifar10", "--set", &path], root.path());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let read = |name: &str| fs::read_to_string(root.path().join("out").join(name)).unwrap();
    assert!(read("figure1_cifar10.txt").contains("CIFAR-10"));
    for table in ["figure1_cifar10-ve.csv", "figure1_cifar10-vp.csv"] {
        let numbers = read(table);
        let all: Vec<f64> =
            numbers.lines().skip(1).flat_map(|line| line.split(',').map(|v| v.parse().unwrap())).collect();
        assert!(all.len() == 24 && all.iter().all(|number: &f64| number.is_finite()), "{numbers}");
    }
}
