// The page: which runs are drawn, what is asked for, when it is drawn anew.

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
    const columns = Math.min(
      1500,
      Math.round(20_000 / page.drawn.size),
      Math.max(300, Math.round((byId("charts").firstChild?.clientWidth || 600) * 1.2)),
    );
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

begin();
document.documentElement.dataset.theme = byId("theme").value;
page.colours = colours();
page.known = new Set();
const source = openSource(listener);
const samples = new Samples(source);
const isFile = source instanceof Written;
byId("runs").hidden = isFile;
byId("connection").hidden = isFile;
const table = isFile
  ? null
  : new RunTable({
      shown: (id) => page.drawn.has(id),
      colour: colourOf,
      toggle(id) {
        if (!page.drawn.delete(id)) draw(id);
        table.draw();
        fetchDrawn();
      },
      stop: source.canStop ? stop : null,
    });
