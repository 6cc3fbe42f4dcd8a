// One model in detail: how its latencies are distributed, how they drift, how they scale
// with threads, and which classes it confuses.
const detail = (() => {
  "use strict";
  const { D, rows, $, ms, digits, percent, has, make, shorten, series } = page;
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
  const frame = (holder) => ({ width: Math.max(250, holder.clientWidth), height: 300, margin: { left: 50, right: 16, bottom: 40, top: 24 } });
  const byCase = (points) => points.reduce((groups, point) => { (groups[point.i] ??= []).push(point); return groups; }, []).filter(Boolean);
  const tipAt = (plot, points, of, lines, reach) => chart.tip(plot, points.map((p) => { const [x, y] = of(p); return { x: plot.sx(x), y: plot.sy(y), lines: () => lines(p) }; }), reach);

  const distributions = (cases) => {
    const holder = $("ecdf-plot");
    const withSamples = cases.filter((row) => D.ecdf[row.index]);
    legend("ecdf-legend", withSamples);
    if (!withSamples.length) { nothing("ecdf-plot", "No timed run of this model."); numbers("ecdf-numbers", [], []); return; }
    const points = withSamples.flatMap((row, i) => D.ecdf[row.index].map((us, k) => ({ i, row, us, p: D.probabilities[k] * 100 })));
    const near99 = D.probabilities.findIndex((p) => p >= 0.99);
    const cap = Math.max(...withSamples.map((row) => D.ecdf[row.index][near99])) * 1.25;
    const [floor] = chart.extent(points, (p) => p.us);
    const inside = points.filter((p) => p.us <= cap);
    const log = cap / floor > 12;
    const plot = chart.create({
      ...frame(holder), x: { label: "latency, ms", domain: [ms(floor) * 0.97, ms(cap)], ticks: 6, type: log ? "log" : "linear", ...(log ? { format: (v) => String(+v.toPrecision(2)) } : {}) },
      y: { label: "runs at most this long, %", domain: [0, 100], ticks: 5 },
    });
    const at = (p) => [ms(p.us), p.p];
    const curves = plot.layer("curves", true);
    for (const group of byCase(inside)) chart.line(plot, curves, group.map(at), { style: `stroke:${series(group[0].i)}`, "stroke-width": 2 });
    tipAt(plot, inside, at, (p) => [`${shorten(p.row.ran_on, 44)} ×${p.row.threads}`, `${digits(p.p)}% of ${p.row.runs} runs took at most`, `${digits(ms(p.us))} ms`], 40);
    holder.replaceChildren(plot.svg);
    const quantile = (row, p) => digits(ms(D.ecdf[row.index][D.probabilities.indexOf(p)]));
    const shown = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1];
    numbers("ecdf-numbers", ["case", "min ms", "p25", "p50", "p75", "p90", "p95", "p99", "max ms", "runs", "speeds, if several"], withSamples.map((row) => [`${row.ran_on} ×${row.threads}`, ...shown.map((p) => quantile(row, p)), String(row.runs), row.speeds ?? ""]));
  };

  const drift = (cases) => {
    const holder = $("drift-plot");
    const withRounds = cases.filter((row) => D.rounds[row.index] && D.rounds[row.index].length > 1);
    legend("drift-legend", withRounds);
    if (!withRounds.length) { nothing("drift-plot", "Fewer than two rounds."); numbers("drift-numbers", [], []); return; }
    const points = withRounds.flatMap((row, i) => D.rounds[row.index].map(([round, us]) => ({ i, row, round, value: (us / row.latency_p50_us - 1) * 100, us })));
    const sizes = points.map((p) => Math.abs(p.value)).sort((a, b) => a - b);
    const reach = Math.max(2, sizes[Math.floor((sizes.length - 1) * 0.98)] * 1.25);
    const inside = points.map((p) => ({ ...p, drawn: Math.max(-reach, Math.min(reach, p.value)) }));
    const plot = chart.create({
      ...frame(holder), x: { label: "round", domain: chart.extent(inside, (p) => p.round), ticks: 6 },
      y: { label: "round median relative to the case's, %", domain: [-reach, reach], ticks: 5, format: (v) => `${v > 0 ? "+" : ""}${+v.toFixed(2)}` },
    });
    const at = (p) => [p.round, p.drawn];
    const curves = plot.layer("curves", true);
    for (const group of byCase(inside)) {
      chart.line(plot, curves, group.map(at), { style: `stroke:${series(group[0].i)}`, "stroke-width": 1.4, "stroke-opacity": 0.8 });
      for (const p of group) curves.append(chart.node("circle", { cx: plot.sx(p.round), cy: plot.sy(p.drawn), r: 2.2, style: `fill:${series(p.i)}` }));
    }
    tipAt(plot, inside, at, (p) => [`${shorten(p.row.ran_on, 44)} ×${p.row.threads}`, `round ${p.round}: ${digits(ms(p.us))} ms (${p.value >= 0 ? "+" : ""}${p.value.toFixed(1)}%)`], 30);
    holder.replaceChildren(plot.svg);
    numbers("drift-numbers", ["case", "rounds", "lowest ms", "median ms", "highest ms", "drift %"], withRounds.map((row) => {
      const values = D.rounds[row.index].map(([, us]) => us);
      const [lowest, highest] = chart.extent(values);
      return [`${row.ran_on} ×${row.threads}`, String(values.length), digits(ms(lowest)), digits(ms(row.latency_p50_us)), digits(ms(highest)), has(row.drift_percent) ? row.drift_percent.toFixed(1) : ""];
    }));
  };

  const scaling = (name) => {
    const holder = $("threads-plot");
    const key = (row) => `${row.device} ${row.model} ${row.backend}/${row.delegate}`;
    const measured = rows.filter((row) => row.status === "ok" && has(row.latency_p50_us));
    const byKey = new Map();
    for (const row of measured) byKey.set(key(row), [...(byKey.get(key(row)) ?? []), row]);
    const groups = [...byKey.values()].filter((group) => group.length > 1).map((group) => [...group].sort((a, b) => a.threads - b.threads));
    const mine = groups.filter((group) => group[0].model === name);
    $("threads-panel").hidden = !groups.length;
    legend("threads-legend", []);
    if (!mine.length) { nothing("threads-plot", "This model was measured with only one thread count."); numbers("threads-numbers", [], []); return; }
    $("threads-legend").replaceChildren(...mine.map((group, i) => {
      const swatch = make("i");
      swatch.style.setProperty("--c", series(i));
      return make("li", { className: "line" }, swatch, `${group[0].backend}/${group[0].delegate}`);
    }));
    const speed = (row, group) => group[0].latency_p50_us / row.latency_p50_us;
    const points = mine.flatMap((group, i) => group.map((row) => ({ i, row, threads: row.threads, value: speed(row, group) })));
    const others = groups.filter((group) => group[0].model !== name).slice(0, 60).flatMap((group, i) => group.map((row) => ({ i, threads: row.threads, value: speed(row, group) })));
    const counts = [...new Set(points.map((p) => p.threads))].sort((a, b) => a - b);
    const [fewest, most] = [counts[0], counts.at(-1)];
    const highest = Math.max(most / fewest, ...points.map((p) => p.value), ...others.map((p) => p.value));
    const plot = chart.create({
      ...frame(holder), x: { label: "threads", type: "log", domain: [fewest, most > fewest ? most : fewest * 2], ticks: counts },
      y: { label: `speed-up over ${fewest} thread${fewest === 1 ? "" : "s"}`, domain: [0, highest * 1.05], ticks: 5 },
    });
    const at = (p) => [p.threads, p.value];
    const curves = plot.layer("curves");
    const dim = { style: "stroke:var(--dim)" };
    chart.line(plot, curves, [[fewest, 1], [most, most / fewest]], { ...dim, "stroke-dasharray": "2 4" });
    for (const group of byCase(others)) chart.line(plot, curves, group.map(at), { ...dim, "stroke-opacity": 0.25 });
    for (const group of byCase(points)) {
      chart.line(plot, curves, group.map(at), { style: `stroke:${series(group[0].i)}`, "stroke-width": 2 });
      for (const p of group) curves.append(chart.node("circle", { cx: plot.sx(p.threads), cy: plot.sy(p.value), r: 4, style: `fill:${series(p.i)}` }));
    }
    tipAt(plot, points, at, (p) => [`${shorten(p.row.ran_on, 44)} ×${p.threads}`, `${digits(ms(p.row.latency_p50_us))} ms, ${p.value.toFixed(2)} × as fast`], 30);
    holder.replaceChildren(plot.svg);
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
        confusions.push(make("h3", { textContent: "Most costly confusions" }));
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
    $("detail-limit").textContent = cases.length > most ? `The first ${most} of its ${cases.length} cases are shown.` : "";
    distributions(cases.slice(0, most));
    drift(cases.slice(0, most));
    scaling(name);
    return name;
  };
  pick.addEventListener("change", () => classes(draw()));
  classes(names[+pick.value]);
  return { draw };
})();
