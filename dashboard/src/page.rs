//! The page: one for the server and for the file. Everything that it needs is part of the program.

use std::path::Path;

use serde_json::json;

use crate::record::RunRecord;
use crate::sampling::View;

const PAGE: &str = include_str!("../assets/page.html");
pub(crate) const STYLE: &str =
    concat!(include_str!("../assets/uplot/uPlot.min.css"), "\n", include_str!("../assets/page.css"));
/// In the order in which they build on each other.
pub(crate) const SCRIPT: &str = concat!(
    "/*! uPlot:\n",
    include_str!("../assets/uplot/LICENSE"),
    "*/\n",
    include_str!("../assets/uplot/uPlot.iife.min.js"),
    "\n",
    include_str!("../assets/numbers.js"),
    "\n",
    include_str!("../assets/source.js"),
    "\n",
    include_str!("../assets/charts.js"),
    "\n",
    include_str!("../assets/runs.js"),
    "\n",
    include_str!("../assets/samples.js"),
    "\n",
    include_str!("../assets/tables.js"),
    "\n",
    include_str!("../assets/curves.js"),
    "\n",
    include_str!("../assets/levels.js"),
    "\n",
    include_str!("../assets/controls.js"),
    "\n",
    include_str!("../assets/page.js"),
);

/// The page that asks its server.
#[cfg(feature = "server")]
pub(crate) fn live() -> String {
    let style = "<link rel=\"stylesheet\" href=\"style.css\">";
    fill("fokker", style, "", "<script src=\"script.js\"></script>")
}

/// The page of one run, with all of its data but the pictures, which are linked: a file for the run's own folder.
///
/// Nothing is an error: what cannot be read is shown as a problem of the run.
pub fn report(folder: &Path) -> String {
    let name = folder.file_name().map_or_else(|| "run".into(), |name| name.to_string_lossy().into_owned());
    let mut run = RunRecord::new(&name, folder);
    // A long file is read in pieces; one that grows meanwhile is not waited for.
    for _ in 0..64 {
        if !run.refresh() {
            break;
        }
    }
    let mut summary = run.written_summary();
    summary["id"] = "0".into();
    let data = json!({ "run": summary, "details": run.details(), "series": run.series(&View::default()) });
    let data = format!("<script type=\"application/json\" id=\"data\">{}</script>", for_script(&data.to_string()));
    fill(&name, &format!("<style>{STYLE}</style>"), &data, &format!("<script>{SCRIPT}</script>"))
}

fn fill(title: &str, style: &str, data: &str, script: &str) -> String {
    let titled = PAGE.replace("{{title}}", &escape(title));
    let (head, rest) = titled.split_once("{{style}}").expect("the page has a place for its style");
    let (body, end) = rest.rsplit_once("{{script}}").expect("the page has a place for its script");
    [head, style, body, data, script, end].concat()
}

/// JSON that cannot end the element that it is in.
fn for_script(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// A text as HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::Value;

    use super::*;

    #[test]
    fn a_page_holds_the_numbers_and_nothing_from_outside() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.toml"), "name = \"</script><b>\"").unwrap();
        fs::write(folder.path().join("metrics.jsonl"), "{\"step\":1,\"loss\":0.5}\n").unwrap();
        let page = report(folder.path());
        let data = page.split_once("id=\"data\">").unwrap().1.split_once("</script>").unwrap().0;
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["details"]["config"]["name"], "</script><b>");
        assert_eq!(data["series"]["columns"]["loss"]["mean"], json!([0.5]));
        for outside in ["src=\"http", "href=\"http", "url(http", "@import"] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert!(page.ends_with("</html>\n"));
    }

    /// Every page passes the library for curves on, and so its licence.
    #[test]
    fn the_library_for_curves_comes_with_its_licence() {
        let (licence, library) = SCRIPT.split_once("*/").unwrap();
        assert!(licence.contains("The MIT License (MIT)") && licence.contains("shall be included in"), "{licence}");
        assert!(library.trim_start().starts_with("/*! https://github.com/leeoniya/uPlot"));
    }
}
