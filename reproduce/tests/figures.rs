//! The papers' figures: what their captions say, and what their configurations may not say.

use std::fs;
use std::path::{Path, PathBuf};

use fokker_plot::{self as plot, Figure};
use fokker_reproduce::figures::FigureFile;
use serde_json::Value;
use toml::Value as Toml;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/figures")
}

fn config(name: &str) -> Toml {
    toml::from_str(&fs::read_to_string(folder().join(format!("{name}.toml"))).unwrap()).unwrap()
}

fn read(config: &Toml) -> Result<FigureFile, String> {
    let text = toml::to_string(config).unwrap();
    let file = FigureFile::parse(&text, Path::new("own.toml")).map_err(|error| error.to_string())?;
    file.check().map_err(|error| error.to_string())?;
    Ok(file)
}

fn make(config: &Toml) -> Figure {
    read(config).unwrap().make("own", &(), &()).unwrap()
}

/// A number of the table "numbers".
fn number(figure: &Figure, name: &str) -> f64 {
    let table = figure.tables.iter().find(|table| table.name == "numbers").unwrap();
    let column =
        table.columns.iter().position(|column| column == name).unwrap_or_else(|| panic!("{:?}", table.columns));
    table.rows[table.rows.len() - 1][column]
}

fn golden(key: &str) -> f64 {
    let text = include_str!("../../reference/golden/langevin_mixing.json");
    serde_json::from_str::<Value>(text).unwrap()[key].as_f64().unwrap()
}

/// The configuration with other numbers in `[figure]`.
fn with(mut config: Toml, changes: &[(&str, Toml)]) -> Toml {
    for (key, value) in changes {
        config["figure"].as_table_mut().unwrap().insert(key.to_string(), value.clone());
    }
    config
}

#[test]
fn langevin_figures_run_until_the_start_is_forgotten() {
    for (name, start) in
        [("papers002_figure1", "normal"), ("papers002_figure2", "normal"), ("papers002_figure3", "uniform")]
    {
        let shipped = config(name);
        let paths = shipped["figure"]["paths"].as_integer().unwrap() as f64;
        let law = golden("law");
        // Two paths are enough for what the density equation says.
        let few = [("paths", Toml::Integer(2)), ("steps", Toml::Integer(2000)), ("shown", Toml::Integer(1))];
        let figure = make(&with(shipped.clone(), &few));
        assert!((number(&figure, "mass above: law") - law).abs() < 1e-12, "{name}");
        let carried = number(&figure, "mass above: density equation");
        assert!((carried - golden(&format!("{start}_600"))).abs() < 2e-5, "{name}: {carried}");
        let error = (law * (1.0 - law) / paths).sqrt();
        assert!((carried - law).abs() < 0.1 * error, "{name}: {carried} is {error} from {law}");
        assert!(figure.caption.contains("0.6975"), "{}", figure.caption);
        // A quarter of the time is too short, and is said to be.
        let early = [("time", Toml::Float(150.0)), ("paths", Toml::Integer(20_000)), ("steps", Toml::Integer(50))];
        let early = make(&with(shipped, &early));
        let carried = number(&early, "mass above: density equation");
        assert!((carried - golden(&format!("{start}_150"))).abs() < 1e-4, "{name}: {carried}");
        assert!(early.caption.contains("so a trace of the start is left"), "{}", early.caption);
    }
}

#[test]
fn langevin_draws_have_the_masses_of_the_law_from_both_starts() {
    for name in ["papers002_figure2", "papers002_figure3"] {
        let (paths, steps) = (4000, 1500);
        let few = [("paths", Toml::Integer(paths)), ("steps", Toml::Integer(steps)), ("shown", Toml::Integer(1))];
        let figure = make(&with(config(name), &few));
        let error = number(&figure, "mass above: standard error");
        assert!((error - (golden("law") * (1.0 - golden("law")) / paths as f64).sqrt()).abs() < 1e-12);
        let away = number(&figure, "mass above") - golden("law");
        assert!(away.abs() < 2.0 * error, "{name}: {away}, {error}");
        // Before its time was made longer, the mass was 0.683 and 0.666: 2 and 4.4 of these standard errors away.
        assert!((number(&figure, "mean") - 2.0).abs() < 2.5 * number(&figure, "mean: standard error"), "{name}");
    }
}

#[test]
fn the_reverse_chain_keeps_a_trace_of_its_start_and_says_so() {
    let few = [("paths", Toml::Integer(20_000)), ("steps", Toml::Integer(40))];
    let figure = make(&with(config("papers002_figure5"), &few));
    let (above, mean) = (number(&figure, "mass above: density equation"), number(&figure, "mean: density equation"));
    assert!((above - golden("exploding")).abs() < 1e-4, "{above}");
    assert!((mean - golden("exploding_mean")).abs() < 1e-3, "{mean}");
    assert!(figure.caption.contains("so a trace of the start is left"), "{}", figure.caption);
    assert!(figure.caption.contains("the law's 0.6975") && figure.caption.contains("0.6681"), "{}", figure.caption);
}

#[test]
fn full_tensors_keep_mass_and_sign_and_lead_back() {
    for name in ["papers002_oscillator", "papers002_phase_space"] {
        let mut few = with(config(name), &[("pictures", Toml::Integer(2)), ("samples", Toml::Integer(10))]);
        few["figure"]["steps"] = Toml::Integer(75);
        few["figure"]["axis"]["cells"] = Toml::Integer(60);
        let figure = make(&few);
        let table = figure.tables.iter().find(|table| table.name == "numbers").unwrap();
        for row in &table.rows {
            let [_, distance, mass, least] = row[..] else { panic!("{row:?}") };
            // Two laws apart are at a distance of 2; cells of half a deviation leave 0.1 of it where they are upwind.
            assert!(distance < 0.25 && mass.abs() < 1e-12 && least >= 0.0, "{name}: {row:?}");
        }
        // Two pictures for every equation.
        assert_eq!(figure.panels.len(), 2 * table.rows.len());
    }
}

#[test]
fn schemes_are_finer_than_the_draws_can_tell() {
    for name in ["papers004_figure3", "papers004_figure4"] {
        let figure = config(name)["figure"].clone();
        let float = |key: &str| figure[key].as_float().unwrap();
        let integer = |key: &str| figure[key].as_integer().unwrap() as f64;
        let time = figure.get("time").map_or_else(|| figure["times"].as_array().unwrap()[2].as_float(), Toml::as_float);
        let step = float("lambda") * time.unwrap() / integer("steps");
        // The scheme's variance is off by λΔt/2, the draws' standard error is √(2/n).
        assert!(0.5 * step < 0.25 * (2.0 / integer("paths")).sqrt(), "{name}: λΔt = {step}");
    }
    let few = [("paths", Toml::Integer(4000)), ("steps", Toml::Integer(100))];
    let figure = make(&with(config("papers004_figure4"), &few));
    // 0.05 + (0.66 − 0.05) e^{−10}: N(0, σ²/λ) but for what is left of the data's variance.
    assert!((number(&figure, "variance: law") - 0.050_027_7).abs() < 1e-6, "{}", number(&figure, "variance: law"));
    // λΔt = 0.05: the caption says +2.56 %, and the draws see it within three standard errors.
    assert!(figure.caption.contains("+2.56 % off"), "{}", figure.caption);
    let expected = 0.05 / (1.0 - 0.025);
    let away = (number(&figure, "variance") - expected) / number(&figure, "variance: standard error");
    assert!(away.abs() < 3.0, "{away}");
}

#[test]
fn no_bound_is_drawn_outside_of_its_condition() {
    let shipped = config("papers000_noise");
    let few = [("realisations", Toml::Integer(4)), ("steps", Toml::Integer(20))];
    let inside = make(&with(shipped.clone(), &few));
    assert!(inside.tables[1].columns.contains(&"bound".to_string()));
    assert!(inside.caption.contains("exceeded at 0 of 21 times"), "{}", inside.caption);
    let standard: Toml = toml::from_str("weights = [1.0]\nmeans = [0.0]\nstds = [1.0]").unwrap();
    let mut narrow = with(shipped, &few);
    narrow["figure"]["c"] = Toml::Float(0.6);
    narrow["figure"]["data"] = standard;
    narrow["figure"]["noise"]["basis"]["c"] = Toml::Float(0.6);
    narrow["figure"]["axis"]["lower"] = Toml::Float(-12.0);
    narrow["figure"]["axis"]["upper"] = Toml::Float(12.0);
    narrow["figure"]["axis"]["cells"] = Toml::Integer(480);
    let outside = make(&narrow);
    assert!(!outside.tables[1].columns.contains(&"bound".to_string()));
    assert!(outside.caption.contains("No bound is drawn: condition (1.2) does not hold"), "{}", outside.caption);
    // (2π · (2 − 1/0.6))^{−½} = 0.69099 at the start.
    assert!(outside.caption.contains("It is 0.691"), "{}", outside.caption);
    for (change, value, key) in [
        ("data", toml::from_str("weights = [1.0]\nmeans = [0.0]\nstds = [1.2]").unwrap(), "figure.data.stds = 1.2"),
        ("c", Toml::Float(0.45), "figure.data.stds = 1"),
    ] {
        let message = read(&with(narrow.clone(), &[(change, value)])).unwrap_err();
        assert!(message.starts_with(key), "{message}");
    }
    narrow["figure"]["noise"]["basis"] = toml::from_str("kind = 'cosine'").unwrap();
    assert!(read(&narrow).unwrap_err().starts_with("figure.noise.basis.kind = cosine"));
    // The lemma's figure has the same energy.
    let mut lemma = config("papers000_lemma");
    lemma["figure"]["c"] = Toml::Float(0.6);
    lemma["figure"]["steps"] = Toml::Integer(20);
    let lemma = make(&lemma);
    assert!(lemma.caption.contains("No bound is drawn"), "{}", lemma.caption);
    assert!(!lemma.tables[0].columns.contains(&"energy bound".to_string()));
}

#[test]
fn noise_in_the_plane_stays_below_its_bound_and_data_in_the_space() {
    let shipped = config("papers000_plane");
    let few = [("realisations", Toml::Integer(6)), ("steps", Toml::Integer(8))];
    let figure = make(&with(shipped.clone(), &few));
    assert_eq!(figure.panels.len(), 8);
    assert!(figure.caption.contains("exceeded at 0 of 9 times"), "{}", figure.caption);
    // tr Q = (Σ λₖ)²/λ₁ with λₖ = 0.09/k².
    assert!(figure.caption.contains("16 modes, trace 1.824e-1"), "{}", figure.caption);
    for (change, value, key) in [
        ("std", Toml::Float(1.5), "figure.std = 1.5"),
        ("c", Toml::Float(0.1), "figure.std = 0.45"),
        ("realisations", Toml::Integer(10_000), "figure.realisations × figure.steps"),
    ] {
        let message = read(&with(shipped.clone(), &[(change, value)])).unwrap_err();
        assert!(message.starts_with(key), "{message}");
    }
}

#[test]
fn the_variational_bound_stays_below_the_evidence_and_touches_it_at_a_gaussian_posterior() {
    let figure = make(&config("papers002_bound"));
    for (number, table) in figure.tables.iter().enumerate() {
        let best =
            table.rows.iter().flat_map(|row| row[2..].iter().map(|bound| row[1] - bound)).fold(f64::MAX, f64::min);
        // Within half a step of 300 over seven deviations of 0.9, whose square is twice the gap; 0.2747 for two modes.
        assert!(if number == 0 { (-1e-12..1e-4).contains(&best) } else { best > 0.27 }, "{number}: {best}");
    }
    assert!(figure.caption.contains("each maximum, and −ln of the mode's weight: 0.000000"), "{}", figure.caption);
    assert!(figure.caption.contains("1.423864 (−ln 0.2405 = 1.425008), 0.274720"), "{}", figure.caption);
    // What an observation rules out has no posterior of this many components.
    let message = read(&with(config("papers002_bound"), &[("observed", Toml::Float(900.0))])).unwrap_err();
    assert!(message.starts_with("figure.observed = 900"), "{message}");
}

/// Every number of a configuration, by its path.
fn numbers(value: &Toml, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    match value {
        Toml::Integer(_) | Toml::Float(_) => found.push(path.clone()),
        Toml::Table(table) => {
            for (key, value) in table {
                path.push(key.clone());
                numbers(value, path, found);
                path.pop();
            }
        }
        Toml::Array(list) => {
            for (k, value) in list.iter().enumerate() {
                path.push(k.to_string());
                numbers(value, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

fn put(value: &mut Toml, path: &[String], number: Toml) {
    match path {
        [] => *value = number,
        [first, rest @ ..] => match value {
            Toml::Array(list) => put(&mut list[first.parse::<usize>().unwrap()], rest, number),
            other => put(&mut other[first.as_str()], rest, number),
        },
    }
}

/// Keys that may be 0 or −1, which are ordinary numbers there.
fn ordinary(key: &str, number: &Toml) -> bool {
    let signed = [
        "means",
        "lower",
        "upper",
        "mean",
        "start",
        "growth",
        "amplitude",
        "wavenumber",
        "along",
        "across",
        "alpha",
        "slope",
        "observed",
        "backward_matrices",
    ];
    let zero = ["shown", "samples", "forward", "backward", "times", "beta", "beta_min"];
    let is = |value: f64| number.as_float() == Some(value) || number.as_integer() == Some(value as i64);
    (signed.contains(&key) && (is(0.0) || is(-1.0))) || (zero.contains(&key) && is(0.0))
}

#[test]
fn absurd_numbers_are_refused_by_key_before_work_starts() {
    let absurd = [
        Toml::Integer(0),
        Toml::Integer(i64::MAX),
        Toml::Integer(-1),
        Toml::Float(1e308),
        Toml::Float(f64::NAN),
        Toml::Float(f64::NEG_INFINITY),
    ];
    let (mut tried, mut wrong) = (0, Vec::new());
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_string();
        let shipped = config(&name);
        read(&shipped).unwrap();
        let mut paths = Vec::new();
        numbers(&shipped["figure"], &mut Vec::new(), &mut paths);
        for path in paths {
            let key = path.iter().rev().find(|part| part.parse::<usize>().is_err()).unwrap();
            for number in &absurd {
                let mut changed = shipped.clone();
                put(&mut changed["figure"], &path, number.clone());
                tried += 1;
                match read(&changed) {
                    Err(_) if ordinary(key, number) => {}
                    Err(message) => {
                        // What is wrong with one end of an interval may be said of the interval, and what a process
                        // makes of a parameter of the process.
                        let whole = ["axis", "process"].contains(&path[0].as_str());
                        let section = format!("figure.{}", path[0]);
                        let named = message.contains(key.as_str()) || (whole && message.contains(&section));
                        if !named {
                            wrong.push(format!("{name} {path:?} = {number}: {message}"));
                        }
                    }
                    Ok(_) if ordinary(key, number) => {}
                    Ok(_) => wrong.push(format!("{name}: {path:?} = {number} is accepted")),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 800, "{tried}");
}

#[test]
fn products_of_reasonable_numbers_are_refused_too() {
    for (name, changes, keys) in [
        ("papers002_paths", vec![("steps", 1 << 20), ("refinements", 20)], "figure.steps × 2^figure.refinements"),
        ("papers004_figure2", vec![("paths", 1000), ("steps", 10_000_000)], "figure.paths × figure.steps"),
        (
            "papers000_noise",
            vec![("realisations", 1_000_000), ("steps", 100_000)],
            "figure.realisations × figure.steps",
        ),
    ] {
        let changes: Vec<_> = changes.into_iter().map(|(key, value)| (key, Toml::Integer(value))).collect();
        let message = read(&with(config(name), &changes)).unwrap_err();
        assert!(message.starts_with(keys), "{message}");
    }
}

#[test]
fn a_figure_that_cannot_be_written_leaves_the_older_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut own = config("papers004_figure2");
    own["figure"]["steps"] = Toml::Integer(20);
    let first = plot::save(&make(&own), folder.path()).unwrap();
    let files = || -> Vec<Vec<u8>> {
        let csv = first.csv.iter().chain([&first.png, &first.svg]);
        csv.map(|path| fs::read(path).unwrap()).collect()
    };
    let before = files();
    // The last file to be written cannot be: its temporary name is a folder.
    let blocked = folder.path().join(".own.txt.partial");
    fs::create_dir(&blocked).unwrap();
    own["seed"] = Toml::Integer(77);
    let message = plot::save(&make(&own), folder.path()).unwrap_err().to_string();
    assert!(message.contains("own.txt"), "{message}");
    assert_eq!(files(), before);
    fs::remove_dir(&blocked).unwrap();
    plot::save(&make(&own), folder.path()).unwrap();
    assert_ne!(files(), before);
}

#[test]
fn every_figure_loads_and_survives_a_round_trip() {
    let mut count = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let file = FigureFile::parse(&text, &path).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(FigureFile::parse(&file.to_toml().unwrap(), &path).unwrap(), file);
        // A key too many is refused by name, in the figure itself too.
        let wrong = text.replace("[figure]", "[figure]\nunknown_key = 1");
        assert!(
            FigureFile::parse(&wrong, &path).unwrap_err().to_string().contains("unknown_key"),
            "{}",
            path.display()
        );
        count += 1;
    }
    assert!(count >= 18, "{count} figures");
}

/// A column of a figure's table, whose first numbers are of the first row.
fn column(figure: &Figure, table: &str, name: &str) -> Vec<f64> {
    let known: Vec<&String> = figure.tables.iter().map(|table| &table.name).collect();
    let table = figure.tables.iter().find(|known| known.name == table).unwrap_or_else(|| panic!("{known:?}"));
    let column = table.columns.iter().position(|column| column == name).unwrap();
    table.rows.iter().map(|row| row[column]).collect()
}

#[test]
fn the_inequalities_of_scores_hold_and_are_those_of_their_errors() {
    let few = [("points", Toml::Integer(20)), ("panels", Toml::Integer(30))];
    let none: Toml = toml::from_str("all = [{ along = 0.0, across = 0.0, wavenumber = 1.0 }]").unwrap();
    let exact = make(&with(with(config("papers003_proposition1"), &few), &[("disturbances", none["all"].clone())]));
    assert!(column(&exact, "exact", "right").iter().chain(&column(&exact, "exact", "left")).all(|side| *side < 1e-6));
    let first = make(&with(config("papers003_proposition1"), &few));
    // The truth has no residual; what is left is quadrature. A disturbance has one, and the left side is below it everywhere.
    for case in ["gradient-0.3-sin-1.5x", "curl-0.3-sin-1.5x", "curl-0.3-sin-4x"] {
        let (left, right) = (column(&first, case, "left"), column(&first, case, "right"));
        assert!(left.iter().zip(&right).all(|(left, right)| *left <= right * (1.0 + 1e-6)), "{case}");
        assert!(
            left[left.len() - 1] > 0.1 && column(&first, case, "least gap").iter().all(|gap| *gap > -1e-6),
            "{case}"
        );
    }
    assert!(first.caption.contains("larger at 0 of 600 pairs"), "{}", first.caption);
    let third = make(&with(config("papers003_proposition3"), &few));
    let (left, right) = (column(&third, "curl-0.3-sin-1.5x", "left"), column(&third, "curl-0.3-sin-1.5x", "right"));
    assert!(left.iter().zip(&right).all(|(left, right)| left < right));
    assert!(third.caption.contains("δ₂"), "{}", third.caption);
}

#[test]
fn a_disturbed_score_generates_another_law_and_the_truth_its_own() {
    let axis = toml::Value::try_from(fokker_laboratory::grid::Axis::new(-6.0, 6.0, 160).unwrap()).unwrap();
    let few =
        [("points", Toml::Integer(50)), ("steps", Toml::Integer(120)), ("looks", Toml::Integer(6)), ("axis", axis)];
    let figure = make(&with(config("papers003_proposition2"), &few));
    let at_the_end = |case: &str, name: &str| *column(&figure, case, name).last().unwrap();
    assert!(at_the_end("exact", "guess to generated") < 0.02 * at_the_end("exact", "truth"));
    let [little, much] = ["gradient-0.1-sin-1.5x", "gradient-0.3-sin-1.5x"];
    for name in ["residual", "guess to truth", "guess to generated", "generated to truth"] {
        let ratio = at_the_end(much, name) / at_the_end(little, name);
        assert!((2.0..4.0).contains(&ratio), "{name}: {ratio}");
    }
    // Lemma 3, at the resolution of this grid.
    let (left_over, rate) = (column(&figure, much, "equation left over"), column(&figure, much, "rate of generated"));
    assert!(left_over.iter().zip(&rate).all(|(left, rate)| *left < 0.1 * rate), "{left_over:?} {rate:?}");
    assert!(column(&figure, much, "forward").iter().all(|distance| *distance < 0.02));
}

#[test]
fn disturbances_that_make_no_sense_are_refused_by_key() {
    let refused = |name: &str, changes: &[(&str, Toml)]| read(&with(config(name), changes)).unwrap_err();
    let message = refused("papers003_proposition1", &[("disturbances", Toml::Array(Vec::new()))]);
    assert!(message.starts_with("figure.disturbances = 0"), "{message}");
    let message = refused("papers003_proposition1", &[("first", Toml::Float(1.0))]);
    assert!(message.starts_with("figure.first = 1"), "{message}");
    let message = refused("papers003_proposition2", &[("end", Toml::Float(2.0))]);
    assert!(message.starts_with("figure.end = 2"), "{message}");
}

#[test]
fn interpolants_end_in_the_law_of_the_data_with_and_without_noise() {
    let few = [("draws", 600), ("shown", 2), ("steps", 60)].map(|(key, value)| (key, Toml::Integer(value)));
    let figure = make(&with(config("papers004_interpolant"), &few));
    for table in ["without noise", "with noise"] {
        let value = |name: &str| column(&figure, table, name)[0];
        for name in ["mean", "mass above", "variance"] {
            let (found, law, error) =
                (value(name), value(&format!("{name}: law")), value(&format!("{name}: standard error")));
            assert!((found - law).abs() < 5.0 * error, "{table}, {name}: {found} ± {error}, {law}");
        }
        assert!(value("L1 distance") < 0.03, "{table}: {}", value("L1 distance"));
    }
    // 0.4 · (−1.5) + 0.6 · 1.
    assert!((column(&figure, "with noise", "mean: law")[0]).abs() < 1e-12);
    assert!(figure.caption.contains("With ε = 0.5") && figure.caption.contains("brownian"), "{}", figure.caption);
}
