//! What `fokker sample` writes: the formats, what is refused before anything is drawn, and what Ctrl-C leaves.

use std::fs;
use std::path::Path;

use crate::support::{DIGITS, MLP, MOONS, UNET, assert_refused, fokker, grey_picture, succeed, write_config};

/// A run of two steps.
fn train(folder: &Path, name: &str, data: &str, network: &str) {
    let file = write_config(folder, name, data, network);
    succeed(&["train", file.to_str().unwrap(), "--set", "training.steps=2", "--set", "previews.every=0"], folder);
}

/// Shape and numbers of a `.npy` of single precision.
fn npy(bytes: &[u8]) -> (Vec<usize>, Vec<f32>) {
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\0");
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert_eq!((10 + length) % 64, 0);
    let head = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
    assert!(head.starts_with("{'descr': '<f4', 'fortran_order': False, 'shape': ("), "{head}");
    let (_, shape) = head.split_once("'shape': (").unwrap();
    let shape = shape.split_once(')').unwrap().0.split(", ").map(|side| side.parse().unwrap()).collect();
    let (numbers, rest) = bytes[10 + length..].as_chunks::<4>();
    assert!(rest.is_empty());
    (shape, numbers.iter().map(|number| f32::from_le_bytes(*number)).collect())
}

fn csv(path: &Path) -> Vec<f32> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().flat_map(|line| line.split(',').map(|number| number.parse::<f32>().unwrap())).collect()
}

#[test]
fn the_name_says_the_format_and_all_hold_the_same_samples() {
    let root = tempfile::tempdir().unwrap();
    train(root.path(), "digits", DIGITS, UNET);
    let folder = root.path().join("v1.5");
    fs::create_dir(&folder).unwrap();
    let names = ["a.NPY", "a.npz", "a.safetensors", "a.csv", "a.png", "a.JPG", "a.webp", "new/a.npy", "single", "v1.5"];
    for name in names {
        let arguments = ["sample", "runs/digits", "--count", "5", "--batch-size", "2", "--columns", "2", "--out", name];
        assert_eq!(succeed(&arguments, root.path()).trim_end(), name);
    }
    let read = |name: &str| fs::read(root.path().join(name)).unwrap();
    let (shape, numbers) = npy(&read("a.NPY"));
    assert_eq!(shape, [5, 1, 28, 28]);
    assert_eq!(numbers, npy(&read("new/a.npy")).1);
    assert_eq!(numbers, csv(&root.path().join("a.csv")));
    let bytes = read("a.safetensors");
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let view = tensors.tensor("samples").unwrap();
    assert_eq!(view.shape(), [5, 1, 28, 28]);
    assert_eq!(view.data(), numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>());
    // The archive has the array as it is: the file is found in it byte by byte.
    let (array, archive) = (read("a.NPY"), read("a.npz"));
    assert!(archive.starts_with(b"PK") && archive.windows(array.len()).any(|part| part == array));
    // Pictures are the nearest levels. A grid of 2 × 3 tiles has gaps of 2.
    let levels: Vec<u8> = numbers.iter().map(|number| number.round() as u8).collect();
    for name in ["single", "v1.5"] {
        for sample in 0..5 {
            let path = root.path().join(name).join(format!("00000{sample}.png"));
            let picture = grey_picture(&path);
            assert_eq!(picture.pixels, levels[sample * 784..(sample + 1) * 784], "{}", path.display());
        }
        assert_eq!(fs::read_dir(root.path().join(name)).unwrap().count(), 5);
    }
    for name in ["a.png", "a.JPG", "a.webp"] {
        let grid = grey_picture(&root.path().join(name));
        assert_eq!(grid.shape, [1, 88, 58], "{name}");
        // The third sample is the second row's first; JPEG is not exact.
        let near = if name == "a.JPG" { 40 } else { 0 };
        let worst = (0..784).map(|k| grid.pixels[(30 + k / 28) * 58 + k % 28].abs_diff(levels[2 * 784 + k])).max();
        assert!(worst.unwrap() <= near, "{name}: {worst:?}");
    }
    assert_eq!((&read("a.JPG")[..2], &read("a.webp")[8..12]), (&b"\xff\xd8"[..], &b"WEBP"[..]));
}

#[test]
fn what_cannot_be_written_or_drawn_is_refused_before() {
    let root = tempfile::tempdir().unwrap();
    train(root.path(), "moons", MOONS, MLP);
    fs::write(root.path().join("file"), "kept").unwrap();
    let names = || {
        let entries = fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = entries.collect();
        names.sort();
        names
    };
    let before = names();
    let huge = "9223372036854775807";
    let list = [".png", ".webp", ".npy", ".npz", ".safetensors", ".csv", "folders"];
    let wrong: &[(&[&str], &[&str])] = &[
        (&["--out", "digits.tif"], &[&["digits.tif"], &list[..]].concat()),
        (&["--out", "digits.foo"], &[&["digits.foo"], &list[..]].concat()),
        (&["--out", "digits.gif"], &["digits.gif", ".csv"]),
        (&["--out", "file"], &["file", "not a folder"]),
        (&["--out", "file/a.csv"], &["file/a.csv"]),
        (&["--out", "-"], &["standard output"]),
        (&["--out", ".csv"], &["missing"]),
        (&["--out", "a.png", "--trajectory", "a.png"], &["--trajectory", "--out"]),
        (&["--out", "a.csv", "--trajectory", "a.webp"], &["a.webp", ".gif"]),
        (&["--out", "a.csv", "--trajectory", "file/a.gif"], &["file/a.gif"]),
        (&["--out", "a.csv", "--trajectory", "a.gif", "--frames", "1"], &["at least 2"]),
        (&["--out", "a.csv", "--trajectory", "a.gif", "--frames", huge], &["--frames"]),
        (&["--count", "0"], &["--count", "from 1"]),
        (&["--count", huge], &["--count", "4294967295"]),
        (&["--count", "4294967295", "--out", "a.png"], &["a.png", "too many"]),
        (&["--count", "4294967295", "--batch-size", "4294967295", "--out", "a.csv"], &["batch size", "134217728"]),
        (&["--batch-size", "0"], &["--batch-size"]),
        (&["--columns", "0"], &["--columns"]),
        (&["--steps", "0"], &["--steps"]),
        (&["--steps", "4294967295"], &["sampler.steps", "4194304"]),
        (&["--seed", "-1"], &["--seed"]),
        (&["--first", "-1"], &["--first"]),
        (&["--first", "18446744073709551615"], &["first 18446744073709551615"]),
        (&["--guidance", "nan"], &["--guidance", "finite"]),
        (&["--guidance", "-inf"], &["--guidance", "finite"]),
        (&["--guidance-interval", "-1,5"], &["--guidance-interval"]),
        (&["--guidance-interval", "nan,5"], &["--guidance-interval"]),
        (&["--guidance-rescale", "-0.5"], &["guidance rescale", "between 0 and 1"]),
    ];
    for (arguments, parts) in wrong {
        let output = fokker(&[&["sample", "runs/moons"], *arguments].concat(), root.path());
        let code = output.status.code().unwrap();
        assert!(code == 1 || code == 2, "{arguments:?}: {code}");
        assert_refused(&output, code, parts);
        assert_eq!(names(), before, "{arguments:?} left something behind");
    }
    assert_eq!(fs::read_to_string(root.path().join("file")).unwrap(), "kept");
    #[cfg(target_os = "linux")]
    assert_refused(
        &fokker(&["sample", "runs/moons", "--out", "/proc/nothing/a.csv"], root.path()),
        1,
        &["/proc/nothing"],
    );
}

#[cfg(unix)]
mod interrupted {
    use std::process::{Child, Stdio};
    use std::time::{Duration, Instant};

    use super::*;
    use crate::support::{in_foreground, signal};

    /// Interrupts a draw as soon as `has_begun`, and returns what it says on standard error.
    fn interrupt(arguments: &[&str], folder: &Path, has_begun: impl Fn() -> bool) -> String {
        let mut child: Child =
            in_foreground(arguments, folder).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let start = Instant::now();
        while !has_begun() {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it was interrupted");
            assert!(start.elapsed() < Duration::from_secs(60), "it does not begin");
            std::thread::sleep(Duration::from_millis(2));
        }
        signal(child.id(), "INT");
        let output = child.wait_with_output().unwrap();
        let said = crate::support::text(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{said}");
        said
    }

    /// The printed command as arguments; nothing in it needs a shell.
    fn printed(said: &str) -> Vec<String> {
        let line = said.lines().find(|line| line.starts_with("  fokker sample ")).unwrap_or_else(|| panic!("{said}"));
        line.split_whitespace().skip(1).map(String::from).collect()
    }

    #[test]
    fn what_was_drawn_is_there_and_the_printed_command_draws_the_rest() {
        let root = tempfile::tempdir().unwrap();
        train(root.path(), "moons", MOONS, MLP);
        let sampler = ["sample", "runs/moons", "--sampler", "reverse_sde", "--steps", "100", "--count", "200"];
        let slowly = [&sampler[..], &["--batch-size", "2", "--first=0"]].concat();
        succeed(&[&slowly[..], &["--out", "whole.npy"]].concat(), root.path());
        let whole = npy(&fs::read(root.path().join("whole.npy")).unwrap()).1;

        // Rows follow the head of 128 bytes.
        let partial = root.path().join(".part.npy.partial");
        let has_rows = || fs::metadata(&partial).is_ok_and(|file| file.len() > 128);
        let said = interrupt(&[&slowly[..], &["--out", "part.npy"]].concat(), root.path(), has_rows);
        let (shape, mut numbers) = npy(&fs::read(root.path().join("part.npy")).unwrap());
        let drawn = shape[0];
        assert!(drawn % 2 == 0 && 0 < drawn && drawn < 200, "{shape:?}");
        assert!(
            said.contains(&format!("{drawn} of 200 samples are in part.npy; go on with --first {drawn}")),
            "{said}"
        );
        let rest = printed(&said);
        succeed(&rest.iter().map(String::as_str).collect::<Vec<_>>(), root.path());
        let name = format!("part-from-{drawn}.npy");
        assert!(rest.contains(&name), "{rest:?}");
        numbers.extend(npy(&fs::read(root.path().join(&name)).unwrap()).1);
        assert!(numbers == whole, "the samples differ");
        assert!(!partial.exists());

        // A file of this name that was there before is not touched.
        fs::write(root.path().join("old.csv"), "old").unwrap();
        let partial = root.path().join(".old.csv.partial");
        let has_rows = || fs::metadata(&partial).is_ok_and(|file| file.len() > 0);
        let said = interrupt(&[&slowly[..], &["--out", "old.csv"]].concat(), root.path(), has_rows);
        assert_eq!(fs::read_to_string(root.path().join("old.csv")).unwrap(), "old");
        let place = said.split("samples are in ").nth(1).unwrap().split(';').next().unwrap();
        let numbers = csv(&root.path().join(place));
        assert!(place.starts_with("old-0-to-") && numbers == whole[..numbers.len()], "{place}");
    }

    #[test]
    fn a_folder_has_every_batch_that_was_drawn() {
        let root = tempfile::tempdir().unwrap();
        train(root.path(), "digits", DIGITS, UNET);
        let draw = ["sample", "runs/digits", "--count", "40", "--steps", "8", "--batch-size", "2"];
        let folder = root.path().join("some");
        let count = || {
            fs::read_dir(&folder).map_or(0, |files| {
                files
                    .filter(|file| file.as_ref().is_ok_and(|file| !file.file_name().to_string_lossy().starts_with('.')))
                    .count()
            })
        };
        let said = interrupt(&[&draw[..], &["--out", "some"]].concat(), root.path(), || count() >= 2);
        let drawn = count();
        assert!(drawn % 2 == 0 && drawn < 40 && said.contains(&format!("--first {drawn}")), "{drawn}: {said}");
        let rest = printed(&said);
        succeed(&rest.iter().map(String::as_str).collect::<Vec<_>>(), root.path());
        succeed(&[&draw[..], &["--out", "whole"]].concat(), root.path());
        for number in 0..40 {
            let read = |name: &str| fs::read(root.path().join(name).join(format!("{number:06}.png"))).unwrap();
            assert!(read("some") == read("whole"), "picture {number} differs");
        }
        assert_eq!(count(), 40);
    }
}

/// A network whose weights have diverged: every command that draws from it or measures it fails, and says so.
#[test]
fn results_that_are_not_finite_end_with_an_error() {
    let root = tempfile::tempdir().unwrap();
    let here = root.path();
    crate::support::write_config(here, "moons", MOONS, MLP);
    let diverge = ["--set", "training.learning_rate=1e30", "--set", "training.steps=1", "--set", "previews.every=0"];
    succeed(&[&["train", "moons.toml"][..], &diverge].concat(), here);
    for (arguments, part) in [
        (&["sample", "--count", "4", "--out", "a.csv"][..], "4 of 4 samples are not finite"),
        (&["likelihood", "--count", "4"], "the likelihoods of 4 of 4 examples are not finite"),
        (&["compare-samplers", "--count", "4", "--calls", "5", "--samplers", "ddim"], "not finite"),
    ] {
        let output = fokker(&[&arguments[..1], &["runs/moons"], &arguments[1..]].concat(), here);
        assert_refused(&output, 1, &[part]);
    }
}
