// Curves over each other in one picture, with their values at the cursor.

/** What the pictures are drawn with; read anew when the colours of the page change. */
function colours() {
  const style = getComputedStyle(document.documentElement);
  const named = (name) => style.getPropertyValue(name).trim();
  return {
    text: named("--text"),
    grid: named("--grid"),
    runs: [0, 1, 2, 3, 4, 5, 6, 7].map((index) => named(`--run-${index}`)),
  };
}

/** Beyond eight runs, lines of the same colour differ by their dashes. */
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

function dashOf(index) {
  return DASHES[Math.floor(index / 8) % DASHES.length];
}

function faded(colour, share) {
  const alpha = Math.round(share * 255)
    .toString(16)
    .padStart(2, "0");
  return colour.slice(0, 7) + alpha;
}

/**
 * Smooths means of lines: each new line has the share 1 − amount, and the beginning is not drawn towards zero
 * (Kingma & Ba 2015, sec. 3). `counts` says how many lines a mean is of.
 */
function smoothed(values, counts, amount) {
  let sum = 0;
  let weight = 0;
  return values.map((value, index) => {
    if (value === null) return null;
    const kept = amount ** (counts ? counts[index] : 1);
    sum = kept * sum + (1 - kept) * value;
    weight = kept * weight + (1 - kept);
    return weight > 0 ? sum / weight : value;
  });
}

/** The last place of a sorted list whose number is at most `wanted`; −1 if there is none. */
function lastAtMost(list, wanted) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Distances between the numbers of an axis: whole minutes and hours, and powers of two for bytes. */
const DISTANCES = {
  seconds: [
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800,
    432000, 864000,
  ],
  bytes: Array.from({ length: 50 }, (_, power) => 2 ** power),
};

/** Where a logarithmic axis has its numbers: powers of ten, some of their multiples, or even steps within a decade. */
function logTicks(low, high) {
  const decades = Math.log10(high / low);
  if (decades < 0.7) {
    const rough = (high - low) / 4;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
    const ticks = [];
    for (let index = Math.ceil(low / step); index * step <= high; index += 1) ticks.push(index * step);
    return ticks;
  }
  const multiples = decades < 1.5 ? [1, 2, 3, 5, 7] : decades < 3 ? [1, 2, 5] : [1];
  const apart = Math.max(1, Math.ceil(decades / 7));
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power += 1) {
    if (power % apart === 0) ticks.push(...multiples.map((factor) => factor * 10 ** power));
  }
  return ticks.filter((tick) => tick >= low && tick <= high);
}

/** The columns of a table whose first has each number once: of several rows the last one stays. */
function distinct(columns) {
  const [first] = columns;
  const kept = first.map((_, index) => index).filter((index) => first[index] !== first[index + 1]);
  return kept.length === first.length ? columns : columns.map((column) => kept.map((index) => column[index]));
}

/** A picture with curves. */
class Chart {
  /** `zoom(from, to)` and `reset()` are called when a reader drags over a range, or clicks twice. */
  constructor(parent, title, { zoom, reset, show, showX, sync }) {
    this.calls = { zoom, reset };
    this.show = show;
    this.showX = showX;
    this.sync = sync;
    this.place = element("div", { class: "plot", role: "img" });
    this.legend = element("ul", { class: "legend" });
    this.heading = element("h3", {}, title);
    this.box = element("figure", { class: "chart" }, this.heading, this.place, this.legend);
    parent.append(this.box);
    this.title = title;
    this.width = 0;
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.place);
  }

  resize() {
    const width = Math.floor(this.place.clientWidth);
    if (this.plot && width > 0 && width !== this.width) {
      this.width = width;
      this.plot.setSize({ width, height: this.height() });
    }
  }

  height() {
    return Math.max(200, Math.min(280, Math.round(0.56 * this.width)));
  }

  remove() {
    this.observer.disconnect();
    this.plot?.destroy();
    this.box.remove();
  }

  /** `curves`: label, colour, dash, x, y, and perhaps low and high, and faint. `options`: logX, logY, xLabel, range. */
  draw(curves, options) {
    this.curves = curves;
    this.quiet = options.quiet;
    this.width = Math.floor(this.place.clientWidth) || 480;
    const positive = (value) => (value !== null && (!options.logY || value > 0) ? value : null);
    const snap = this.grid(curves, options);
    const tables = [];
    const series = [{}];
    const bands = [];
    for (const curve of curves) {
      const kept = curve.x
        .map((x, index) => index)
        .filter((index) => positive(curve.y[index]) !== null && (!options.logX || curve.x[index] > 0));
      const pick = (list) => kept.map((index) => positive(list[index]));
      curve.at = kept.map((index) => curve.x[index]);
      curve.value = pick(curve.y);
      const columns = [curve.at.map(snap), curve.value];
      const width = curve.faint ? 1 : 1.75;
      const points = { show: kept.length === 1 || (curve.points && kept.length < 60), size: 5 };
      series.push({ label: curve.label, stroke: curve.colour, width, dash: curve.dash, points });
      if (curve.low) {
        const [high, low] = [series.length, series.length + 1];
        columns.push(
          pick(curve.high),
          pick(curve.low).map((value, index) => value ?? curve.value[index]),
        );
        const hidden = { stroke: "transparent", width: 0, points: { show: false } };
        series.push(hidden, { ...hidden });
        bands.push({ series: [high, low], fill: faded(curve.colour, 0.2) });
      }
      tables.push(distinct(columns));
    }
    const data = tables.length ? uPlot.join(tables) : [[]];
    const look = [
      options.logX,
      options.logY,
      options.xLabel,
      JSON.stringify(options.range),
      series.length,
      curves.map((curve) => curve.colour + curve.dash + curve.label + curve.faint + Boolean(curve.low)).join(),
    ].join("|");
    if (this.plot && look === this.look) {
      this.plot.setData(data);
    } else {
      this.look = look;
      this.plot?.destroy();
      this.plot = new uPlot(this.settings(series, bands, options), data, this.place);
    }
    this.place.setAttribute("aria-label", this.words(curves));
    this.values(null);
  }

  /** With many curves, places that no eye tells apart are one place: all curves share as many places as the picture has half pixels. */
  grid(curves, options) {
    const count = curves.reduce((sum, curve) => sum + curve.x.length, 0);
    if (count < 20_000) return (x) => x;
    const [to, from] = options.logX ? [Math.log, Math.exp] : [(x) => x, (x) => x];
    let [low, high] = [Infinity, -Infinity];
    for (const { x } of curves) {
      if (x.length) [low, high] = [Math.min(low, x.find((at) => !options.logX || at > 0) ?? low), Math.max(high, x[x.length - 1])];
    }
    const step = (to(high) - to(low)) / (2 * this.width) || 1;
    return (x) => from(to(low) + step * Math.round((to(x) - to(low)) / step));
  }

  settings(series, bands, options) {
    const { text, grid } = colours();
    const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 }, font: "12px system-ui, sans-serif" };
    const padded = (log) => (_plot, low, high) => {
      if (low === null || high === null) return log ? [0.1, 1] : [0, 1];
      if (log) {
        const pad = Math.max((high / low) ** 0.04, 1.02);
        return [low / pad, high * pad];
      }
      const pad = 0.04 * (high - low) || 0.05 * Math.abs(high) || 1;
      if (options.fromZero) return [0, high + pad];
      return [low >= 0 && low - pad < 0 ? 0 : low - pad, high + pad];
    };
    const exact = (_plot, low, high) => {
      if (options.range) return options.range;
      if (low === null) return [options.logX ? 1 : 0, options.logX ? 10 : 1];
      return low === high ? (options.logX ? [low / 2, high * 2] : [low - 1, high + 1]) : [low, high];
    };
    const spread = (log, unit) => {
      if (log) return { splits: (_plot, _axis, low, high) => logTicks(low, high), filter: (_plot, splits) => splits };
      return DISTANCES[unit] ? { incrs: DISTANCES[unit] } : {};
    };
    const ticks = (show) => (_plot, values) => values.map((value) => (value === null ? "" : show(value)));
    return {
      width: this.width,
      height: this.height(),
      series,
      bands,
      legend: { show: false },
      padding: [8, 30, 0, 0],
      scales: {
        x: { time: false, distr: options.logX ? 3 : 1, range: exact },
        y: { distr: options.logY ? 3 : 1, range: padded(options.logY) },
      },
      axes: [
        {
          ...axis,
          ...spread(options.logX, options.xUnit),
          label: options.xLabel,
          labelFont: "12px system-ui, sans-serif",
          labelSize: 18,
          size: 30,
          values: ticks(this.showX),
          space: 64,
        },
        { ...axis, ...spread(options.logY, options.unit), size: 66, values: ticks((value) => this.show(value, 3)) },
      ],
      cursor: {
        sync: this.sync ? { key: this.sync, setSeries: false, scales: ["x", null] } : undefined,
        drag: { x: Boolean(this.calls.zoom), y: false, setScale: false },
        points: { show: false },
        bind: { dblclick: () => () => this.calls.reset?.() },
      },
      hooks: {
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width < 5) return;
            const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
            plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
            this.calls.zoom?.(from, to);
          },
        ],
        setCursor: [(plot) => this.values(plot.cursor.left >= 0 ? plot.posToVal(plot.cursor.left, "x") : null)],
      },
    };
  }

  /** The values of all curves at a place, or at their ends. */
  values(x) {
    const curves = this.curves.filter((curve) => !curve.faint);
    while (this.legend.children.length > curves.length) this.legend.lastChild.remove();
    curves.forEach((curve, index) => {
      const place = x === null ? curve.at.length - 1 : lastAtMost(curve.at, x);
      const value = place < 0 ? "–" : x === null && this.quiet ? "" : this.show(curve.value[place]);
      const where = x === null || place < 0 ? "" : ` at ${this.showX(curve.at[place])}`;
      let row = this.legend.children[index];
      if (!row) {
        row = element(
          "li",
          {},
          element("span", { class: "line" }),
          element("span", { class: "name" }),
          element("span", { class: "value" }),
        );
        this.legend.append(row);
      }
      row.children[0].style.borderTop = `2px ${curve.dash?.length ? "dashed" : "solid"} ${curve.colour}`;
      setText(row.children[1], curve.label);
      setText(row.children[2], value + where);
    });
  }

  /** The picture for who does not see it. */
  words(curves) {
    const said = curves
      .filter((curve) => !curve.faint && curve.at.length)
      .map((curve) => {
        const last = curve.at.length - 1;
        const [low, high] = [Math.min(...curve.value), Math.max(...curve.value)];
        return (
          `${curve.label}: from ${this.show(curve.value[0])} to ${this.show(curve.value[last])}, ` +
          `between ${this.show(low)} and ${this.show(high)}`
        );
      });
    return `${this.title}. ${said.join(". ") || "No numbers"}.`;
  }
}
