// Curves along the steps: a picture for each number that the drawn runs have.

/** The names of the curves that the runs have. */
function curveNames() {
  const names = new Set();
  for (const [id] of page.drawn) {
    const columns = page.series.get(id)?.columns ?? {};
    for (const name of Object.keys(columns)) {
      const numbers = page.runs.get(id)?.numbers[name];
      const isEmpty = kindOf(name).counts && !(numbers?.high.value > 0);
      // A standard error is the band of its curve.
      const isError = name.endsWith("_error") && name.slice(0, -"_error".length) in columns;
      if (!["seconds", "epoch"].includes(name) && !isEmpty && !isError && numbers) names.add(name);
    }
  }
  const place = (name) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return [...names].sort((a, b) => place(a) - place(b) || a.localeCompare(b));
}

/** A number moved by a distance; nothing stays nothing. */
function shifted(value, distance) {
  return value === null ? null : value + distance;
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
      page.charts.set(
        name,
        new Chart(byId("charts"), kind.label, {
          zoom: (from, to) => zoomed([from, to]),
          reset: () => zoomed(null),
          show: (value, digits) => shown(name, value, digits),
          showX: (value) => (page.axis === "epoch" ? shortNumber(value) : shown(page.axis, value)),
          sync: "curves",
        }),
      );
    }
    const amount = kind.smooth === false ? 0 : Number(byId("smoothing").value);
    const curves = [];
    for (const run of runs) {
      const series = page.series.get(run.id);
      const column = series?.columns[name];
      if (!column) continue;
      const curve = {
        label: run.name,
        colour: run.colour,
        dash: run.dash,
        x: alongAxis(series),
        y: column.mean,
        points: runs.length <= MOST_RANGES,
      };
      // Smoothing follows lines; where only some lines have the number, it follows those.
      if (amount > 0) curves.push({ ...curve, colour: faded(run.colour, 0.35), faint: true });
      const error = series.columns[`${name}_error`]?.mean;
      const moved = (sign) => column.mean.map((mean, at) => shifted(mean, sign * error[at]));
      const bounds = error ? { low: moved(-1), high: moved(1) } : { low: column.low, high: column.high };
      const range = byId("range").checked && runs.length <= MOST_RANGES && bounds.low && amount === 0 ? bounds : {};
      curves.push({ ...curve, ...range, y: amount > 0 ? smoothed(column.mean, column.count, amount) : column.mean });
    }
    const logY = byId("log-y").checked && Boolean(kind.log);
    const label = { step: "step", seconds: "time in training", epoch: "epoch" }[page.axis];
    page.charts
      .get(name)
      .draw(curves, { logX, logY, xLabel: label, range: page.range, fromZero: kind.fromZero, unit: kind.unit, xUnit: page.axis });
  }
  inOrder(
    byId("charts"),
    names.map((name) => page.charts.get(name).box),
  );
}
