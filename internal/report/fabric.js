"use strict";
// Draws the heat maps, sorts their rows and columns, and shows the figures of a pair. All
// text of others goes through textContent.
for (const article of document.querySelectorAll("article")) {
  const data = JSON.parse(article.querySelector("script.data").textContent);
  for (const figure of article.querySelectorAll("figure.heat")) heat(figure, data, data.rails[figure.dataset.rail]);
}

function floats(text) {
  if (!text) return null;
  const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0)), view = new DataView(bytes.buffer);
  return Float32Array.from({length: bytes.length / 4}, (_, i) => view.getFloat32(4 * i, true));
}

function median(values) {
  const list = values.filter(v => !Number.isNaN(v)).sort((a, b) => a - b);
  return list.length ? (list[(list.length - 1) >> 1] + list[list.length >> 1]) / 2 : NaN;
}

function short(v, unit) { return Number.isNaN(v) ? "none" : Number(v.toPrecision(4)) + unit; }

function rate(mpps) { return mpps && Math.abs(mpps) < 0.1 ? short(1000 * mpps, " kpps") : short(mpps, " Mpps"); }

function element(name, parent, text, cls) {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  if (cls) e.className = cls;
  parent.append(e);
  return e;
}

function choice(bar, label, options) {
  const l = element("label", bar, label + " "), select = element("select", l);
  for (const [value, text] of options) element("option", select, text).value = value;
  return select;
}

// What names have in common at their beginning says nothing.
function shortened(labels) {
  if (labels.length < 2) return labels;
  let n = 0;
  while (labels.every(l => n < l.length && l[n] === labels[0][n])) n++;
  n = labels[0].slice(0, n).search(/[-. (][^-. (]*$/) + 1;
  return n > 12 ? labels.map(l => "…" + l.slice(n)) : labels;
}

function heat(figure, data, rail) {
  rail.notes ||= {};
  const n = data.labels.length, labels = shortened(data.labels);
  const kilo = rail.median && rail.median < 0.1;
  const metrics = {
    mpps: {name: "rate in " + (kilo ? "kpps" : "Mpps"), values: floats(rail.mpps), bad: v => 1 - v / rail.median, ends: ["median", "nothing"]},
    loss: {name: "loss", values: floats(rail.loss), bad: v => v > 0 ? Math.max(0.1, (Math.log10(v) + 6) / 6) : 0, ends: ["none", "all"]},
    p50: {name: "median round trip", values: floats(rail.p50), unit: " µs", ends: ["median", "10 times"]},
    p99: {name: "99 % of round trips", values: floats(rail.p99), unit: " µs", ends: ["median", "10 times"]},
  };
  for (const [key, m] of Object.entries(metrics)) {
    if (!m.values) { delete metrics[key]; continue; }
    m.median = median(Array.from(m.values));
    m.bad ||= v => Math.log10(v / m.median);
  }
  const badness = (m, at) => {
    const v = m.values[at], b = m.bad(v);
    return Number.isNaN(v) ? NaN : Number.isNaN(b) ? 0 : Math.min(1, Math.max(0, b));
  };

  for (const e of figure.querySelectorAll(".static")) e.hidden = true;
  const bar = element("div", figure, undefined, "bar");
  const shown = choice(bar, "Show", Object.entries(metrics).map(([key, m]) => [key, m.name]));
  const orders = [["index", "by index"], ["name", "by name"], ["slow", "worst first"]];
  const rowOrder = choice(bar, "Rows (senders)", [...orders, ["chosen", "by the chosen receiver"]]);
  const columnOrder = choice(bar, "Columns (receivers)", [...orders, ["chosen", "by the chosen sender"]]);
  const legend = element("span", bar, undefined, "legend");
  const best = element("span", legend), ramp = element("canvas", legend), worst = element("span", legend);
  const gap = element("i", legend);
  element("span", legend, "no figures");

  const both = element("div", figure, undefined, "both"), scroll = element("div", both, undefined, "scroll");
  const canvas = element("canvas", scroll);
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", "Heat map of " + rail.name + ": the arrow keys choose a pair, whose figures stand beside it");
  const panel = element("div", both, undefined, "chosen");
  panel.setAttribute("aria-live", "polite");

  const dark = matchMedia("(prefers-color-scheme: dark)");
  let rows = [], columns = [], chosen = null, cell = 1, left = 0, top = 0;

  function order(by, metric, receivers) {
    const list = Array.from({length: n}, (_, i) => i);
    const at = (i, o) => receivers ? o * n + i : i * n + o;
    const score = list.map(i => {
      if (by === "chosen" && chosen) return badness(metric, at(i, receivers ? chosen.from : chosen.to));
      const own = list.filter(o => o !== i).map(o => badness(metric, at(i, o))).filter(v => !Number.isNaN(v));
      return own.length ? median(own) + 1e-3 * own.reduce((a, b) => a + b, 0) / own.length : NaN;
    });
    // Nodes without figures come last.
    const value = i => Number.isNaN(score[i]) ? -1 : score[i];
    if (by === "name") list.sort((a, b) => data.labels[a].localeCompare(data.labels[b], "en", {numeric: true}));
    if (by === "slow" || by === "chosen") list.sort((a, b) => value(b) - value(a) || a - b);
    return list;
  }

  function color(b, stops) {
    const at = b * (stops.length - 1), low = Math.min(Math.floor(at), stops.length - 2), part = at - low;
    const mix = i => Math.round(parseInt(stops[low].slice(i, i + 2), 16) * (1 - part) + parseInt(stops[low + 1].slice(i, i + 2), 16) * part);
    return "rgb(" + mix(1) + " " + mix(3) + " " + mix(5) + ")";
  }

  function draw() {
    const metric = metrics[shown.value], stops = dark.matches ? data.dark : data.light;
    const none = data.missing[dark.matches ? 1 : 0], ink = getComputedStyle(document.body).color;
    rows = order(rowOrder.value, metric, false);
    columns = order(columnOrder.value, metric, true);
    const pen = canvas.getContext("2d"), font = size => size + "px Helvetica, Arial, sans-serif";
    pen.font = font(11);
    const widest = Math.min(110, Math.ceil(Math.max(0, ...labels.map(l => pen.measureText(l).width)))) + 6;
    const room = scroll.clientWidth;
    left = top = (room - widest) / n >= 11 ? widest : 0;
    cell = Math.max(3, Math.min(56, Math.floor((room - left - 1) / n)));
    const ratio = devicePixelRatio || 1, size = n * cell + 1;
    canvas.width = (left + size) * ratio;
    canvas.height = (top + size) * ratio;
    canvas.style.width = left + size + "px";
    canvas.style.height = top + size + "px";
    pen.scale(ratio, ratio);
    const line = cell > 5 ? 1 : 0, colors = Array.from({length: 101}, (_, i) => color(i / 100, stops));
    rows.forEach((from, y) => columns.forEach((to, x) => {
      if (from === to) return;
      const at = from * n + to, b = badness(metric, at);
      if (Number.isNaN(b) && !(at in rail.notes) && !rail.more) return; // not planned
      pen.fillStyle = Number.isNaN(b) ? none : colors[Math.round(100 * b)];
      pen.fillRect(left + x * cell, top + y * cell, cell - line, cell - line);
      if (cell < 40 || Number.isNaN(b)) return;
      pen.font = font(11);
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.fillStyle = dark.matches === b < 0.5 ? "#fff" : "#16191d";
      pen.fillText(metric === metrics.loss ? Number((100 * metric.values[at]).toPrecision(2)) + "%" : metric === metrics.mpps && kilo ? (1000 * metric.values[at]).toPrecision(3) : metric.values[at].toPrecision(3), left + x * cell + cell / 2, top + y * cell + cell / 2, cell - 4);
    }));
    if (left) {
      pen.font = font(11);
      pen.fillStyle = ink;
      pen.textBaseline = "middle";
      pen.textAlign = "right";
      rows.forEach((i, y) => pen.fillText(labels[i], left - 5, y * cell + top + cell / 2, left - 6));
      pen.textAlign = "left";
      columns.forEach((i, x) => {
        pen.save();
        pen.translate(left + x * cell + cell / 2, top - 5);
        pen.rotate(-Math.PI / 2);
        pen.fillText(labels[i], 0, 0, top - 6);
        pen.restore();
      });
    }
    if (chosen) {
      const x = left + columns.indexOf(chosen.to) * cell, y = top + rows.indexOf(chosen.from) * cell;
      pen.strokeStyle = ink;
      pen.lineWidth = 1.5;
      pen.strokeRect(x - 1, y - 1, cell + 1, cell + 1);
    }
    ramp.width = 100;
    ramp.height = 1;
    const strip = ramp.getContext("2d");
    colors.forEach((c, i) => { strip.fillStyle = c; strip.fillRect(i, 0, 1, 1); });
    best.textContent = metric.ends[0];
    worst.textContent = metric.ends[1];
    gap.style.background = none;
  }

  function tell(from, to) {
    panel.replaceChildren();
    const table = element("table", panel), body = element("tbody", table);
    const row = (name, text) => { const r = element("tr", body); element("th", r, name); element("td", r, text); };
    if (from === undefined) {
      row("pair", "point at a cell, or tap it, or use the arrow keys");
      return;
    }
    const at = from * n + to, m = metrics;
    row("from", data.labels[from]);
    row("to", data.labels[to]);
    row("rails", rail.name);
    row("rate", rate(m.mpps.values[at]));
    if (rail.median) row("of the median", short(100 * m.mpps.values[at] / rail.median, " %"));
    if (m.loss) row("loss", short(100 * m.loss.values[at], " %"));
    if (m.p50) row("median round trip", short(m.p50.values[at], m.p50.unit));
    if (m.p99) row("99 % within", short(m.p99.values[at], m.p99.unit));
    if (at in rail.notes) row("remark", rail.notes[at]);
    const share = list => short(100 * median(list) / rail.median, " %");
    if (rail.median) {
      row("sender's median", share(data.labels.map((_, o) => m.mpps.values[from * n + o])));
      row("receiver's median", share(data.labels.map((_, o) => m.mpps.values[o * n + to])));
    }
  }

  function pointed(event) {
    const box = canvas.getBoundingClientRect();
    const x = Math.floor((event.clientX - box.left - left) / cell), y = Math.floor((event.clientY - box.top - top) / cell);
    if (x < 0 || y < 0 || x >= n || y >= n || rows[y] === columns[x]) return null;
    return {from: rows[y], to: columns[x]};
  }

  canvas.addEventListener("pointermove", e => {
    const p = pointed(e) || chosen;
    if (p) tell(p.from, p.to);
  });
  canvas.addEventListener("pointerleave", () => chosen ? tell(chosen.from, chosen.to) : tell());
  canvas.addEventListener("click", e => {
    chosen = pointed(e) || chosen;
    draw();
    if (chosen) tell(chosen.from, chosen.to);
  });
  canvas.addEventListener("keydown", e => {
    const step = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[e.key];
    if (!step || n < 2) return;
    e.preventDefault();
    let x = chosen ? columns.indexOf(chosen.to) : -step[0], y = chosen ? rows.indexOf(chosen.from) : -step[1];
    do {
      x = (x + step[0] + n) % n;
      y = (y + step[1] + n) % n;
    } while (rows[y] === columns[x]);
    chosen = {from: rows[y], to: columns[x]};
    draw();
    tell(chosen.from, chosen.to);
  });
  for (const s of [shown, rowOrder, columnOrder]) s.addEventListener("change", draw);
  dark.addEventListener("change", draw);
  addEventListener("resize", draw);
  draw();
  tell();
}
