// The table of runs.

const COLUMNS = [
  { key: "name", label: "Run", of: (run) => run.name },
  { key: "state", label: "State", of: (run) => run.state },
  { key: "step", label: "Step", number: true, of: (run) => run.step },
  {
    key: "seconds_left",
    label: "Left",
    number: true,
    of: (run) => run.seconds_left,
    show: (value) => (value === null ? "" : duration(value)),
  },
  {
    key: "best",
    label: "Best validation loss",
    number: true,
    of: (run) => run.numbers.validation_loss?.low.value,
    where: (run) => run.numbers.validation_loss?.low.step,
  },
  { key: "validation", label: "Validation loss", number: true, of: (run) => run.numbers.validation_loss?.last?.value },
  { key: "loss", label: "Training loss", number: true, of: (run) => run.numbers.loss?.last?.value },
  { key: "gradient", label: "Gradient norm", number: true, of: (run) => run.numbers.gradient_norm?.last?.value },
  {
    key: "rate",
    label: "Examples a second",
    number: true,
    of: (run) => run.numbers.examples_per_second?.last?.value,
    show: (value) => shortNumber(value, 3),
  },
  { key: "seconds", label: "Time", number: true, of: (run) => run.numbers.seconds?.last?.value, show: duration },
  { key: "memory", label: "Memory", number: true, of: (run) => run.numbers.memory?.high.value, show: bytes },
  { key: "device", label: "Device", of: (run) => run.session?.device ?? "" },
  { key: "written", label: "Last line", number: true, of: (run) => run.written, show: date },
];

class RunTable {
  /** `actions`: shown(id) says whether a run is drawn, toggle(id), colour(id), stop(id) or none. */
  constructor(actions) {
    this.actions = actions;
    this.table = document.getElementById("runs-table");
    this.rows = new Map();
    this.sort = { key: "written", down: true };
    const head = element("tr", {}, element("th", { scope: "col" }, element("span", { class: "hidden" }, "Drawn")));
    for (const column of COLUMNS) {
      const button = element("button", { type: "button" }, column.label);
      button.addEventListener("click", () => this.sortBy(column));
      column.head = element("th", { scope: "col", class: column.number ? "number" : "" }, button);
      head.append(column.head);
    }
    if (actions.stop) head.append(element("th", { scope: "col" }, element("span", { class: "hidden" }, "Stop")));
    this.body = element("tbody");
    this.table.replaceChildren(element("thead", {}, head), this.body);
    this.filter = document.getElementById("filter");
    this.filter.addEventListener("input", () => this.draw());
  }

  sortBy(column) {
    const down = this.sort.key === column.key ? !this.sort.down : column.key === "written" || column.key === "rate";
    this.sort = { key: column.key, down };
    this.draw();
  }

  /** The runs that the filter leaves, in order. */
  chosen() {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (run) => words.every((word) => `${run.name} ${run.state} ${run.session?.device ?? ""}`.toLowerCase().includes(word));
    const column = COLUMNS.find((one) => one.key === this.sort.key);
    const list = [...this.runs.values()].filter(fits);
    const compare = (one, other) => {
      const [a, b] = [column.of(one), column.of(other)];
      const [none, noneThere] = [a === null || a === undefined || a === "", b === null || b === undefined || b === ""];
      // What has no value comes last in both directions.
      if (none || noneThere) return none - noneThere || one.name.localeCompare(other.name);
      const order = typeof a === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
      return (this.sort.down ? -order : order) || one.name.localeCompare(other.name);
    };
    return list.sort(compare);
  }

  update(runs) {
    this.runs = runs;
    this.draw();
  }

  draw() {
    for (const column of COLUMNS) {
      const state = column.key !== this.sort.key ? "none" : this.sort.down ? "descending" : "ascending";
      column.head.setAttribute("aria-sort", state);
      // A column that says nothing of any run is left out.
      column.empty = ![...this.runs.values()].some((run) => ![undefined, null, ""].includes(column.of(run)));
      column.head.hidden = column.empty;
    }
    const list = this.chosen();
    for (const [id, row] of this.rows) {
      if (!list.some((run) => run.id === id)) {
        row.tr.remove();
        this.rows.delete(id);
      }
    }
    list.forEach((run, index) => {
      const row = this.rows.get(run.id) ?? this.make(run);
      this.fill(row, run);
      // Moved only if it has to be: what has the focus keeps it.
      if (this.body.children[index] !== row.tr) this.body.insertBefore(row.tr, this.body.children[index] ?? null);
    });
    const all = this.runs.size;
    const note =
      all === 0 ? "There is no run yet." : list.length < all ? `${list.length} of ${all} runs` : `${all} ${all === 1 ? "run" : "runs"}`;
    setText(document.getElementById("runs-note"), note);
  }

  make(run) {
    const check = element("input", { type: "checkbox" });
    check.addEventListener("change", () => this.actions.toggle(run.id));
    const swatch = element("span", { class: "swatch" });
    const row = { tr: element("tr"), check, swatch, cells: [] };
    row.tr.append(
      element("td", { class: "check" }, element("label", {}, check, swatch, element("span", { class: "hidden" }, `Draw ${run.name}`))),
    );
    for (const column of COLUMNS) {
      const cell = element(
        column.key === "name" ? "th" : "td",
        column.key === "name" ? { scope: "row" } : { class: column.number ? "number" : "" },
      );
      row.cells.push(cell);
      row.tr.append(cell);
    }
    if (this.actions.stop) {
      row.stop = element("button", { type: "button", class: "stop" }, "Stop");
      row.stop.setAttribute("aria-label", `Stop ${run.name}`);
      row.stop.addEventListener("click", () => this.actions.stop(run.id));
      row.tr.append(element("td", {}, row.stop));
    }
    this.rows.set(run.id, row);
    return row;
  }

  fill(row, run) {
    row.check.checked = this.actions.shown(run.id);
    row.swatch.style.background = row.check.checked ? this.actions.colour(run.id) : "transparent";
    COLUMNS.forEach((column, index) => {
      const cell = row.cells[index];
      cell.hidden = column.empty;
      const value = column.of(run);
      if (column.key === "name") {
        if (!cell.firstChild) cell.append(element("span"), element("ul", { class: "problems" }));
        setText(cell.children[0], run.name);
        fillProblems(cell.children[1], run);
      } else if (column.key === "state") {
        cell.className = `state ${run.state}`;
        setText(cell, run.state);
      } else if (column.key === "step") {
        if (!cell.firstChild) cell.append(element("span"), element("progress"));
        setText(cell.children[0], run.steps ? `${shown("step", run.step ?? 0)} / ${shown("step", run.steps)}` : shown("step", value));
        cell.children[1].hidden = !run.steps;
        cell.children[1].max = run.steps ?? 1;
        cell.children[1].value = run.step ?? 0;
        cell.children[1].setAttribute("aria-label", `Steps of ${run.name}`);
      } else {
        const text =
          value === null || value === undefined
            ? ""
            : column.show
              ? column.show(value)
              : column.number
                ? shortNumber(value)
                : String(value);
        const where = column.where?.(run);
        setText(cell, where === undefined || where === null ? text : `${text} at ${shown("step", where)}`);
      }
    });
    if (row.stop) row.stop.hidden = run.state !== "training";
  }
}

/** What is wrong with a run, as a list. */
function fillProblems(list, run) {
  const problems = [...run.problems];
  for (const name of ["skipped", "validation_not_finite"]) {
    const high = run.numbers[name]?.high;
    if (high?.value > 0) problems.push(`${kindOf(name).label.toLowerCase()}: ${shown(name, high.value)}`);
  }
  list.hidden = problems.length === 0;
  while (list.children.length > problems.length) list.lastChild.remove();
  problems.forEach((problem, index) => {
    if (!list.children[index]) list.append(element("li"));
    setText(list.children[index], problem);
  });
}
