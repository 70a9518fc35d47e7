// Pictures that were drawn while training, along the steps, and those that were drawn afterwards.

class Samples {
  constructor(source) {
    this.source = source;
    this.section = document.getElementById("samples");
    this.slider = document.getElementById("sample-step");
    this.output = document.getElementById("sample-step-shown");
    this.play = document.getElementById("play");
    this.place = document.getElementById("pictures");
    this.figures = new Map();
    this.steps = [];
    this.slider.addEventListener("input", () => {
      this.stop();
      this.show();
    });
    this.play.addEventListener("click", () => (this.timer ? this.stop() : this.start()));
  }

  /** `runs`: id, name, colour, pictures. */
  update(runs) {
    const wasLast = Number(this.slider.value) >= this.steps.length - 1;
    const step = this.steps[Number(this.slider.value)];
    this.runs = runs.map((run) => {
      const of = (name) => /^step-(\d+)\.png$/.exec(name)?.[1];
      const drawn = run.pictures.filter(of).map((name) => ({ name, step: Number(of(name)) }));
      return { ...run, drawn: drawn.sort((one, other) => one.step - other.step), others: run.pictures.filter((name) => !of(name)) };
    });
    this.steps = [...new Set(this.runs.flatMap((run) => run.drawn.map((picture) => picture.step)))].sort((a, b) => a - b);
    this.section.hidden = !this.runs.some((run) => run.pictures.length);
    this.slider.max = String(Math.max(0, this.steps.length - 1));
    this.slider.closest(".bar").classList.toggle("single", this.steps.length < 2);
    // Whoever looks at the newest sees the next one when it comes.
    this.slider.value = String(wasLast ? this.steps.length - 1 : Math.max(0, lastAtMost(this.steps, step ?? 0)));
    this.show();
  }

  show() {
    const step = this.steps[Number(this.slider.value)];
    setText(this.output, step === undefined ? "" : shown("step", step));
    this.slider.setAttribute("aria-valuetext", step === undefined ? "no step" : `step ${step}`);
    const wanted = [];
    for (const run of this.runs) {
      const place =
        step === undefined
          ? -1
          : lastAtMost(
              run.drawn.map((picture) => picture.step),
              step,
            );
      if (place >= 0) {
        const picture = run.drawn[place];
        wanted.push({ key: `${run.id}/step`, run, name: picture.name, caption: `step ${shown("step", picture.step)}` });
      }
      for (const name of run.others) wanted.push({ key: `${run.id}/${name}`, run, name, caption: name.replace(/\.png$/, "") });
    }
    for (const [key, figure] of this.figures) {
      if (!wanted.some((one) => one.key === key)) {
        figure.remove();
        this.figures.delete(key);
      }
    }
    for (const { key, run, name, caption } of wanted) {
      let figure = this.figures.get(key);
      if (!figure) {
        const picture = element("img", { decoding: "async" });
        // Small pictures are enlarged in whole pixels; large ones are fitted.
        picture.addEventListener("load", () => picture.classList.toggle("small", picture.naturalWidth < 300));
        picture.addEventListener("error", () => figure.classList.add("broken"));
        const link = element("a", {}, picture);
        figure = element("figure", {}, link, element("figcaption", {}, element("span", { class: "swatch" }), element("span")));
        this.figures.set(key, figure);
        this.place.append(figure);
      }
      const [link, text] = figure.children;
      const address = this.source.picture(run.id, name);
      if (link.getAttribute("href") !== address) {
        figure.classList.remove("broken");
        link.setAttribute("href", address);
        link.firstChild.setAttribute("src", address);
      }
      link.firstChild.setAttribute("alt", `Samples of ${run.name}, ${caption}`);
      text.children[0].style.background = run.colour;
      setText(text.children[1], this.runs.length > 1 ? `${run.name}, ${caption}` : caption);
    }
  }

  start() {
    if (this.steps.length < 2) return;
    if (Number(this.slider.value) >= this.steps.length - 1) this.slider.value = "0";
    setText(this.play, "Pause");
    this.timer = setInterval(() => {
      if (Number(this.slider.value) >= this.steps.length - 1) return this.stop();
      this.slider.value = String(Number(this.slider.value) + 1);
      return this.show();
    }, 400);
    this.show();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = undefined;
    setText(this.play, "Play");
  }
}
