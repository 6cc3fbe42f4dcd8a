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
    if (row.against_best) parts.push(`against the most accurate: ${row.against_best}`);
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
        circle.setAttribute("stroke-width", datum === row ? 5 : datum.front ? 2.2 : 1.2);
      }
      for (const line of document.querySelectorAll("#cases tbody tr")) line.classList.toggle("hit", !!row && rows[+line.dataset.row] === row);
    };
    const select = (row) => { say(row); mark(row); };
    const front = plotted.filter((row) => row.front).sort((a, b) => a.latency_p50_us - b.latency_p50_us);
    // What gets a name: each model once, at its fastest case on the front (at its
    // fastest case where nothing was scored), the most accurate first.
    const labelled = () => {
      const fastest = new Map();
      for (const row of byAccuracy ? front : order) if (!fastest.has(row.model)) fastest.set(row.model, row);
      return [...fastest.values()].sort((a, b) => vertical(b) - vertical(a));
    };
    // Names beside their bubbles, none over another, over bubbles as little as can be.
    const place = (plot, of, width, { marginLeft, marginTop, marginBottom, height, fontSize, r }) => {
      const [sx, sy, sr] = ["x", "y", "r"].map((name) => plot.scale(name));
      const at = (row) => ({ x: sx.apply(ms(row.latency_p50_us)), y: sy.apply(vertical(row)), r: sr.apply(Math.max(row.model_bytes, r.domain[1] / 36)) });
      const bubbles = plotted.map(at);
      const pen = document.createElement("canvas").getContext("2d");
      pen.font = `600 ${fontSize}px ${getComputedStyle(holder).fontFamily}`;
      const shared = (a, b) => Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) * Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
      const taken = [];
      return of.flatMap((row) => {
        const { x, y, r } = at(row);
        const text = shorten(row.label, width < 560 ? 20 : 34);
        const wide = pen.measureText(text).width, line = fontSize + 3, near = r * 0.72 + 5, reach = r + 5;
        const spots = [["end", -near, -near], ["start", near, near], ["end", -reach, 0], ["start", reach, 0], ["middle", 0, -reach - line / 2], ["middle", 0, reach + line / 2], ["start", near, -near], ["end", -near, near], ["middle", 0, -reach - line * 1.5], ["middle", 0, reach + line * 1.5]].map(([anchor, dx, dy]) => {
          const left = x + dx - { start: 0, middle: wide / 2, end: wide }[anchor];
          return { row, text, anchor, dx, dy, left, right: left + wide, top: y + dy - line / 2, bottom: y + dy + line / 2 };
        });
        const free = spots.filter((spot) => spot.left > marginLeft + 1 && spot.right < width - 4 && spot.top > marginTop - 8 && spot.bottom < height - marginBottom && taken.every((other) => !shared(spot, other)));
        const hidden = (spot) => d3.sum(bubbles, (b) => shared(spot, { left: b.x - b.r, right: b.x + b.r, top: b.y - b.r, bottom: b.y + b.r }));
        const best = d3.least(free, hidden);
        if (best) taken.push(best);
        return best ? [best] : [];
      });
    };
    const draw = () => {
      const width = Math.max(260, holder.clientWidth);
      const narrow = width < 560;
      const span = d3.extent(plotted, (row) => ms(row.latency_p50_us));
      const pad = span[1] / span[0] < 1.5 ? 1.3 : Math.pow(span[1] / span[0], 0.09);
      const ticks = narrow ? 3 : 8;
      const [low, high] = d3.extent(plotted, vertical);
      const slack = Math.max((high - low) * 0.12, high * 0.005);
      const y = { label: byAccuracy ? "Top-1, %" : "size of the model, MB", grid: true, domain: byAccuracy ? [Math.max(0, low - slack), Math.min(100.5, high + slack)] : [0, high + slack], ticks: 6 };
      const common = {
        width, height: narrow ? 340 : Math.min(560, width * 0.5), marginLeft: narrow ? 38 : 50, marginRight: narrow ? 10 : 24, marginBottom: 42, marginTop: 26, fontSize: narrow ? 11 : 12,
        x: { type: "log", label: "median latency, ms", grid: true, domain: [span[0] / pad, span[1] * pad], ticks, tickFormat: (v) => (v >= 1 ? String(+v.toPrecision(3)) : String(+v.toPrecision(2))) },
        y,
        r: { type: "sqrt", domain: [0, d3.max(plotted, (row) => row.model_bytes)], range: [0, narrow ? 15 : 22] },
        color: { type: "identity" },
      };
      const x = (row) => ms(row.latency_p50_us);
      const others = plotted.filter((row) => !row.front);
      const radius = (row) => Math.max(row.model_bytes, common.r.domain[1] / (narrow ? 18 : 36));
      const bubbles = (of, name, options) => Plot.dot(of, { x, y: vertical, r: radius, fill: colorOf, className: name, ...options });
      const marks = [
        Plot.ruleY(plotted.filter((row) => has(row.latency_p50_low_us)), { x1: (row) => ms(row.latency_p50_low_us), x2: (row) => ms(row.latency_p50_high_us), y: vertical, stroke: colorOf, strokeOpacity: (row) => (row.front ? 0.9 : 0.3), clip: true, className: "whisker" }),
        byAccuracy ? Plot.ruleX(front.filter((row) => has(row.top1_low)), { x, y1: (row) => row.top1_low * 100, y2: (row) => row.top1_high * 100, stroke: colorOf, strokeOpacity: 0.5, clip: true, className: "whisker" }) : null,
        bubbles(others, "points others", { fillOpacity: 0.25, stroke: colorOf, strokeOpacity: 0.75, strokeWidth: 1.2 }),
        byAccuracy ? Plot.line(front, { x, y: vertical, curve: "step-after", stroke: "var(--front)", strokeWidth: 1.6, strokeDasharray: "5 4" }) : null,
        bubbles(front, "points front", { fillOpacity: 0.75, stroke: "var(--front)", strokeWidth: 2.2 }),
        Plot.tip(plotted, Plot.pointer({ x, y: vertical, title: (row) => sentence(row).map((part) => shorten(part, 48)).join("\n"), fontSize: 12.5, maxRadius: 30, textPadding: 9 })),
      ];
      const first = Plot.plot({ ...common, marks });
      const placed = place(first, labelled(), width, common);
      const names = placed.map(({ row, text, anchor, dx, dy }) => Plot.text([row], { x, y: vertical, text: () => text, textAnchor: anchor, dx, dy, fill: "var(--ink)", stroke: "var(--card)", strokeWidth: 4, fontWeight: 600, fontSize: common.fontSize }));
      const svg = Plot.plot({ ...common, marks: [...marks.slice(0, -1), ...names, marks.at(-1)] });
      holder.replaceChildren(svg);
      circles = [["others", others], ["front", front]].flatMap(([name, of]) => [...svg.querySelectorAll(`g.points.${name} circle`)].map((circle) => ({ circle, datum: of[circle.__data__] })));
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

  // ---- the plot as a file: the one that is shown without scripts
  (() => {
    const drawn = document.querySelector(".static svg");
    if (!drawn) { for (const button of document.querySelectorAll(".save button")) button.hidden = true; return; }
    const address = (svg) => `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(svg))}`;
    const name = `${rows[0].run_id.replace(/[^\w.-]+/g, "-").slice(0, 60)}-plot`;
    const save = (extension, href) => make("a", { href, download: `${name}.${extension}` }).click();
    $("save-svg").addEventListener("click", () => save("svg", address(drawn)));
    $("save-png").addEventListener("click", () => {
      // Without its style sheet it is light whatever the theme: slides are mostly white.
      const light = drawn.cloneNode(true);
      light.querySelector("style").remove();
      const picture = new Image();
      picture.addEventListener("load", () => {
        const canvas = make("canvas", { width: 1920, height: 1080 });
        canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
        save("png", canvas.toDataURL("image/png"));
      });
      picture.src = address(light);
    });
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
        ...frame(holder), x: { label: "latency, ms", grid: true, domain: [ms(floor) * 0.97, ms(cap)], ticks: 6, type: cap / floor > 12 ? "log" : "linear", tickFormat: cap / floor > 12 ? (v) => String(+v.toPrecision(2)) : undefined }, y: { label: "runs at most so slow, %", grid: true, domain: [0, 100], ticks: 5 }, color: { type: "identity" },
        marks: [
          Plot.line(inside, { x: (p) => ms(p.us), y: "p", z: "i", stroke: (p) => series(p.i), strokeWidth: 2, curve: "linear" }),
          Plot.tip(inside, Plot.pointer({ x: (p) => ms(p.us), y: "p", title: (p) => `${shorten(p.row.ran_on, 44)} ×${p.row.threads}\n${digits(p.p)}% of ${p.row.runs} runs took at most\n${digits(ms(p.us))} ms`, maxRadius: 40 })),
        ],
      });
      svg.setAttribute("aria-hidden", "true");
      holder.replaceChildren(svg);
      const at = (row, p) => digits(ms(D.ecdf[row.index][D.probabilities.indexOf(p)]));
      const shown = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1];
      numbers("ecdf-numbers", ["case", "min ms", "p25", "p50", "p75", "p90", "p95", "p99", "max ms", "runs", "speeds, where it had several"], withSamples.map((row) => [`${row.ran_on} ×${row.threads}`, ...shown.map((p) => at(row, p)), String(row.runs), row.speeds ?? ""]));
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
        ...frame(holder), x: { label: "round", grid: true, ticks: 6, tickFormat: "d" }, y: { label: "round's median against the case's, %", grid: true, domain: [-reach, reach], ticks: 5, tickFormat: (v) => `${v > 0 ? "+" : ""}${+v.toFixed(2)}` }, color: { type: "identity" },
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
      $("threads-panel").hidden = !groups.length;
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
        if (record.few) {
          parts.push(make("p", { textContent: record.few }));
        } else if (record.classes.length) {
          parts.push(make("h4", { textContent: record.classes.length < record.classes_total ? `The ${record.classes.length} worst of ${record.classes_total} classes` : "Every class, the worst first" }));
          parts.push(...record.classes.map(bar));
        }
        const confusions = [];
        if (record.confusions.length) {
          confusions.push(make("h3", { textContent: "Confusions that cost most" }));
          confusions.push(make("ul", { className: "confusions" }, ...record.confusions.map((item) => {
            const images = item.thumbnails.filter((i) => D.thumbnails[i]).map((i) => make("img", { src: D.thumbnails[i], alt: `an image of ${item.label} taken for ${item.predicted}`, width: 56, height: 56 }));
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
