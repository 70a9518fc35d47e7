// Numbers for a reader: rounded, with their units.

/** What is known of numbers that runs record: how they are called, and how they are shown. Those that do not scatter are not smoothed. */
const KINDS = {
  loss: { label: "Training loss", log: true },
  validation_loss: { label: "Validation loss", log: true, smooth: false },
  gradient_norm: { label: "Gradient norm, before clipping", log: true },
  learning_rate: { label: "Learning rate", smooth: false },
  examples_per_second: { label: "Examples a second" },
  memory: { label: "Memory", unit: "bytes", fromZero: true, smooth: false },
  not_finite: { label: "Steps that were not finite", counts: true },
  skipped: { label: "Skipped steps", counts: true },
  validation_not_finite: { label: "Held-out examples that were not finite", counts: true },
  seconds: { label: "Time", unit: "seconds" },
  epoch: { label: "Epoch" },
  step: { label: "Step", counts: true },
};

/** How the numbers of an evaluation of samples are called. Those that can be negative or are shares have no logarithm. */
const EVALUATION = {
  frechet: { label: "Fréchet distance", log: true },
  frechet_infinity: { label: "Fréchet distance, extrapolated" },
  kid: { label: "Kernel distance, KID" },
  mmd: { label: "Kernel distance, Gaussian" },
  precision: { label: "Precision" },
  recall: { label: "Recall" },
  density: { label: "Density" },
  coverage: { label: "Coverage" },
  sliced_wasserstein: { label: "Sliced Wasserstein distance", log: true },
  marginal_wasserstein: { label: "Wasserstein distance of the columns", log: true },
  marginal_ks: { label: "Kolmogorov–Smirnov statistic of the columns", log: true },
};

/** The order of the curves; what is not named comes after. */
const ORDER = ["loss", "validation_loss", "gradient_norm", "learning_rate", "examples_per_second", "memory"];

/** What is known of the numbers along the noise. */
const LEVELS = {
  log_snr: { label: "log signal-to-noise ratio, ln(α²/σ²)" },
  t: { label: "time t", log: true },
  noise_levels: { label: "Loss at noise levels" },
  "noise_levels.loss": { label: "Error in the noise, per coordinate", log: true },
  "residuals.r_dsm": { label: "Distance from the conditional score, r_DSM", log: true },
  "residuals.r_fp": { label: "Residual of the score Fokker–Planck equation, r_FP", log: true },
  "residuals.r_fp_uniform": { label: "The same at uniform points", log: true },
  "residuals.r_fp_one_probe": { label: "The same with one probe", log: true },
  "residuals.curl": { label: "Curl", log: false },
};

function kindOf(name) {
  const evaluation = name.startsWith("evaluation.") ? name.slice("evaluation.".length) : null;
  if (evaluation) return { label: capital(evaluation.replaceAll("_", " ")), ...EVALUATION[evaluation], smooth: false };
  return KINDS[name] ?? { label: capital(name.replaceAll("_", " ")), log: true };
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Four digits, or as many as are asked for. */
function shortNumber(value, digits = 4) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) {
    const [mantissa, exponent] = value.toExponential(Math.max(0, digits - 2)).split("e");
    const power = exponent
      .replace("+", "")
      .replace("-", "⁻")
      .replace(/\d/g, (digit) => SUPERSCRIPT[digit]);
    return `${mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa}·10${power}`;
  }
  if (size >= 10 ** digits) return Math.round(value).toLocaleString("en").replaceAll(",", " ");
  const text = value.toPrecision(digits);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  if (seconds < 10) return `${shortNumber(seconds, 2)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 2880) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

function bytes(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${shortNumber(value, 3)} ${units[unit]}`;
}

/** A number of a kind. */
function shown(name, value, digits) {
  const kind = KINDS[name];
  if (kind?.unit === "bytes") return bytes(value);
  if (kind?.unit === "seconds") return duration(value);
  if (kind?.counts && Number.isFinite(value)) return Math.round(value).toLocaleString("en").replaceAll(",", " ");
  return shortNumber(value, digits);
}

/** A value with as many digits as its error bar has meaning for. */
function withError(value, error) {
  if (error === null || error === undefined || !Number.isFinite(error) || error <= 0) return shortNumber(value);
  const size = Math.max(Math.abs(value), error);
  if (size >= 1e6 || size < 1e-4) return `${shortNumber(value, 3)} ± ${shortNumber(error, 2)}`;
  const places = Math.min(8, Math.max(0, 1 - Math.floor(Math.log10(error))));
  return `${value.toFixed(places)} ± ${error.toFixed(places)}`;
}

/** Seconds since 1970, or a time as text, as a date of the reader's place. */
function date(time) {
  if (time === null || time === undefined) return "–";
  const at = new Date(typeof time === "number" ? time * 1000 : time);
  if (Number.isNaN(at.getTime())) return "–";
  const two = (number) => String(number).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** An element with attributes and children; texts are never read as HTML. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") made.className = value;
    else if (key in made && typeof value !== "string") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Changes a text only if it is another, so that what a reader has selected stays. */
function setText(place, text) {
  if (place.textContent !== text) place.textContent = text;
}
