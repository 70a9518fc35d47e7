//! Arrays and tables of one's own. The files of `golden/arrays` were written by NumPy and safetensors (`reference/arrays.py`).

use std::fs;
use std::path::{Path, PathBuf};

use fokker_arrays::{Array, npz_bytes};
use fokker_datasets::{
    ArrayConfig, ClassCount, ConditionConfig, Conditioned, Conditions, DataPath, Dataset, DatasetConfig, Opened,
    Preprocessing, Scale, Split, Standardization,
};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/arrays").join(name)
}

fn everything(config: ArrayConfig) -> Opened {
    let config = DatasetConfig::from(ArrayConfig { validation_fraction: 0.0, ..config });
    config.open_parts(&DataPath::only("nowhere"), &[Split::Train, Split::Validation, Split::Test], 0).unwrap()
}

fn refusal(config: ArrayConfig) -> String {
    let config = DatasetConfig::from(config);
    let opened = config.open_parts(&DataPath::only("nowhere"), &[Split::Train], 0);
    opened.err().unwrap().to_string()
}

fn examples(data: &dyn Dataset) -> Vec<Vec<f32>> {
    let mut out = vec![0.0; data.size()];
    let mut read = |index| {
        data.example(index, &mut out);
        out.clone()
    };
    (0..data.len()).map(&mut read).collect()
}

fn labels(data: &dyn Dataset) -> Vec<Option<usize>> {
    let mut out = vec![0.0; data.size()];
    (0..data.len()).map(|index| data.example(index, &mut out)).collect()
}

/// A table in a folder of its own.
fn table(text: &str) -> (tempfile::TempDir, ArrayConfig) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    fs::write(&path, text).unwrap();
    (folder, ArrayConfig::new(path))
}

/// `numpy.arange(24).reshape(4, 2, 3) - 1.5`, in the order of the rows.
fn ramp() -> Vec<Vec<f32>> {
    (0..4).map(|example| (0..6).map(|number| (6 * example + number) as f32 - 1.5).collect()).collect()
}

#[test]
fn arrays_of_numpy_and_safetensors_are_read_whatever_their_type_and_order() {
    for name in ["float32.npy", "float64.npy", "fortran.npy", "big_endian.npy", "alone.npz", "alone.safetensors"] {
        let train = everything(ArrayConfig::new(golden(name))).train.unwrap();
        assert_eq!((train.shape(), train.is_image()), (&[2, 3][..], false), "{name}");
        assert_eq!(examples(&*train), ramp(), "{name}");
    }
    for name in ["several.npz", "compressed.npz", "several.safetensors"] {
        let config = ArrayConfig { array: Some("x".into()), ..ArrayConfig::new(golden(name)) };
        let config = ArrayConfig { labels: Some("y".into()), ..config };
        let opened = everything(config);
        let train = opened.train.unwrap();
        assert_eq!(examples(&*train), ramp(), "{name}");
        assert_eq!(labels(&*train), [Some(1), Some(0), Some(2), Some(1)], "{name}");
        assert_eq!(train.class_names().unwrap(), ["-1", "3", "10"], "{name}");
        assert_eq!(opened.settled.unwrap().class_count().unwrap(), ClassCount::Known(3));
        let which = refusal(ArrayConfig::new(golden(name)));
        assert!(which.contains("several arrays") && which.contains("x") && which.contains("z"), "{which}");
        let none = refusal(ArrayConfig { array: Some("w".into()), ..ArrayConfig::new(golden(name)) });
        assert!(none.contains("has no array w"), "{none}");
    }
}

#[test]
fn bytes_in_three_dimensions_are_pixels_unless_said_otherwise() {
    let config = ArrayConfig::new(golden("pictures.npy"));
    let train = everything(config.clone()).train.unwrap();
    assert_eq!((train.is_image(), train.shape()), (true, &[5, 2, 2][..]));
    let numbers = everything(ArrayConfig { pixels: Some(false), ..config.clone() }).train.unwrap();
    assert!(!numbers.is_image());
    assert_eq!(examples(&*numbers), examples(&*train));
    let wrong = refusal(ArrayConfig { pixels: Some(true), ..ArrayConfig::new(golden("float32.npy")) });
    assert!(wrong.contains("data.pixels") && wrong.contains("data.shape"), "{wrong}");
}

/// An `.npz` of arrays in a folder of its own; `x` are the examples.
fn arrays_file(arrays: &[(&str, &Array<f32>)]) -> (tempfile::TempDir, ArrayConfig) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arrays.npz");
    fs::write(&path, npz_bytes(arrays).unwrap()).unwrap();
    (folder, ArrayConfig { array: Some("x".into()), ..ArrayConfig::new(path) })
}

#[test]
fn channels_that_stand_last_come_first() {
    let shape = [2, 5, 6, 3];
    let x = Array::new(shape, (0..180).map(|value| value as f32).collect());
    let edges = Array::new([2, 5, 6], (0..60).map(|value| value as f32).collect());
    let (_folder, config) = arrays_file(&[("x", &x), ("edges", &edges)]);
    let config = ArrayConfig { joined: Some("edges".into()), pixels: Some(true), ..config };
    let opened = everything(config.clone());
    let train = opened.train.unwrap();
    assert_eq!((train.shape(), train.is_image(), train.array_channels()), (&[3, 5, 6][..], true, Some(1)));
    // Of the second example: row 1, column 2, each channel.
    let second = &examples(&*train)[1];
    for channel in 0..3 {
        assert_eq!(second[30 * channel + 6 + 2], (90 + 3 * (6 + 2) + channel) as f32);
    }
    assert_eq!(Conditions::of(&*train, 0..2).arrays.unwrap().row(1)[8], 38.0);
    assert!(opened.notes[0].contains("[5, 6, 3]") && opened.notes[0].contains("[3, 5, 6]"), "{:?}", opened.notes);
    // A run that goes on finds the same.
    let mut kept = DatasetConfig::from(config.clone());
    kept.settle(opened.settled);
    let again = kept.open_parts(&DataPath::only("nowhere"), &[Split::Train], 0).unwrap();
    assert_eq!((again.train.unwrap().shape(), again.notes.len()), (&[3, 5, 6][..], 0));
    let wrong = refusal(ArrayConfig { shape: Some(vec![4, 5, 6]), ..config });
    assert!(wrong.contains("data.shape") && wrong.contains("[3, 5, 6]") && wrong.contains("[90]"), "{wrong}");
}

#[test]
fn rows_of_a_table_may_be_signals_or_pictures() {
    let (_folder, config) = table("label,a,b,c,d\n7,0,1,2,3\n9,4,5,6,255\n");
    let config = ArrayConfig { labels: Some("label".into()), shape: Some(vec![1, 2, 2]), ..config };
    let train = everything(ArrayConfig { pixels: Some(true), ..config.clone() }).train.unwrap();
    assert_eq!((train.shape(), train.is_image()), (&[1, 2, 2][..], true));
    assert_eq!(examples(&*train)[1], [4.0, 5.0, 6.0, 255.0]);
    let signal = ArrayConfig { shape: Some(vec![1, 4]), ..config.clone() };
    assert_eq!(everything(signal).train.unwrap().shape(), [1, 4]);
    assert!(refusal(ArrayConfig { shape: Some(vec![1, 5]), ..config }).contains("product is 4"));
}

#[test]
fn a_header_is_where_it_is_said_to_be() {
    // Wavelengths are names, and look like numbers.
    let (_folder, config) = table("400,410\n0.5,1\n");
    assert_eq!(everything(config.clone()).train.unwrap().len(), 2);
    let opened = everything(ArrayConfig { header: Some(true), ..config.clone() });
    assert_eq!(examples(&*opened.train.unwrap()), [[0.5, 1.0]]);
    let columns = DatasetConfig::from(config.clone());
    assert_eq!(columns.column_names(), None);
    let mut kept = columns;
    kept.settle(opened.settled);
    assert_eq!(kept.column_names().unwrap(), ["400", "410"]);
    let wrong = refusal(ArrayConfig { header: Some(true), ..ArrayConfig::new(golden("float32.npy")) });
    assert!(wrong.contains("data.header"), "{wrong}");
    // A column of texts is refused before its table gives a network a dimension.
    let (_folder, texts) = table("a,b\n1,x\n2,y\n");
    let message = DatasetConfig::from(texts).shape().unwrap_err().to_string();
    assert!(message.contains("2 cells") && message.contains("b (all rows)"), "{message}");
}

#[test]
fn columns_are_chosen_by_name_and_labels_are_classes() {
    let text = "height;kind;weight\n160;cat;50\n180; dog ;9e1\n170;cat;70\n";
    let (_folder, config) = table(text);
    let config = ArrayConfig { labels: Some("kind".into()), ..config };
    let opened = everything(config.clone());
    let train = opened.train.unwrap();
    assert_eq!(examples(&*train), [[160.0, 50.0], [180.0, 90.0], [170.0, 70.0]]);
    assert_eq!(labels(&*train), [Some(0), Some(1), Some(0)]);
    assert_eq!(train.class_names().unwrap(), ["cat", "dog"]);
    // What was found goes into the run.
    let settled = toml::to_string(&DatasetConfig::from(config.clone())).unwrap();
    assert!(!settled.contains("columns"), "{settled}");
    let mut kept = DatasetConfig::from(config.clone());
    kept.settle(opened.settled);
    let settled = toml::to_string(&kept).unwrap();
    assert!(settled.contains(r#"columns = ["height", "weight"]"#) && settled.contains("shape = [2]"), "{settled}");
    assert!(settled.contains(r#"classes = ["cat", "dog"]"#) && settled.contains("pixels = false"), "{settled}");

    let one = everything(ArrayConfig { columns: Some(vec!["weight".into()]), labels: None, ..config.clone() });
    assert_eq!(examples(&*one.train.unwrap()), [[50.0], [90.0], [70.0]]);
    let other = refusal(ArrayConfig { classes: Some(vec!["cat".into()]), ..config.clone() });
    assert!(other.contains("data.classes") && other.contains("cat, dog"), "{other}");
    let missing = refusal(ArrayConfig { columns: Some(vec!["width".into()]), ..config });
    assert!(missing.contains("data.columns") && missing.contains("height, kind, weight"), "{missing}");
}

#[test]
fn tables_without_names_with_quotes_tabs_and_a_byte_order_mark_are_read() {
    let expected = [[1.0, 2.0], [3.0, -4.5]];
    for text in [
        "1,2\n3,-4.5\n",
        "\u{feff}a,b\r\n1,2\r\n3,-4.5",
        "\"a b\",\"c,d\"\n1,2\n3,\"-4.5\"\n",
        "1\t2\n3\t-4.5\n",
        "1, 2\n\n3, -4.5\n",
    ] {
        let (_folder, config) = table(text);
        assert_eq!(examples(&*everything(config).train.unwrap()), expected, "{text:?}");
    }
}

#[test]
fn numbers_that_are_missing_or_not_finite_are_refused_with_their_place() {
    for (text, parts) in [
        ("a,b\n1,2\n3,\n", ["line 3", "column b", "there is no number"]),
        ("a,b\n1,NaN\n", ["line 2", "column b", "not finite"]),
        ("a,b\n1e39,2\n", ["line 2", "column a", "not finite in single precision"]),
        ("a,b\n1,2\nx,2\n", ["line 3", "column a", "\"x\" is no number"]),
        ("a,b\n1,2\n3\n", ["line 3", "has 1 cells", "has 2"]),
        ("a,b\n", ["table.csv", "no examples", "shape"]),
        ("", ["table.csv", "no rows", "in it"]),
    ] {
        let (_folder, config) = table(text);
        let message = refusal(config);
        assert!(parts.iter().all(|part| message.contains(part)), "{text:?}: {message}");
    }
    let message = refusal(ArrayConfig::new(golden("not_finite.npy")));
    assert!(message.contains("[2, 1]") && message.contains("inf"), "{message}");
    for (name, part) in [
        ("scalar.npy", "one number"),
        ("empty.npy", "no examples"),
        ("texts.npy", "has the type"),
        ("pickled.npy", "Python objects"),
        ("missing.npy", "cannot read"),
        ("picture.png", ".safetensors"),
    ] {
        let message = refusal(ArrayConfig::new(golden(name)));
        assert!(message.contains(name) && message.contains(part), "{message}");
    }
}

/// The arrays that are vectors, labels or joined are not the examples, so these need no name.
#[test]
fn the_array_that_is_left_holds_the_examples() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.npz");
    let (x, size) = (Array::new([2, 2], vec![1.0f32, 2.0, 3.0, 4.0]), Array::new([2], vec![7.0f32, 8.0]));
    fs::write(&file, npz_bytes(&[("size", &size), ("x", &x)]).unwrap()).unwrap();
    let config = ArrayConfig { vector: Some(vec!["size".into()]), ..ArrayConfig::new(&file) };
    assert_eq!(examples(&*everything(config).train.unwrap()), [[1.0, 2.0], [3.0, 4.0]]);
    assert!(refusal(ArrayConfig::new(&file)).contains("it has size, x; name the examples by data.array"));
}

/// All of one kind in one message.
#[test]
fn cells_that_cannot_be_used_are_counted_by_column() {
    let text: String = (0..20).map(|row| format!("{row},{},u\n", ["1", "NA", ""][row % 3])).collect();
    let (_folder, config) = table(&format!("a,b,c\n{text}"));
    let message = refusal(config);
    for part in [
        "33 cells",
        "line 2, column c: \"u\" is no number",
        "and 25 more",
        "c (all rows), b (13 of 20)",
        "data.columns",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn conditions_stand_next_to_the_examples() {
    let (_folder, config) = table("height;age;weight;income\n160;20;50;1\n180;30;90;3\n");
    let config = ArrayConfig { vector: Some(["income", "age"].map(String::from).to_vec()), ..config };
    let opened = everything(config.clone());
    let people = opened.train.unwrap();
    assert_eq!(examples(&*people), [[160.0, 50.0], [180.0, 90.0]]);
    assert_eq!(Conditions::of(&*people, [1]).vectors.unwrap().row(0), [3.0, 30.0]);
    // In the network's units, mean 0 and deviation 1, and kept for the run.
    let units = ConditionConfig::default().fitted(&*people, &Preprocessing::RAW).unwrap();
    let expected = Standardization { mean: vec![2.0, 25.0], std: vec![1.0, 5.0] };
    assert_eq!(units.vector_units.as_ref(), Some(&expected));
    let people = Conditioned::new(people, &units, &Preprocessing::RAW).unwrap();
    assert_eq!(Conditions::of(&people, 0..2).vectors.unwrap().values(), [-1.0, -1.0, 1.0, 1.0]);
    let mut kept = DatasetConfig::from(config.clone());
    kept.settle(opened.settled);
    assert!(toml::to_string(&kept).unwrap().contains("vector_size = 2"));
    let missing = refusal(ArrayConfig { vector: Some(vec!["size".into()]), ..config.clone() });
    assert!(missing.contains("data.vector") && missing.contains("income"), "{missing}");
    assert!(refusal(ArrayConfig { joined: Some("x.npy".into()), ..config }).contains("data.joined"));

    for name in ["several.npz", "several.safetensors"] {
        let config =
            ArrayConfig { array: Some("x".into()), vector: Some(vec!["y".into()]), ..ArrayConfig::new(golden(name)) };
        let config = ArrayConfig { joined: Some("x".into()), ..config };
        assert_eq!(DatasetConfig::from(config.clone()).stored_condition().unwrap(), (Some(1), Some(2)), "{name}");
        let train = everything(config.clone()).train.unwrap();
        let conditions = Conditions::of(&*train, 0..4);
        assert_eq!(conditions.vectors.unwrap().values(), [3.0, -1.0, 10.0, 3.0], "{name}");
        assert_eq!(conditions.arrays.unwrap().row(1), ramp()[1], "{name}");
        let wrong = refusal(ArrayConfig { joined: Some("y".into()), ..config });
        assert!(wrong.contains("data.joined") && wrong.contains("[3]"), "{wrong}");
    }
    let rows = golden("pictures.npy").display().to_string();
    let config = ArrayConfig { vector: Some(vec![rows]), ..ArrayConfig::new(golden("float32.npy")) };
    assert!(refusal(config).contains("expected numbers in rows"));
}

#[test]
fn the_parts_are_a_partition_that_depends_on_the_number_of_rows_alone() {
    let rows: String = (0..100).map(|row| format!("{row}\n")).collect();
    let (_folder, config) = table(&rows);
    let config = ArrayConfig { validation_fraction: 0.2, test_fraction: 0.1, ..config };
    let open = |seed| {
        let splits = [Split::Train, Split::Validation, Split::Test];
        let opened = DatasetConfig::from(config.clone()).open_parts(&DataPath::only("nowhere"), &splits, seed).unwrap();
        [opened.train, opened.validation, opened.test].map(|part| examples(&*part.unwrap()).concat())
    };
    let parts = open(0);
    assert_eq!(parts.each_ref().map(Vec::len), [70, 20, 10]);
    let mut all = parts.concat();
    all.sort_by(f32::total_cmp);
    assert_eq!(all, (0..100).map(|row| row as f32).collect::<Vec<_>>());
    assert_eq!(open(1), parts);
}

#[test]
fn standardising_is_fitted_on_the_training_part_and_undone() {
    let (_folder, config) = table("1000,1\n1002,5\n1004,9\n");
    let train = everything(config).train.unwrap();
    let standardize = Preprocessing { scale: Scale::Standardize, ..Preprocessing::RAW };
    let unfitted = standardize.check_fit(train.shape()).unwrap_err().to_string();
    assert!(unfitted.contains("preprocessing.standardization"), "{unfitted}");
    let fitted = standardize.fitted(&*train).unwrap();
    let deviations = [(8.0f64 / 3.0).sqrt(), (32.0f64 / 3.0).sqrt()];
    assert_eq!(fitted.standardization, Some(Standardization { mean: vec![1002.0, 5.0], std: deviations.to_vec() }));
    let mut example = [0.0; 2];
    fitted.validation(&*train, 2, 0, &mut example);
    assert_eq!(example, deviations.map(|deviation| (2.0 / deviations[0] * deviation / deviation) as f32));
    assert_eq!(fitted.to_raw(&[0.0, 0.0, 1.0, 1.0], 2)[..2], [1002.0, 5.0]);
    assert!(fitted.check(true).unwrap_err().to_string().contains("minus_one_one"));
}

/// Of `reference/parquet_files.py`.
#[test]
fn columns_of_a_parquet_file_are_data_labels_and_vectors() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reference/golden/table.parquet");
    let names = |names: &[&str]| Some(names.iter().map(|name| name.to_string()).collect::<Vec<_>>());
    let config = ArrayConfig { columns: names(&["signal", "x"]), vector: names(&["half"]), ..ArrayConfig::new(path) };
    let config = ArrayConfig { labels: Some("label".into()), ..config };
    let opened = everything(config.clone());
    let train = opened.train.unwrap();
    let mut rows: Vec<(Vec<f32>, Option<usize>)> = examples(&*train).into_iter().zip(labels(&*train)).collect();
    rows.sort_by(|a, b| a.0[0].total_cmp(&b.0[0]));
    let expected = [(vec![1.0, 2.0, 0.1], 0), (vec![3.0, 4.0, -2.5], 1), (vec![5.0, 6.0, 3.0], 0)];
    assert_eq!(rows, expected.map(|(row, class)| (row, Some(class))));
    assert_eq!((train.class_names().unwrap(), train.vector_size()), (vec!["cat".to_string(), "dog".into()], Some(1)));
    let settled = opened.settled.unwrap();
    assert_eq!((settled.shape().unwrap(), settled.stored_condition().unwrap()), (vec![3], (Some(1), None)));

    let refused = |columns: &[&str]| refusal(ArrayConfig { columns: names(columns), ..config.clone() });
    assert!(refused(&["y"]).contains("there is no column y; there are x, half, count"));
    assert!(refused(&["price"]).contains("row 1, column price: there is no number"));
    assert!(refused(&["label"]).contains("row 0, column label: \"cat\" is no number"));
    assert!(refused(&["picture"]).contains("column picture: bytes"));
    let lists = refusal(ArrayConfig { labels: Some("signal".into()), columns: names(&["x"]), ..config.clone() });
    assert!(lists.contains("data.labels") && lists.contains("lists"), "{lists}");
}
