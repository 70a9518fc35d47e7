//! A run at a glance: `report.html` in its folder, made from `config.toml`, `metrics.jsonl` and the pictures.

use std::fs;
use std::path::PathBuf;

use fokker_files::FileError;
use fokker_model::Network;
use fokker_training::{Callback, Metrics, Moment, Outcome, RunFolder, TrainingError};
use serde_json::Value;

use crate::error::Error;
use fokker_plot::{Colour, Figure, Layer, Panel, PlotError, escape};

/// Writes the page of a run whenever the loss on held-out data is measured, and at the end. A page that cannot be written is
/// a warning: no reason to lose a run.
#[derive(Clone, Debug)]
pub struct ReportPage {
    run: RunFolder,
}

impl ReportPage {
    /// For a run.
    pub fn new(run: &RunFolder) -> Self {
        Self { run: run.clone() }
    }

    fn write<N: Network<D>, const D: usize>(&self, at: &mut Moment<'_, N, D>) {
        if let Err(error) = write_report(&self.run) {
            at.warn(error.to_string());
        }
    }
}

impl<N: Network<D>, const D: usize> Callback<N, D> for ReportPage {
    fn line(&mut self, at: &mut Moment<'_, N, D>, line: &Metrics) -> Result<(), TrainingError> {
        if line.is_validated() {
            self.write(at);
        }
        Ok(())
    }

    fn end(&mut self, at: &mut Moment<'_, N, D>, _outcome: Outcome) -> Result<(), TrainingError> {
        self.write(at);
        Ok(())
    }
}

/// Writes the page of a run.
///
/// # Errors
/// Files that cannot be read or written.
pub fn write_report(run: &RunFolder) -> Result<(), Error> {
    let read = |path: PathBuf| fs::read(&path).map_err(|error| FileError::new("cannot read", path, error));
    let config = read(run.config())?;
    let (config, metrics) = (String::from_utf8_lossy(&config), read(run.metrics())?);
    let metrics = String::from_utf8_lossy(&metrics);
    let lines: Vec<Value> = metrics.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let mut pictures: Vec<String> = match fs::read_dir(run.samples()) {
        Ok(entries) => entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect(),
        Err(_) => Vec::new(),
    };
    pictures.retain(|name| name.ends_with(".png"));
    pictures.sort();
    let name = run.path().file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(fokker_files::write(&run.report(), page(&name, &config, &lines, &pictures)?.as_bytes())?)
}

fn page(name: &str, config: &str, lines: &[Value], pictures: &[String]) -> Result<String, PlotError> {
    let curves = curves(lines)?;
    let last = lines.last().and_then(Value::as_object);
    let rows = last.into_iter().flatten().map(|(key, value)| {
        format!("<tr><td>{}</td><td>{}</td></tr>\n", key.replace('_', " "), escape(&value.to_string()))
    });
    let figures = pictures.iter().map(|picture| {
        let picture = escape(picture);
        format!("<figure><img src=\"samples/{picture}\" alt=\"\"><figcaption>{picture}</figcaption></figure>\n")
    });
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{name}</title>\n<style>body {{ font-family: \
         sans-serif; margin: 2em; max-width: 70em }} figure {{ display: inline-block; margin: 0 1em 1em 0 }} img {{ \
         image-rendering: pixelated; max-width: 100% }} td {{ padding: 0 1em 0 0 }}</style>\n<h1>{name}</h1>\n\
         <table>\n{rows}</table>\n{curves}<h2>Samples</h2>\n{figures}<h2>Configuration</h2>\n<pre>{config}</pre>\n",
        name = escape(name),
        rows = rows.collect::<String>(),
        figures = figures.collect::<String>(),
        config = escape(config),
    ))
}

/// Loss and gradient norm over the steps, as SVG.
fn curves(lines: &[Value]) -> Result<String, PlotError> {
    let layer = |label: &str, colour: Colour, key: &str| {
        let point = |line: &Value| Some((line["step"].as_f64()?, line[key].as_f64()?));
        Layer::line(label, colour, lines.iter().filter_map(point))
    };
    let panel = |title: &str, layers| Panel::log_log(title, "step", "", layers);
    let losses = vec![layer("training", Colour::BLUE, "loss"), layer("validation", Colour::RED, "validation_loss")];
    let norm = vec![layer("norm", Colour::BLUE, "gradient_norm")];
    fokker_plot::svg(&Figure {
        name: "curves".into(),
        title: String::new(),
        caption: String::new(),
        panels: vec![panel("loss", losses), panel("gradient norm, before clipping", norm)],
        columns: 2,
        panel_size: (460, 340),
        tables: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_shows_the_last_numbers_every_picture_and_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::new(folder.path().join("digits"));
        run.create("name = \"<digits>\"").unwrap();
        fs::write(run.metrics(), "{\"step\":1,\"loss\":0.5}\n{\"step\":2,\"loss\":0.25}\nnot a line\n").unwrap();
        fs::create_dir(run.samples()).unwrap();
        fs::write(run.samples().join("step-00000002.png"), b"").unwrap();
        write_report(&run).unwrap();
        let page = fs::read_to_string(run.report()).unwrap();
        for part in ["<h1>digits</h1>", "<td>0.25</td>", "samples/step-00000002.png", "&lt;digits&gt;"] {
            assert!(page.contains(part), "{part} is not in {page}");
        }
        // Both curves are there; the loss falls, so y grows in the picture.
        assert!(page.contains("\ntraining\n") && page.contains("gradient norm, before clipping"), "{page}");
        let is_blue = |element: &&str| element.split_once("/>").is_some_and(|(line, _)| line.contains("#2B6CB0"));
        let falls = |element: &str| {
            let points = element.split_once("points=\"").and_then(|(_, rest)| rest.split_once('"')).unwrap().0;
            let points: Vec<(f64, f64)> = points
                .split_whitespace()
                .map(|point| point.split_once(',').unwrap())
                .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
                .collect();
            points.len() == 2 && points[0].0 < points[1].0 && points[0].1 < points[1].1
        };
        assert_eq!(
            page.split("<polyline").skip(1).filter(is_blue).filter(|element| falls(element)).count(),
            1,
            "{page}"
        );
    }
}
