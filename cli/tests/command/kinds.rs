//! The program knows the kinds of all crates.

use crate::support::{assert_refused, checkout, fokker};

#[test]
fn an_unknown_kind_is_refused_with_those_that_there_are() {
    for (section, parts) in [
        ("process", ["unknown process `nonsense`, expected one of `blurred_ve`, `cosine`, ", "`ve`, `vp`"]),
        ("data", ["unknown data set `nonsense`, expected one of `array`, `checkerboard`, ", "`swiss_roll`"]),
        ("network", ["unknown network `nonsense`, expected one of `dense_score_net`, `mlp`, `score_net`, `unet`", ""]),
    ] {
        let change = format!("{section}={{ kind = \"nonsense\" }}");
        let output = fokker(&["train", "configs/moons_2d.toml", "--set", &change], checkout());
        assert_refused(&output, 2, &parts);
    }
}
