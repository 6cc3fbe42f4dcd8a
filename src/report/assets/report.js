// Draws the report's plots, sorts and filters its table. Everything it shows
// is text from the page's own data; it never makes markup from a string.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  const D = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const ms = (us) => us / 1000;
  const digits = (v) => {
    const a = Math.abs(v);
    const decimals = a === 0 || a >= 99.95 ? 0 : a >= 9.995 ? 1 : a >= 0.9995 ? 2 : a >= 0.09995 ? 3 : a >= 0.009995 ? 4 : 5;
    return v.toFixed(decimals);
  };
  const percent = (p) => (100 * p).toFixed(1);
  const bytes = (b) => (b < 1e3 ? `${b} B` : b < 999.5e3 ? `${digits(b / 1e3)} kB` : b < 999.5e6 ? `${digits(b / 1e6)} MB` : `${digits(b / 1e9)} GB`);
  const has = (v) => v !== null && v !== undefined;
  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };
  // A model's name can be long; a label on a plot cannot.
  const shorten = (text, most) => {
    const characters = [...text];
    return characters.length <= most ? text : characters.slice(0, most - 1).join("") + "…";
  };
  const colorOf = (row) => `var(--${row.backend})`;
  const series = (i) => `var(--s${(i % 8) + 1})`;

  // ---- theme
  const themes = ["auto", "light", "dark"];
  const themeButton = $("theme");
  const setTheme = (theme) => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    themeButton.textContent = `Theme: ${theme}`;
    themeButton.value = theme;
  };
  setTheme("auto");
  themeButton.addEventListener("click", () => setTheme(themes[(themes.indexOf(themeButton.value) + 1) % themes.length]));

  // ---- what a case says in words
  const sentence = (row) => {
    const parts = [row.case];
    if (has(row.latency_p50_us)) {
      const interval = has(row.latency_p50_low_us) ? ` [${digits(ms(row.latency_p50_low_us))}, ${digits(ms(row.latency_p50_high_us))}]` : "";
      parts.push(`median ${digits(ms(row.latency_p50_us))} ms${interval}`);
    }
    if (has(row.top1)) {
      const interval = has(row.top1_low) ? ` [${percent(row.top1_low)}, ${percent(row.top1_high)}]` : "";
      parts.push(`Top-1 ${percent(row.top1)}%${interval}`);
    }
    if (has(row.top5)) parts.push(`Top-5 ${percent(row.top5)}%`);
    parts.push(bytes(row.model_bytes));
    if (row.front) parts.push("on the Pareto front");
    for (const note of row.notes) parts.push(note.tag);
    return parts;
  };

  const rows = D.rows;
  const byAccuracy = rows.some((row) => has(row.top1) && has(row.latency_p50_us));
  const plotted = rows.filter((row) => row.status === "ok" && has(row.latency_p50_us) && (!byAccuracy || has(row.top1)));
  const vertical = byAccuracy ? (row) => row.top1 * 100 : (row) => row.model_bytes / 1e6;
  let matching = new Set(rows);

  // ---- the main plot
  const mainPlot = (() => {
    const holder = $("main-plot");
    const readout = $("main-readout");
    if (!holder || !plotted.length) return { draw() {} };
    const hint = readout.textContent;
    let current = -1;
    let circles = [];
    const order = [...plotted].sort((a, b) => a.latency_p50_us - b.latency_p50_us);
    const say = (row) => { readout.textContent = row ? sentence(row).join(" · ") : hint; };
    const mark = (row) => {
      for (const { circle, datum } of circles) {
        const dimmed = !matching.has(datum);
        circle.setAttribute("opacity", dimmed ? 0.12 : 1);
        circle.setAttribute("stroke-width", datum === row ? 5 : datum.front ? 2.6 : 1.2);
      }
      for (const line of document.querySelectorAll("#cases tbody tr")) line.classList.toggle("hit", !!row && rows[+line.dataset.row] === row);
    };
    const select = (row) => { say(row); mark(row); };
    const front = plotted.filter((row) => row.front).sort((a, b) => a.latency_p50_us - b.latency_p50_us);
    const draw = () => {
      const width = Math.max(260, holder.clientWidth);
      const narrow = width < 560;
      const span = d3.extent(plotted, (row) => ms(row.latency_p50_us));
      const pad = span[1] / span[0] < 1.5 ? 1.3 : Math.pow(span[1] / span[0], 0.09);
      const ticks = narrow ? 3 : 8;
      const low = d3.min(plotted, (row) => (byAccuracy ? row.top1_low ?? row.top1 : 0) * 100);
      const high = d3.max(plotted, (row) => (byAccuracy ? (row.top1_high ?? row.top1) * 100 : row.model_bytes / 1e6));
      const slack = Math.max((high - low) * 0.08, byAccuracy ? 0.5 : 0.01);
      const y = { label: byAccuracy ? "Top-1, %" : "size of the model, MB", grid: true, domain: byAccuracy ? [Math.max(0, low - slack), Math.min(100.5, high + slack)] : [0, high * 1.1], ticks: 6 };
      const common = {
        width, height: narrow ? 340 : Math.min(560, width * 0.5), marginLeft: narrow ? 38 : 50, marginRight: narrow ? 10 : 24, marginBottom: 42, marginTop: 26,
        x: { type: "log", label: "median latency, ms", grid: true, domain: [span[0] / pad, span[1] * pad], ticks, tickFormat: (v) => (v >= 1 ? String(+v.toPrecision(3)) : String(+v.toPrecision(2))) },
        y,
        r: { type: "sqrt", domain: [0, d3.max(plotted, (row) => row.model_bytes)], range: [0, narrow ? 15 : 22] },
        color: { type: "identity" },
      };
      const x = (row) => ms(row.latency_p50_us);
      const marks = [
        Plot.ruleY(plotted.filter((row) => has(row.latency_p50_low_us)), { x1: (row) => ms(row.latency_p50_low_us), x2: (row) => ms(row.latency_p50_high_us), y: vertical, stroke: colorOf, strokeOpacity: 0.75, className: "whisker" }),
        byAccuracy ? Plot.ruleX(plotted.filter((row) => row.front && has(row.top1_low)), { x, y1: (row) => row.top1_low * 100, y2: (row) => row.top1_high * 100, stroke: colorOf, strokeOpacity: 0.55, className: "whisker" }) : null,
        byAccuracy ? Plot.line(front, { x, y: vertical, curve: "step-after", stroke: "var(--front)", strokeWidth: 1.6, strokeDasharray: "5 4" }) : null,
        Plot.dot(plotted, { x, y: vertical, r: (row) => Math.max(row.model_bytes, common.r.domain[1] / (narrow ? 18 : 26)), fill: colorOf, fillOpacity: 0.42, stroke: (row) => (row.front ? "var(--front)" : colorOf(row)), strokeWidth: 1.2, className: "points" }),
        Plot.tip(plotted, Plot.pointer({ x, y: vertical, title: (row) => sentence(row).map((part) => shorten(part, 48)).join("\n"), fontSize: 12.5, maxRadius: 30, textPadding: 9 })),
      ];
      const first = Plot.plot({ ...common, marks });
      const sx = first.scale("x"), sy = first.scale("y");
      const placed = [];
      const labels = byAccuracy ? front : plotted.slice(0, 12);
      // The most accurate first: where labels collide, the front's end matters.
      for (const row of [...labels].reverse()) {
        const text = shorten(row.model, narrow ? 20 : 34);
        const px = sx.apply(x(row)), py = sy.apply(vertical(row)), w = text.length * 6.4;
        const radius = first.scale("r").apply(row.model_bytes) + 6;
        const spots = [[px - radius - w, py - 9, "end", -radius], [px + radius, py + 10, "start", radius]];
        const free = spots.find(([left, top]) => left > common.marginLeft && left + w < width - 4 && placed.every((p) => left > p[0] + p[2] || left + w < p[0] || Math.abs(top - p[1]) > 15));
        if (free) placed.push([free[0], free[1], w, row, text, free[2], free[3]]);
      }
      const labelled = placed.map(([, , , row, text, anchor, dx]) => Plot.text([row], { x, y: vertical, text: () => text, textAnchor: anchor, dx, dy: anchor === "end" ? -9 : 10, fill: "var(--ink)", stroke: "var(--card)", strokeWidth: 4, fontWeight: 600, fontSize: narrow ? 11 : 12 }));
      const svg = Plot.plot({ ...common, marks: [...marks.slice(0, 4), ...labelled, marks[4]] });
      holder.replaceChildren(svg);
      circles = [...svg.querySelectorAll("g.points circle")].map((circle) => ({ circle, datum: plotted[circle.__data__] }));
      // What it shows is read out below it, case by case, and stands in the table.
      svg.setAttribute("aria-hidden", "true");
      svg.addEventListener("input", () => say(svg.value));
      mark(null);
    };
    holder.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (event.key === "Escape") { current = -1; select(null); return; }
      if (!step) return;
      event.preventDefault();
      const shown = order.filter((row) => matching.has(row));
      if (!shown.length) return;
      current = (current + step + shown.length) % shown.length;
      select(shown[current]);
    });
    holder.addEventListener("blur", () => { current = -1; select(null); });
    return { draw, select, mark };
  })();

  // ---- the table of all cases
  (() => {
    const table = $("cases");
    if (!table) return;
    const body = table.tBodies[0];
    const lines = [...body.rows];
    const filter = $("filter"), onlyFront = $("only-front"), count = $("shown"), full = $("all-columns");
    const texts = lines.map((line) => [...line.cells].map((cell) => cell.textContent).join(" ").toLowerCase());
    // A word has to begin where a word of the row begins: 'int8' is not 'uint8'.
    const begins = (text, word) => {
      for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
        if (at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1])) return true;
      }
      return false;
    };
    const apply = () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      matching = new Set();
      let shown = 0;
      lines.forEach((line, i) => {
        const row = rows[+line.dataset.row];
        const fits = words.every((word) => begins(texts[i], word)) && (!onlyFront.checked || row.front);
        line.hidden = !fits;
        if (fits) { shown += 1; matching.add(row); }
      });
      count.textContent = `${shown} of ${lines.length} cases`;
      if (mainPlot.mark) mainPlot.mark(null);
    };
    filter.addEventListener("input", apply);
    onlyFront.addEventListener("change", apply);
    full.addEventListener("change", () => table.classList.toggle("full", full.checked));
    const value = (line, column) => {
      const cell = line.cells[column];
      const raw = cell.dataset.v ?? cell.textContent;
      return raw === "" ? null : cell.classList.contains("n") ? Number(raw) : raw.toLowerCase();
    };
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      head.querySelector("button").addEventListener("click", () => {
        const rising = head.getAttribute("aria-sort") !== "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", rising ? "ascending" : "descending");
        const keyed = lines.map((line) => [value(line, column), line]);
        // What was not measured stays at the end either way.
        keyed.sort(([a], [b]) => (a === null ? (b === null ? 0 : 1) : b === null ? -1 : (a < b ? -1 : a > b ? 1 : 0) * (rising ? 1 : -1)));
        body.append(...keyed.map(([, line]) => line));
      });
    });
    if (mainPlot.select) {
      body.addEventListener("pointerover", (event) => {
        const line = event.target.closest("tr");
        if (line) mainPlot.mark(rows[+line.dataset.row]);
      });
      body.addEventListener("pointerleave", () => mainPlot.mark(null));
    }
    apply();
  })();

  // ---- one model in detail
  const detail = (() => {
    const pick = $("model");
    if (!pick) return { draw() {} };
    const names = [...new Set(rows.map((row) => row.model))];
    const label = (name) => (rows.some((row) => row.model === name && row.front) ? `${shorten(name, 70)} (Pareto front)` : shorten(name, 70));
    names.forEach((name, i) => pick.append(make("option", { value: String(i), textContent: label(name) })));
    const start = names.findIndex((name) => rows.some((row) => row.model === name && row.front));
    pick.value = String(Math.max(0, start));
    const legend = (id, cases) => $(id).replaceChildren(...cases.map((row, i) => {
      const swatch = make("i");
      swatch.style.setProperty("--c", series(i));
      const item = make("li", { className: "line" }, swatch, `${row.ran_on} ×${row.threads}`);
      return item;
    }));
    const numbers = (id, heads, body) => {
      const head = make("tr", {}, ...heads.map((text) => { const th = make("th", { textContent: text, scope: "col" }); return th; }));
      const line = (cells) => make("tr", {}, ...cells.map((text, i) => make(i ? "td" : "th", { textContent: text, className: i ? "n" : "", ...(i ? {} : { scope: "row" }) })));
      $(id).replaceChildren(make("table", {}, make("thead", {}, head), make("tbody", {}, ...body.map(line))));
    };
    const nothing = (id, text) => $(id).replaceChildren(make("p", { className: "dim", textContent: text }));
    const frame = (holder, narrow) => ({ width: Math.max(250, holder.clientWidth), height: narrow ? 250 : 300, marginLeft: 50, marginRight: 16, marginBottom: 40, marginTop: 24 });

    const distributions = (cases) => {
      const holder = $("ecdf-plot");
      const withSamples = cases.filter((row) => D.ecdf[row.index]);
      legend("ecdf-legend", withSamples);
      if (!withSamples.length) { nothing("ecdf-plot", "No timed run of this model."); numbers("ecdf-numbers", [], []); return; }
      const points = withSamples.flatMap((row, i) => D.ecdf[row.index].map((us, k) => ({ i, row, us, p: D.probabilities[k] * 100 })));
      const cap = d3.max(withSamples, (row) => D.ecdf[row.index][D.probabilities.findIndex((p) => p >= 0.99)]) * 1.25;
      const floor = d3.min(points, (p) => p.us);
      const inside = points.filter((p) => p.us <= cap);
      const svg = Plot.plot({
        ...frame(holder), x: { label: "latency, ms", grid: true, domain: [ms(floor), ms(cap)], nice: true, ticks: 6, type: cap / floor > 12 ? "log" : "linear", tickFormat: cap / floor > 12 ? (v) => String(+v.toPrecision(2)) : undefined }, y: { label: "runs at most so slow, %", grid: true, domain: [0, 100], ticks: 5 }, color: { type: "identity" },
        marks: [
          Plot.line(inside, { x: (p) => ms(p.us), y: "p", z: "i", stroke: (p) => series(p.i), strokeWidth: 2, curve: "linear" }),
          Plot.tip(inside, Plot.pointer({ x: (p) => ms(p.us), y: "p", title: (p) => `${shorten(p.row.ran_on, 44)} ×${p.row.threads}\n${digits(p.p)}% of ${p.row.runs} runs took at most\n${digits(ms(p.us))} ms`, maxRadius: 40 })),
        ],
      });
      svg.setAttribute("aria-hidden", "true");
      holder.replaceChildren(svg);
      const at = (row, p) => digits(ms(D.ecdf[row.index][D.probabilities.indexOf(p)]));
      const shown = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1];
      numbers("ecdf-numbers", ["case", "min ms", "p25", "p50", "p75", "p90", "p95", "p99", "max ms", "runs"], withSamples.map((row) => [`${row.ran_on} ×${row.threads}`, ...shown.map((p) => at(row, p)), String(row.runs)]));
    };

    const drift = (cases) => {
      const holder = $("drift-plot");
      const withRounds = cases.filter((row) => D.rounds[row.index] && D.rounds[row.index].length > 1);
      legend("drift-legend", withRounds);
      if (!withRounds.length) { nothing("drift-plot", "Fewer than two rounds."); numbers("drift-numbers", [], []); return; }
      const points = withRounds.flatMap((row, i) => D.rounds[row.index].map(([round, us]) => ({ i, row, round, value: (us / row.latency_p50_us - 1) * 100, us })));
      const reach = Math.max(2, d3.quantile(points.map((p) => Math.abs(p.value)), 0.98) * 1.25);
      const inside = points.map((p) => ({ ...p, drawn: Math.max(-reach, Math.min(reach, p.value)) }));
      const svg = Plot.plot({
        ...frame(holder), x: { label: "round", grid: true, ticks: 6, tickFormat: "d" }, y: { label: "round's median against the case's, %", grid: true, domain: [-reach, reach], ticks: 5, tickFormat: "+" }, color: { type: "identity" },
        marks: [
          Plot.ruleY([0], { stroke: "var(--dim)" }),
          Plot.line(inside, { x: "round", y: "drawn", z: "i", stroke: (p) => series(p.i), strokeWidth: 1.4, strokeOpacity: 0.8 }),
          Plot.dot(inside, { x: "round", y: "drawn", r: 2.2, fill: (p) => series(p.i) }),
          Plot.tip(inside, Plot.pointer({ x: "round", y: "drawn", title: (p) => `${shorten(p.row.ran_on, 44)} ×${p.row.threads}\nround ${p.round}: ${digits(ms(p.us))} ms (${p.value >= 0 ? "+" : ""}${p.value.toFixed(1)}%)`, maxRadius: 30 })),
        ],
      });
      svg.setAttribute("aria-hidden", "true");
      holder.replaceChildren(svg);
      numbers("drift-numbers", ["case", "rounds", "lowest ms", "median ms", "highest ms", "drift %"], withRounds.map((row) => {
        const values = D.rounds[row.index].map(([, us]) => us);
        return [`${row.ran_on} ×${row.threads}`, String(values.length), digits(ms(d3.min(values))), digits(ms(row.latency_p50_us)), digits(ms(d3.max(values))), has(row.drift_percent) ? row.drift_percent.toFixed(1) : ""];
      }));
    };

    const scaling = (name) => {
      const holder = $("threads-plot");
      const key = (row) => `${row.device} ${row.model} ${row.backend}/${row.delegate}`;
      const measured = rows.filter((row) => row.status === "ok" && has(row.latency_p50_us));
      const groups = [...d3.group(measured, key).values()].filter((group) => group.length > 1).map((group) => [...group].sort((a, b) => a.threads - b.threads));
      const mine = groups.filter((group) => group[0].model === name);
      legend("threads-legend", []);
      if (!mine.length) { nothing("threads-plot", "This model was measured at one thread count only."); numbers("threads-numbers", [], []); return; }
      $("threads-legend").replaceChildren(...mine.map((group, i) => {
        const swatch = make("i");
        swatch.style.setProperty("--c", series(i));
        return make("li", { className: "line" }, swatch, `${group[0].backend}/${group[0].delegate}`);
      }));
      const speed = (row, group) => group[0].latency_p50_us / row.latency_p50_us;
      const points = mine.flatMap((group, i) => group.map((row) => ({ i, row, threads: row.threads, value: speed(row, group) })));
      const others = groups.filter((group) => group[0].model !== name).slice(0, 60).flatMap((group, i) => group.map((row) => ({ i, threads: row.threads, value: speed(row, group) })));
      const most = d3.max(points, (p) => p.threads);
      const counts = [...new Set(points.map((p) => p.threads))].sort((a, b) => a - b);
      const svg = Plot.plot({
        ...frame(holder), x: { label: "threads", type: "log", base: 2, grid: true, ticks: counts, tickFormat: "d" }, y: { label: `speed-up over ${counts[0]} thread${counts[0] === 1 ? "" : "s"}`, grid: true, zero: true, ticks: 5 }, color: { type: "identity" },
        marks: [
          Plot.line([{ t: counts[0], v: 1 }, { t: most, v: most / counts[0] }], { x: "t", y: "v", stroke: "var(--dim)", strokeDasharray: "2 4" }),
          Plot.line(others, { x: "threads", y: "value", z: "i", stroke: "var(--dim)", strokeOpacity: 0.25 }),
          Plot.line(points, { x: "threads", y: "value", z: "i", stroke: (p) => series(p.i), strokeWidth: 2 }),
          Plot.dot(points, { x: "threads", y: "value", r: 4, fill: (p) => series(p.i) }),
          Plot.tip(points, Plot.pointer({ x: "threads", y: "value", title: (p) => `${shorten(p.row.ran_on, 44)} ×${p.threads}\n${digits(ms(p.row.latency_p50_us))} ms, ${p.value.toFixed(2)} × as fast`, maxRadius: 30 })),
        ],
      });
      svg.setAttribute("aria-hidden", "true");
      holder.replaceChildren(svg);
      numbers("threads-numbers", ["case", "threads", "p50 ms", "speed-up"], points.map((p) => [p.row.ran_on, String(p.threads), digits(ms(p.row.latency_p50_us)), p.value.toFixed(2)]));
    };

    const classes = (name) => {
      const holder = $("classes");
      const scored = D.accuracy.filter((record) => record.model === name);
      const choose = $("scored");
      choose.replaceChildren(...scored.map((record, i) => make("option", { value: String(i), textContent: `${record.backend}/${record.delegate}` })));
      choose.parentElement.hidden = scored.length < 2;
      const show = () => {
        const record = scored[+choose.value || 0];
        if (!record) { holder.replaceChildren(make("p", { className: "dim", textContent: "This model was not scored." })); $("confusions").replaceChildren(); return; }
        const bar = (item) => {
          const fill = make("span", { className: "fill" });
          fill.style.width = `${(100 * item.correct) / item.images}%`;
          return make("div", { className: "bar" }, make("span", { className: "name", textContent: item.name, title: item.name }), make("span", { className: "track" }, fill), make("span", { className: "value", textContent: `${percent(item.correct / item.images)}%` }));
        };
        const parts = [make("p", { className: "lead", textContent: record.summary })];
        if (record.classes.length) {
          parts.push(make("h4", { textContent: record.classes.length < record.classes_total ? `The ${record.classes.length} worst of ${record.classes_total} classes` : "Every class, the worst first" }));
          parts.push(...record.classes.map(bar));
        }
        const confusions = [];
        if (record.confusions.length) {
          confusions.push(make("h3", { textContent: "Confusions that cost most" }));
          confusions.push(make("ul", { className: "confusions" }, ...record.confusions.map((item) => {
            const images = item.thumbnails.map((i) => make("img", { src: D.thumbnails[i], alt: `an image of ${item.label} taken for ${item.predicted}`, width: 56, height: 56, loading: "lazy" }));
            return make("li", {}, ...(images.length ? [make("span", { className: "thumbs" }, ...images)] : []), make("span", {}, make("strong", { textContent: item.label }), " taken for ", make("strong", { textContent: item.predicted }), `: ${item.count} image${item.count === 1 ? "" : "s"}`));
          })));
        }
        holder.replaceChildren(...parts);
        $("confusions").replaceChildren(...confusions);
      };
      choose.onchange = show;
      show();
    };

    const draw = () => {
      const name = names[+pick.value];
      const cases = rows.filter((row) => row.model === name);
      const most = 16;
      $("detail-limit").textContent = cases.length > most ? `The first ${most} of its ${cases.length} cases are drawn.` : "";
      distributions(cases.slice(0, most));
      drift(cases.slice(0, most));
      scaling(name);
      return name;
    };
    pick.addEventListener("change", () => classes(draw()));
    classes(names[+pick.value]);
    return { draw };
  })();

  let width = 0;
  const redraw = () => {
    if (width === root.clientWidth) return;
    width = root.clientWidth;
    mainPlot.draw();
    detail.draw();
  };
  redraw();
  let waiting = 0;
  window.addEventListener("resize", () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(redraw); });
})();
