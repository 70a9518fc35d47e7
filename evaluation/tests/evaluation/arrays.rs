//! Arrays and statistics in files.

use std::fs;
use std::path::Path;

use fokker_evaluation::{
    Array, Features, Statistics, frechet_distance, read_array, read_npz, read_statistics, write_npz, write_statistics,
};

use crate::clouds::counted;

/// Written by `numpy.savez_compressed`, as pytorch-fid does; generator: reference/evaluation.py.
#[test]
fn statistics_of_pytorch_fid_are_read() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../reference/golden/evaluation_statistics.npz");
    let read = read_statistics(Path::new(path)).unwrap();
    let own = Statistics::of(&Features::new("samples", 6, counted(1, [300, 6], 0.3, 1.2)).unwrap());
    for (read, own) in read.mean().iter().chain(read.covariance()).zip(own.mean().iter().chain(own.covariance())) {
        assert!((read - own).abs() < 1e-13, "{read} {own}");
    }
    assert!(frechet_distance(&read, &own).unwrap() < 1e-9);
}

#[test]
fn statistics_and_arrays_survive_their_file() {
    let folder = tempfile::tempdir().unwrap();
    let own = Statistics::of(&Features::new("samples", 5, counted(4, [30, 5], 0.0, 1.0)).unwrap());
    let path = folder.path().join("new/statistics.npz");
    write_statistics(&path, &own).unwrap();
    assert_eq!(read_statistics(&path).unwrap(), own);
    let (mu, sigma) = (Array::new([2], vec![1.0, 2.0]), Array::new([2, 1, 1], vec![3.0, 4.0]));
    write_npz(&path, &[("mu", &mu), ("sigma", &sigma)]).unwrap();
    assert_eq!(read_npz(&path).unwrap(), [("mu".into(), mu), ("sigma".into(), sigma)]);
    let error = read_statistics(&path).unwrap_err().to_string();
    assert!(error.ends_with("statistics.npz: sigma has the shape [2, 1, 1]; expected [2, 2]"), "{error}");
}

#[test]
fn every_format_holds_the_same_features() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let rows = [[0.5f32, 1.0], [2.0, 3.0], [-1.0, 1e-3]];
    let bytes: Vec<u8> = rows.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
    let head = format!("{:<117}\n", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }");
    let npy = [b"\x93NUMPY\x01\0\x76\0", head.as_bytes(), &bytes].concat();
    let json = r#"{"samples":{"dtype":"F32","shape":[3,2],"data_offsets":[0,24]}}"#;
    let safetensors = [&(json.len() as u64).to_le_bytes(), json.as_bytes(), &bytes].concat();
    let paths = [
        write("a.npy", &npy),
        write("a.SAFETENSORS", &safetensors),
        write("a.csv", b"0.5,1\n2, 3\n\n-1,0.001\n"),
        write("head.csv", b"x,y\n0.5,1\n2,3\n-1,0.001\n"),
    ];
    for path in paths {
        let features = Features::of_array("samples", read_array(&path, "samples").unwrap()).unwrap();
        assert_eq!((features.count(), features.dimension()), (3, 2));
        for (found, expected) in features.values().iter().zip(rows.as_flattened()) {
            assert!((found - f64::from(*expected)).abs() < 1e-9, "{}", path.display());
        }
    }
}

#[test]
fn files_that_hold_no_features_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let error = read_array(&path, "samples").unwrap_err().to_string();
        assert!(error.starts_with(&path.display().to_string()), "{error}");
        error
    };
    assert!(refusal("a.pt", b"").contains("there are .npy, .npz, .safetensors, .csv, .tsv and .parquet"));
    assert!(refusal("a.npz", b"no archive").contains("is no whole .npz"));
    assert!(refusal("a.csv", b"1,2\n3\n").contains("line 2 has 1 cells, and the first row has 2"));
    assert!(refusal("b.csv", b"1,2\n3,x\n").contains("line 2, column 1: \"x\" is no number"));
    assert!(refusal("a.safetensors", b"xx").contains("is no .safetensors"));
    let missing = read_array(&folder.path().join("none.npy"), "samples").unwrap_err().to_string();
    assert!(missing.starts_with("cannot read ") && missing.contains("none.npy"), "{missing}");
    let several = folder.path().join("several.npz");
    let one = Array::new([1], vec![0.0]);
    write_npz(&several, &[("a", &one), ("b", &one)]).unwrap();
    let error = read_array(&several, "samples").unwrap_err().to_string();
    assert!(error.ends_with("has several arrays, and none is named: it has a, b"), "{error}");
    // One bit of a whole archive is flipped.
    let mut bytes = fs::read(&several).unwrap();
    let place = bytes.len() / 3;
    bytes[place] ^= 1;
    refusal("several.npz", &bytes);
}
