// What a run is, its configuration next to those of others, and how good its samples are.

/** One run in words: what was trained, on what, when, how far. */
function drawOverview(place, run, details, isFile) {
  place.hidden = !run;
  if (!run) return;
  const config = details?.config ?? {};
  const size = (key) => (config[key] ? `, ${config[key]}` : "");
  const sessions = (details?.sessions ?? []).filter((session) => session.event === "start");
  const devices = [...new Set(sessions.map((session) => session.device).filter(Boolean))];
  const number = (name, at = "last") => run.numbers[name]?.[at];
  const best = number("validation_loss", "low");
  const first = sessions[0]?.time ?? run.begun;
  const written = run.written ?? null;
  const facts = [
    ["State", run.state + (run.seconds_left ? `, ${duration(run.seconds_left)} left` : "")],
    ["Steps", run.steps ? `${shown("step", run.step ?? 0)} of ${shown("step", run.steps)}` : shown("step", run.step)],
    ["Data", config["data.kind"]],
    ["Process", config["process.kind"]],
    ["Network", config["network.kind"]],
    ["Loss", config["objective.loss.kind"] ?? "denoising"],
    [
      "Batch",
      config["training.batch_size"] &&
        config["training.batch_size"] + (Number(config["training.accumulation"]) > 1 ? ` × ${config["training.accumulation"]}` : ""),
    ],
    ["Seed", config.seed],
    ["Device", devices.join("; ") || (config["backend.name"] && config["backend.name"] + size("backend.precision"))],
    ["fokker", [...new Set(sessions.map((session) => session.version).filter(Boolean))].join(", ")],
    ["Where the time went", spentOn(details?.sessions ?? [])],
    ["Begun", date(first)],
    ["Last line", date(written)],
    ["Time in training", duration(number("seconds")?.value)],
    ["Sessions", sessions.length > 1 ? String(sessions.length) : ""],
    ["Largest memory", number("memory", "high") && bytes(number("memory", "high").value)],
    ["Best validation loss", best && `${shortNumber(best.value)} at step ${shown("step", best.step)}`],
    ["Last validation loss", number("validation_loss") && shortNumber(number("validation_loss").value)],
    ["Last training loss", number("loss") && shortNumber(number("loss").value)],
    ["Examples a second", number("examples_per_second") && shortNumber(number("examples_per_second").value, 3)],
  ].filter(([, value]) => value && value !== "–");
  const list = element(
    "dl",
    {},
    ...facts.flatMap(([name, value]) => [element("div", {}, element("dt", {}, name), element("dd", {}, value))]),
  );
  const problems = element("ul", { class: "problems" });
  fillProblems(problems, run);
  // Where the folder was does not matter to who has the page in it, and the page has the run's name already.
  const path = details?.path && !isFile ? element("p", { class: "note" }, details.path) : null;
  place.replaceChildren(...[element("h2", {}, isFile ? "Overview" : run.name), path, problems, list].filter(Boolean));
}

/** The parts of the time that sessions say they took, the largest first. */
function spentOn(sessions) {
  const sums = {};
  for (const { breakdown } of sessions) {
    for (const [part, seconds] of Object.entries(breakdown ?? {})) if (part !== "steps") sums[part] = (sums[part] ?? 0) + seconds;
  }
  const whole = Object.values(sums).reduce((sum, seconds) => sum + seconds, 0);
  const parts = Object.entries(sums)
    .sort((one, other) => other[1] - one[1])
    .filter(([, seconds]) => seconds > 0.01 * whole);
  return parts.map(([part, seconds]) => `${part} ${Math.round((100 * seconds) / whole)} %`).join(", ");
}

/** Every key with its value in each run. */
function drawConfiguration(runs, differencesOnly) {
  const section = document.getElementById("configuration");
  const withConfig = runs.filter((run) => run.config && Object.keys(run.config).length);
  section.hidden = withConfig.length === 0;
  document.getElementById("differences-label").hidden = withConfig.length < 2;
  const keys = [...new Set(withConfig.flatMap((run) => Object.keys(run.config)))];
  const differs = (key) => withConfig.some((run) => run.config[key] !== withConfig[0].config[key]);
  const wanted = withConfig.length > 1 && differencesOnly ? keys.filter(differs) : keys;
  const head = element(
    "tr",
    {},
    element("th", { scope: "col" }, "Key"),
    ...withConfig.map((run) => {
      const swatch = element("span", { class: "swatch" });
      swatch.style.background = run.colour;
      return element("th", { scope: "col" }, swatch, run.name);
    }),
  );
  const body = wanted.map((key) => {
    const cells = withConfig.map((run) => element("td", {}, run.config[key] ?? "–"));
    return element("tr", { class: withConfig.length > 1 && differs(key) ? "differs" : "" }, element("th", { scope: "row" }, key), ...cells);
  });
  if (wanted.length === 0) body.push(element("tr", {}, element("td", {}, "These runs have the same configuration.")));
  document.getElementById("configuration-table").replaceChildren(element("thead", {}, head), element("tbody", {}, ...body));
}

/** Metrics with their error bars, for all evaluations of the runs. */
function drawEvaluations(runs) {
  const section = document.getElementById("evaluation");
  const reports = runs.flatMap((run) =>
    run.evaluations
      .filter((one) => one.report?.evaluation?.measured)
      .map((one) => {
        const kind = one.file.replace(/^evaluation-?/, "").replace(/\.json$/, "");
        return { ...one.report, run, label: kind ? `${run.name}, ${kind}` : run.name };
      }),
  );
  section.hidden = reports.length === 0;
  const names = [...new Set(reports.flatMap((report) => report.evaluation.measured.map((one) => one.name)))];
  const parts = names
    .filter((name) => !name.endsWith("]"))
    .map((name) => {
      const rows = reports
        .map((report) => ({ report, one: report.evaluation.measured.find((one) => one.name === name) }))
        .filter(({ one }) => one);
      const ends = rows
        .flatMap(({ one }) =>
          [one.value, one.floor].filter(Boolean).flatMap((value) => {
            const error = value.standard_error ?? 0;
            return [value.value - error, value.value + error];
          }),
        )
        .filter(Number.isFinite);
      const [low, high] = [Math.min(...ends), Math.max(...ends)];
      const table = element(
        "table",
        {},
        element("caption", {}, name.replaceAll("_", " ")),
        element(
          "thead",
          {},
          element("tr", {}, ...["Run", "Value", "Range", "Floor", "Samples", "Data"].map((text) => element("th", { scope: "col" }, text))),
        ),
      );
      for (const { report, one } of rows) {
        table.append(
          element(
            "tr",
            {},
            element("th", { scope: "row" }, report.label),
            element("td", { class: "number" }, withError(one.value.value, one.value.standard_error)),
            element("td", {}, errorBar(one, low, high, report.run.colour)),
            element("td", { class: "number" }, one.floor ? withError(one.floor.value, one.floor.standard_error) : "–"),
            element("td", { class: "number" }, shown("step", one.samples)),
            element("td", { class: "number" }, one.reference ? shown("step", one.reference) : "–"),
          ),
        );
      }
      return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": name.replaceAll("_", " ") }, table);
    });
  const note = element(
    "p",
    { class: "note" },
    "± is one standard error. The floor, a grey bar, is the same between two halves of the data: no samples are better than that.",
  );
  document.getElementById("evaluations").replaceChildren(...parts, note);
}

/** A value with its error and its floor on a line. */
function errorBar(measured, low, high, colour) {
  const space = "http://www.w3.org/2000/svg";
  const made = (name, attributes) => {
    const part = document.createElementNS(space, name);
    for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, String(value));
    return part;
  };
  const place = (value) => 4 + (132 * (value - low)) / (high - low || 1);
  const picture = made("svg", { viewBox: "0 0 140 16", width: 140, height: 16, "aria-hidden": "true" });
  const bar = (estimate, width, stroke) => {
    const error = estimate.standard_error ?? 0;
    const [from, to] = [place(estimate.value - error), place(estimate.value + error)];
    picture.append(made("line", { x1: from, x2: Math.max(to, from + 1), y1: 8, y2: 8, "stroke-width": width, stroke }));
  };
  picture.append(made("line", { x1: 4, x2: 136, y1: 8, y2: 8, stroke: "var(--grid)" }));
  if (measured.floor) bar(measured.floor, 12, "var(--floor)");
  bar(measured.value, 2, colour);
  picture.append(made("circle", { cx: place(measured.value.value), cy: 8, r: 3.5, fill: colour }));
  return picture;
}
