//! A family with kinds of this test: reading, refusing, writing, comparing.

use std::collections::BTreeMap;

use fokker_registry::{Settings, family, find, register};
use serde::{Deserialize, Serialize};

/// Noise of any kind.
pub trait NoiseKind: Settings {
    /// How loud it is.
    fn level(&self) -> f64;
}

family! {
    /// Noise by its `kind`.
    pub struct Noise, NoiseEntry of dyn NoiseKind, "noise"
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct White {
    level: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u32>,
    levels: Vec<f64>,
    shape: Shape,
    inner: Inner,
    others: BTreeMap<String, Inner>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Shape {
    #[default]
    Flat,
    Bent(f64),
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Inner {
    weights: Vec<Weight>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Weight(f64);

impl NoiseKind for White {
    fn level(&self) -> f64 {
        self.level
    }
}

register!(NoiseEntry, White, "white");

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Black {}

impl NoiseKind for Black {
    fn level(&self) -> f64 {
        0.0
    }
}

register!(NoiseEntry, Black, "black");

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct First {}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Second {}

impl NoiseKind for First {
    fn level(&self) -> f64 {
        1.0
    }
}

impl NoiseKind for Second {
    fn level(&self) -> f64 {
        2.0
    }
}

register!(NoiseEntry, First, "twice");
register!(NoiseEntry, Second, "twice");

fn refusal(text: &str) -> String {
    toml::from_str::<Noise>(text).unwrap_err().to_string()
}

#[test]
fn a_kind_is_read_under_its_name_and_written_with_the_name_first() {
    let text = "kind = 'white'\nlevel = 2\nlevels = [1, 2.5]\ninner = { weights = [3] }\nshape = { bent = 0.5 }";
    let noise: Noise = toml::from_str(text).unwrap();
    assert_eq!((noise.kind(), noise.level()), ("white", 2.0));
    let white: &White = noise.get().unwrap();
    assert_eq!((white.seed, &white.levels[..], &white.shape), (None, &[1.0, 2.5][..], &Shape::Bent(0.5)));
    assert_eq!(white.inner.weights, [Weight(3.0)]);
    assert!(noise.get::<Black>().is_none());
    let written = toml::to_string(&noise).unwrap();
    assert!(written.starts_with("kind = \"white\"\nlevel = 2.0\nlevels = [1.0, 2.5]\n"), "{written}");
    assert_eq!(toml::from_str::<Noise>(&written).unwrap(), noise);
    assert_eq!(toml::to_string(&Noise::from(Black {})).unwrap(), "kind = \"black\"\n");
    let json = serde_json::to_string(&noise).unwrap();
    assert!(json.starts_with(r#"{"kind":"white","level":2.0,"#), "{json}");
    assert_eq!(serde_json::from_str::<Noise>(&json.replace("{\"kind\"", "{\"seed\":null,\"kind\"")).unwrap(), noise);
}

#[test]
fn settings_are_equal_if_kind_and_values_are() {
    let white = |level| Noise::from(White { level, ..White::default() });
    assert_eq!(white(1.0), white(1.0).clone());
    assert_ne!(white(1.0), white(2.0));
    assert_ne!(white(0.0), Noise::from(Black {}));
}

#[test]
fn what_is_wrong_is_refused_by_its_path() {
    for (text, expected) in [
        ("level = 1", "missing field `kind`"),
        ("kind = 1", "kind: expected a string"),
        ("kind = 'wihte'", "unknown noise `wihte`, expected one of `black`, `twice`, `white`"),
        ("kind = 'twice'", "the noise `twice` is registered twice, as "),
        ("kind = 'white'\nlvel = 1", "unknown field `lvel`, expected one of `level`, "),
        ("kind = 'white'\nlevel = 'low'", "level: invalid type: string \"low\", expected f64"),
        ("kind = 'white'\nseed = -1", "seed: invalid value: integer `-1`, expected u32"),
        ("kind = 'white'\nlevels = [1, true]", "levels[1]: invalid type: boolean `true`, expected f64"),
        ("kind = 'white'\nlevels = 1", "levels: invalid type: integer `1`, expected a sequence"),
        (
            "kind = 'white'\ninner = { weights = [1, 'a'] }",
            "inner.weights[1]: invalid type: string \"a\", expected f64",
        ),
        ("kind = 'white'\ninner = { wieghts = [] }", "inner: unknown field `wieghts`"),
        ("kind = 'white'\nshape = 1", "shape: expected a string"),
        ("kind = 'white'\nshape = 'round'", "shape: unknown variant `round`, expected `flat` or `bent`"),
        ("kind = 'white'\nshape = { bent = 'a' }", "shape.bent: invalid type: string \"a\", expected f64"),
        ("kind = 'white'\nothers = { a = { weights = 1 } }", "others.a.weights: invalid type"),
    ] {
        assert!(refusal(text).contains(expected), "{text}\n{}", refusal(text));
    }
}

#[test]
fn kinds_are_listed_by_name() {
    assert_eq!(Noise::kinds(), ["black", "twice", "white"]);
    let entry = find::<dyn NoiseKind>("white").unwrap();
    assert_eq!((entry.name(), entry.type_name()), ("white", "kinds::White"));
    assert_eq!(Noise::named("white").unwrap(), White::default().into());
    assert!(Noise::named("wihte").unwrap_err().contains("unknown noise `wihte`"));
}
