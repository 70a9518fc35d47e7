// Where the numbers come from: a server, or the page itself.

/** Asks the server that the page came from. */
class Live {
  constructor(listener) {
    this.listener = listener;
    this.token = location.hash.slice(1);
    this.canStop = this.token !== "";
    this.open();
  }

  open() {
    const events = new EventSource("events");
    events.onopen = () => this.listener.connected(true);
    events.onerror = () => {
      this.listener.connected(false);
      // A stream that was refused is not opened again by itself.
      if (events.readyState === EventSource.CLOSED) setTimeout(() => this.open(), 2000);
    };
    events.onmessage = (event) => {
      const { runs, all } = JSON.parse(event.data);
      this.listener.runs(runs, all);
    };
  }

  async get(path) {
    const answer = await fetch(path);
    if (!answer.ok) throw new Error((await answer.text()).trim());
    return answer.json();
  }

  series(id, { from, to, columns, scale }) {
    const range = from === undefined ? "" : `&from=${from}&to=${to}`;
    return this.get(`series?run=${id}&columns=${columns}&scale=${scale}${range}`);
  }

  details(id) {
    return this.get(`details?run=${id}`);
  }

  picture(id, name) {
    return `picture?run=${id}&name=${encodeURIComponent(name)}`;
  }

  async stop(id) {
    const answer = await fetch(`stop?run=${id}`, { method: "POST", headers: { "X-Fokker-Token": this.token } });
    if (!answer.ok) throw new Error((await answer.text()).trim());
  }
}

/** Has everything already: one run, whose pictures are next to the page. */
class Written {
  constructor(listener, data) {
    this.data = data;
    this.canStop = false;
    queueMicrotask(() => listener.runs([data.run], [data.run.id]));
  }

  async series() {
    return this.data.series;
  }

  async details() {
    return this.data.details;
  }

  picture(_id, name) {
    return `samples/${encodeURIComponent(name)}`;
  }
}

function openSource(listener) {
  const data = document.getElementById("data");
  return data ? new Written(listener, JSON.parse(data.textContent)) : new Live(listener);
}
