//! A page of figures that opens from disk and needs no other file.

use crate::save::{base64, png};
use crate::{Figure, PlotError, Saved};

/// An HTML page with every picture inside; the files next to it are linked.
///
/// # Errors
/// A figure that cannot be drawn.
pub fn page(title: &str, figures: &[(Figure, Saved)]) -> Result<String, PlotError> {
    let mut body = String::new();
    for (figure, saved) in figures {
        let name = |path: &std::path::Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut links = vec![link(&name(&saved.png), "PNG"), link(&name(&saved.svg), "SVG")];
        links.extend(saved.csv.iter().map(|path| link(&name(path), &name(path))));
        body += &format!(
            "<section id=\"{id}\"><h2>{title}</h2><img alt=\"{title}\" src=\"data:image/png;base64,{data}\">\
             <p>{caption}</p><p class=\"files\">{links}</p></section>\n",
            id = escape(&figure.name),
            title = escape(&figure.title),
            caption = escape(&figure.caption).replace('\n', "<br>"),
            data = base64(&png(figure)?),
            links = links.join(" · "),
        );
    }
    let contents: String = figures
        .iter()
        .map(|(figure, _)| format!("<li><a href=\"#{}\">{}</a></li>", escape(&figure.name), escape(&figure.title)))
        .collect();
    Ok(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>\
         body{{font:16px/1.5 sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222}}\
         img{{max-width:100%;height:auto;border:1px solid #ddd}}section{{margin:3rem 0}}\
         .files{{font-size:.85rem;color:#666}}</style></head><body><h1>{title}</h1><ol>{contents}</ol>\n{body}</body></html>\n",
        title = escape(title),
    ))
}

fn link(file: &str, text: &str) -> String {
    format!("<a href=\"{}\">{}</a>", escape(file), escape(text))
}

/// A text as HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
