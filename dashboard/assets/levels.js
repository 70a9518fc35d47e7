// Curves along the noise: errors at noise levels, residuals along the time.

/** Puts pictures in an order; those that are there are not moved. */
function inOrder(place, boxes) {
  boxes.forEach((box, index) => {
    if (place.children[index] !== box) place.insertBefore(box, place.children[index]);
  });
}

/** Curves along the noise: the newest up to a step, and earlier ones. */
function drawLevels(runs) {
  const steps = [
    ...new Set(
      runs.flatMap((run) =>
        Object.values(run.profiles ?? {})
          .flat()
          .map((one) => one.step),
      ),
    ),
  ].sort((a, b) => a - b);
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
          const rows = one.rows
            .filter((row) => Number.isFinite(row[along]) && Number.isFinite(row[number]))
            .sort((a, b) => a[along] - b[along]);
          const is_last = one === last;
          const curve = {
            label: runs.length > 1 ? `${run.name}, step ${shown("step", one.step)}` : `step ${shown("step", one.step)}`,
            colour: is_last ? run.colour : faded(run.colour, 0.3),
            dash: run.dash,
            faint: !is_last,
            points: is_last,
            x: rows.map((row) => row[along]),
            y: rows.map((row) => row[number]),
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
    page.levels
      .get(key)
      .draw(curves, { logX, logY: byId("log-y").checked && Boolean(kind.log), xLabel: axis.label, range: null, quiet: true });
  }
  inOrder(
    byId("level-charts"),
    [...wanted.keys()].sort().map((key) => page.levels.get(key).box),
  );
}
