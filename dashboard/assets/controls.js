// What a reader sets: the axes, the smoothing, the colours; a browser keeps it.

const saved = {
  get(key) {
    try {
      return JSON.parse(localStorage.getItem(`fokker.${key}`));
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(`fokker.${key}`, JSON.stringify(value));
    } catch {
      // A browser that keeps nothing, as for a page from disk: the page works without.
    }
  },
};

/** Light and dark, as chosen or as the system says; paper is light. */
function coloursChanged() {
  const chosen = byId("theme").value;
  document.documentElement.dataset.theme = matchMedia("print").matches ? "light" : chosen;
  page.colours = colours();
  for (const chart of [...page.charts.values(), ...page.levels.values()]) chart.look = null;
  if (page.runs.size) {
    table?.draw();
    redraw();
  }
}

/** Curves as wide as their place, at once. */
function fitCurves() {
  for (const chart of [...page.charts.values(), ...page.levels.values()]) chart.resize();
}

function begin() {
  for (const [id, key] of [
    ["theme", "value"],
    ["log-y", "checked"],
    ["log-x", "checked"],
    ["range", "checked"],
    ["axis", "value"],
    ["smoothing", "value"],
  ]) {
    const kept = saved.get(id);
    if (kept !== null) byId(id)[key] = kept;
  }
  page.axis = byId("axis").value;
  const on = (id, event, call) => byId(id).addEventListener(event, call);
  const keep = (id, key) => saved.set(id, byId(id)[key]);
  const smoothing = () => setText(byId("smoothing-shown"), byId("smoothing").value);
  smoothing();
  on("theme", "change", () => {
    keep("theme", "value");
    coloursChanged();
  });
  on("axis", "change", () => {
    keep("axis", "value");
    page.axis = byId("axis").value;
    zoomed(null);
  });
  on("log-x", "change", () => {
    keep("log-x", "checked");
    fetchDrawn(true);
  });
  for (const id of ["log-y", "range"]) {
    on(id, "change", () => {
      keep(id, "checked");
      redraw();
    });
  }
  on("smoothing", "input", () => {
    keep("smoothing", "value");
    smoothing();
    redraw();
  });
  for (const id of ["from", "to"]) {
    on(id, "change", () => {
      const number = (which, otherwise) => (byId(which).value === "" ? otherwise : Number(byId(which).value));
      const ends = [...page.whole.values()].map((whole) => alongAxis(whole).at(-1) ?? 0);
      const range = [number("from", byId("log-x").checked ? 1 : 0), number("to", Math.max(1, ...ends))];
      zoomed(range[0] < range[1] ? range : null);
    });
  }
  on("reset", "click", () => zoomed(null));
  on("level-step", "input", redraw);
  on("earlier", "change", redraw);
  on("differences", "change", redraw);
  on("show-all", "click", () => {
    table.chosen().forEach((run) => page.drawn.has(run.id) || draw(run.id));
    table.draw();
    fetchDrawn();
  });
  on("show-none", "click", () => {
    page.drawn.clear();
    table.draw();
    redraw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", coloursChanged);
  matchMedia("print").addEventListener("change", () => {
    coloursChanged();
    fitCurves();
  });
  byId("reset").disabled = true;
}
