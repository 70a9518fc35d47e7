// The page: which runs are drawn, what is asked for, when it is drawn anew.

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

const byId = (id) => document.getElementById(id);
const page = {
  runs: new Map(),
  /** The runs that are drawn, and the number of each one's colour. */
  drawn: new Map(),
  details: new Map(),
  series: new Map(),
  /** The curves of whole runs, which say where a step is in time. */
  whole: new Map(),
  charts: new Map(),
  levels: new Map(),
  /** The part that is looked at, along the axis; none for all of it. */
  range: null,
  axis: "step",
};
/** As many runs are drawn at first. */
const AT_FIRST = 6;
/** With more runs, bands only hide each other. */
const MOST_RANGES = 12;

function colourOf(id) {
  const number = page.drawn.get(id) ?? 0;
  return page.colours.runs[number % page.colours.runs.length];
}

function draw(id) {
  const taken = new Set(page.drawn.values());
  let number = 0;
  while (taken.has(number)) number += 1;
  page.drawn.set(id, number);
}

const listener = {
  connected(is) {
    const place = byId("connection");
    setText(place, is ? "live" : "not connected: the program has ended, or is not reachable");
    place.className = is ? "live" : "lost";
  },
  runs(changed, all) {
    const isFirst = page.runs.size === 0;
    for (const run of changed) page.runs.set(run.id, run);
    for (const id of [...page.runs.keys()].filter((id) => !all.includes(id))) {
      for (const map of [page.runs, page.drawn, page.details, page.series, page.whole]) map.delete(id);
    }
    if (isFirst) {
      const asked = new URLSearchParams(location.search).get("runs")?.split(",") ?? [];
      const wanted = [...page.runs.values()].filter((run) => asked.includes(run.name)).map((run) => run.id);
      const newest = [...page.runs.values()].filter((run) => run.lines > 0).sort((a, b) => (b.written ?? 0) - (a.written ?? 0));
      for (const id of wanted.length ? wanted : newest.slice(0, AT_FIRST).map((run) => run.id)) draw(id);
    } else {
      for (const run of changed) {
        // A run that begins while the page is open is what its reader waits for.
        if (!page.known.has(run.id) && page.drawn.size < AT_FIRST) draw(run.id);
      }
    }
    page.known = new Set(page.runs.keys());
    table?.update(page.runs);
    fetchDrawn();
  },
};

/** The steps of a part of the axis, for a run. */
function stepsOf(id) {
  const whole = page.whole.get(id);
  if (!page.range || !whole?.step.length) return {};
  const x = alongAxis(whole);
  const at = (value) => {
    const place = Math.max(0, lastAtMost(x, value));
    const next = Math.min(place + 1, x.length - 1);
    const share = x[next] > x[place] ? Math.min(1, Math.max(0, (value - x[place]) / (x[next] - x[place]))) : 0;
    return Math.round(whole.step[place] + share * (whole.step[next] - whole.step[place]));
  };
  // Beyond the last line a run may go on meanwhile.
  const to = page.range[1] > x[x.length - 1] ? Number.MAX_SAFE_INTEGER : at(page.range[1]);
  return { from: at(page.range[0]), to };
}

/** Where the lines are along the axis; never falling. */
function alongAxis(series) {
  if (page.axis === "step") return series.step;
  const column = series.columns[page.axis]?.mean ?? series.step.map(() => null);
  let last = 0;
  return column.map((value) => (last = Math.max(last, value ?? last)));
}

let fetching = false;
let again = false;

/** Asks for what is new of the runs that are drawn, one round at a time. */
async function fetchDrawn(everything = false) {
  if (everything) for (const id of page.series.keys()) page.series.get(id).stale = true;
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  do {
    again = false;
    const ids = [...page.drawn.keys()];
    await Promise.all(ids.map(fetchRun));
    redraw();
  } while (again);
  fetching = false;
}

async function fetchRun(id) {
  const version = page.runs.get(id)?.version;
  const known = page.series.get(id);
  try {
    const columns = Math.min(1500, Math.round(20_000 / page.drawn.size), Math.max(300, Math.round((byId("charts").firstChild?.clientWidth || 600) * 1.2)));
    const scale = byId("log-x").checked && page.axis === "step" ? "log" : "linear";
    const view = { columns, scale };
    if (!page.whole.has(id) || (page.range && known?.version !== version)) page.whole.set(id, await source.series(id, view));
    if (!known || known.version !== version || known.stale) {
      const series = page.range ? await source.series(id, { ...view, ...stepsOf(id) }) : await source.series(id, view);
      if (!page.range) page.whole.set(id, series);
      page.series.set(id, { ...series, version });
    }
    if (page.details.get(id)?.version !== version) page.details.set(id, await source.details(id));
  } catch {
    // The next event asks again.
  }
}

/** The names of the curves that the runs have. */
function curveNames() {
  const names = new Set();
  for (const [id] of page.drawn) {
    const columns = page.series.get(id)?.columns ?? {};
    for (const name of Object.keys(columns)) {
      const numbers = page.runs.get(id)?.numbers[name];
      const isEmpty = kindOf(name).counts && !(numbers?.high.value > 0);
      if (!["seconds", "epoch"].includes(name) && !isEmpty && numbers) names.add(name);
    }
  }
  const place = (name) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return [...names].sort((a, b) => place(a) - place(b) || a.localeCompare(b));
}

function zoomed(range) {
  page.range = range;
  const [from, to] = [byId("from"), byId("to")];
  const digits = (value) => (page.axis === "step" ? Math.round(value) : Number(value.toPrecision(5)));
  from.value = range ? digits(range[0]) : "";
  to.value = range ? digits(range[1]) : "";
  byId("reset").disabled = !range;
  fetchDrawn(true);
}

function redraw() {
  const drawn = [...page.drawn.keys()].filter((id) => page.runs.has(id));
  const runs = drawn.map((id) => ({
    ...page.runs.get(id),
    ...(page.details.get(id) ?? { config: {}, pictures: [], evaluations: [], profiles: {} }),
    id,
    colour: colourOf(id),
    dash: dashOf(page.drawn.get(id)),
  }));
  drawOverview(byId("overview"), runs.length === 1 ? runs[0] : null, page.details.get(drawn[0]), isFile);
  drawCurves(runs);
  drawLevels(runs);
  samples.update(runs);
  drawEvaluations(runs);
  drawConfiguration(runs, byId("differences").checked);
  byId("curves").hidden = runs.length === 0;
}

function drawCurves(runs) {
  const names = curveNames();
  for (const [name, chart] of page.charts) {
    if (!names.includes(name)) {
      chart.remove();
      page.charts.delete(name);
    }
  }
  const logX = byId("log-x").checked;
  for (const name of names) {
    const kind = kindOf(name);
    if (!page.charts.has(name)) {
      page.charts.set(name, new Chart(byId("charts"), kind.label, {
        zoom: (from, to) => zoomed([from, to]),
        reset: () => zoomed(null),
        show: (value, digits) => shown(name, value, digits),
        showX: (value) => (page.axis === "epoch" ? shortNumber(value) : shown(page.axis, value)),
        sync: "curves",
      }));
    }
    const amount = kind.smooth === false ? 0 : Number(byId("smoothing").value);
    const curves = [];
    for (const run of runs) {
      const series = page.series.get(run.id);
      const column = series?.columns[name];
      if (!column) continue;
      const curve = { label: run.name, colour: run.colour, dash: run.dash, x: alongAxis(series), y: column.mean, points: runs.length <= MOST_RANGES };
      // Smoothing follows lines; where only some lines have the number, it follows those.
      if (amount > 0) curves.push({ ...curve, colour: faded(run.colour, 0.35), faint: true });
      const range = byId("range").checked && runs.length <= MOST_RANGES && column.low && amount === 0 ? { low: column.low, high: column.high } : {};
      curves.push({ ...curve, ...range, y: amount > 0 ? smoothed(column.mean, column.count, amount) : column.mean });
    }
    const logY = byId("log-y").checked && Boolean(kind.log);
    const label = { step: "step", seconds: "time in training", epoch: "epoch" }[page.axis];
    page.charts.get(name).draw(curves, { logX, logY, xLabel: label, range: page.range, fromZero: kind.fromZero, unit: kind.unit, xUnit: page.axis });
  }
  inOrder(byId("charts"), names.map((name) => page.charts.get(name).box));
}

/** Puts pictures in an order; those that are there are not moved. */
function inOrder(place, boxes) {
  boxes.forEach((box, index) => {
    if (place.children[index] !== box) place.insertBefore(box, place.children[index]);
  });
}

/** Curves along the noise: the newest up to a step, and earlier ones. */
function drawLevels(runs) {
  const steps = [...new Set(runs.flatMap((run) => Object.values(run.profiles ?? {}).flat().map((one) => one.step)))].sort((a, b) => a - b);
  byId("levels").hidden = steps.length === 0;
  const slider = byId("level-step");
  const wasLast = page.levelSteps === undefined || Number(slider.value) >= page.levelSteps.length - 1;
  slider.max = String(Math.max(0, steps.length - 1));
  if (wasLast) slider.value = slider.max;
  page.levelSteps = steps;
  const until = steps[Number(slider.value)] ?? Infinity;
  setText(byId("level-step-shown"), Number.isFinite(until) ? shown("step", until) : "");
  slider.setAttribute("aria-valuetext", `step ${until}`);
  const wanted = new Map();
  for (const run of runs) {
    for (const [name, list] of Object.entries(run.profiles ?? {})) {
      const until_now = list.filter((one) => one.step <= until);
      const last = until_now[until_now.length - 1];
      if (!last) continue;
      const along = ["log_snr", "t"].find((key) => last.rows.some((row) => key in row));
      if (!along) continue;
      const numbers = [...new Set(last.rows.flatMap((row) => Object.keys(row)))].filter((key) => key !== along && !key.endsWith("_error"));
      for (const number of numbers) {
        const key = `${name}.${number}`;
        if (!wanted.has(key)) wanted.set(key, { along, curves: [] });
        const shownOnes = byId("earlier").checked ? until_now : [last];
        shownOnes.forEach((one) => {
          const rows = one.rows.filter((row) => Number.isFinite(row[along]) && Number.isFinite(row[number])).sort((a, b) => a[along] - b[along]);
          const is_last = one === last;
          const curve = {
            label: runs.length > 1 ? `${run.name}, step ${shown("step", one.step)}` : `step ${shown("step", one.step)}`,
            colour: is_last ? run.colour : faded(run.colour, 0.3), dash: run.dash, faint: !is_last, points: is_last,
            x: rows.map((row) => row[along]), y: rows.map((row) => row[number]),
          };
          if (is_last && rows.some((row) => `${number}_error` in row)) {
            curve.low = rows.map((row) => row[number] - (row[`${number}_error`] ?? 0));
            curve.high = rows.map((row) => row[number] + (row[`${number}_error`] ?? 0));
          }
          wanted.get(key).curves.push(curve);
        });
      }
    }
  }
  for (const [key, chart] of page.levels) {
    if (!wanted.has(key)) {
      chart.remove();
      page.levels.delete(key);
    }
  }
  for (const [key, { along, curves }] of wanted) {
    const [kind, axis] = [LEVELS[key] ?? { label: capital(key.replaceAll("_", " ").replace(".", ", ")), log: true }, LEVELS[along]];
    if (!page.levels.has(key)) {
      const show = (value, digits) => shortNumber(value, digits);
      page.levels.set(key, new Chart(byId("level-charts"), kind.label, { show, showX: (value) => shortNumber(value, 3) }));
    }
    const logX = Boolean(axis.log);
    page.levels.get(key).draw(curves, { logX, logY: byId("log-y").checked && Boolean(kind.log), xLabel: axis.label, range: null, quiet: true });
  }
  inOrder(byId("level-charts"), [...wanted.keys()].sort().map((key) => page.levels.get(key).box));
}

async function stop(id) {
  const run = page.runs.get(id);
  if (!confirm(`Stop ${run.name}? It saves a checkpoint after its step and can be resumed.`)) return;
  const note = byId("runs-note");
  try {
    await source.stop(id);
    setText(note, `${run.name} was asked to stop.`);
  } catch (error) {
    setText(note, `${run.name} was not stopped: ${error.message}.`);
  }
}

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
  for (const [id, key] of [["theme", "value"], ["log-y", "checked"], ["log-x", "checked"], ["range", "checked"], ["axis", "value"], ["smoothing", "value"]]) {
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

begin();
document.documentElement.dataset.theme = byId("theme").value;
page.colours = colours();
page.known = new Set();
const source = openSource(listener);
const samples = new Samples(source);
const isFile = source instanceof Written;
byId("runs").hidden = isFile;
byId("connection").hidden = isFile;
const table = isFile ? null : new RunTable({
  shown: (id) => page.drawn.has(id),
  colour: colourOf,
  toggle(id) {
    if (!page.drawn.delete(id)) draw(id);
    table.draw();
    fetchDrawn();
  },
  stop: source.canStop ? stop : null,
});
