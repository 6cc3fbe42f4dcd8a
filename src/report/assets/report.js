// Draws the report's main plot, sorts and filters its table.
(() => {
  "use strict";
  const { rows, $, ms, has, make, shorten, colorOf, sentence } = page;
  const root = document.documentElement;
  root.classList.add("js");

  themeChoice($("theme"));

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
    // fastest case if nothing was scored), the most accurate first.
    const labelled = () => {
      const fastest = new Map();
      for (const row of byAccuracy ? front : order) if (!fastest.has(row.model)) fastest.set(row.model, row);
      return [...fastest.values()].sort((a, b) => vertical(b) - vertical(a));
    };
    // Names beside their bubbles, none over another, over bubbles as little as possible.
    const place = (plot, of, at) => {
      const { width, height, margin, fontSize } = plot;
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
          return { text, anchor, x: x + dx, y: y + dy, left, right: left + wide, top: y + dy - line / 2, bottom: y + dy + line / 2 };
        });
        const free = spots.filter((spot) => spot.left > margin.left + 1 && spot.right < width - 4 && spot.top > margin.top - 8 && spot.bottom < height - margin.bottom && taken.every((other) => !shared(spot, other)));
        const hidden = (spot) => bubbles.reduce((sum, b) => sum + shared(spot, { left: b.x - b.r, right: b.x + b.r, top: b.y - b.r, bottom: b.y + b.r }), 0);
        const best = free.sort((a, b) => hidden(a) - hidden(b))[0];
        if (best) taken.push(best);
        return best ? [best] : [];
      });
    };
    const frameOf = (width) => {
      const narrow = width < 560;
      const span = chart.extent(plotted, (row) => ms(row.latency_p50_us));
      const pad = span[1] / span[0] < 1.5 ? 1.3 : Math.pow(span[1] / span[0], 0.09);
      const [low, high] = chart.extent(plotted, vertical);
      const slack = Math.max((high - low) * 0.12, high * 0.005);
      return {
        width, height: narrow ? 340 : Math.min(560, width * 0.5), fontSize: narrow ? 11 : 12,
        margin: { left: narrow ? 38 : 50, right: narrow ? 10 : 24, bottom: 42, top: 26 },
        x: { type: "log", label: "median latency, ms", domain: [span[0] / pad, span[1] * pad], ticks: narrow ? 4 : 9, format: (v) => String(+v.toPrecision(v >= 1 ? 3 : 2)) },
        y: { label: byAccuracy ? "Top-1, %" : "size of the model, MB", domain: byAccuracy ? [Math.max(0, low - slack), Math.min(100.5, high + slack)] : [0, high + slack] },
      };
    };
    const draw = () => {
      const plot = chart.create(frameOf(Math.max(260, holder.clientWidth)));
      const narrow = plot.width < 560;
      const largest = Math.max(...plotted.map((row) => row.model_bytes));
      const radius = (row) => (narrow ? 15 : 22) * Math.sqrt(Math.max(row.model_bytes / largest, narrow ? 1 / 18 : 1 / 36));
      const at = (row) => ({ x: plot.sx(ms(row.latency_p50_us)), y: plot.sy(vertical(row)), r: radius(row) });
      const whiskers = plot.layer("whiskers", true);
      const whisker = (row, d, opacity) => whiskers.append(chart.node("path", { d, style: `stroke:${colorOf(row)}`, "stroke-opacity": opacity }));
      for (const row of plotted.filter((row) => has(row.latency_p50_low_us))) {
        whisker(row, `M${plot.sx(ms(row.latency_p50_low_us))} ${at(row).y}H${plot.sx(ms(row.latency_p50_high_us))}`, row.front ? 0.9 : 0.3);
      }
      if (byAccuracy) for (const row of front.filter((row) => has(row.top1_low))) {
        whisker(row, `M${at(row).x} ${plot.sy(row.top1_low * 100)}V${plot.sy(row.top1_high * 100)}`, 0.5);
      }
      circles = [];
      const bubbles = (group, of, look) => {
        for (const datum of of) {
          const { x, y, r } = at(datum);
          const circle = chart.node("circle", { cx: x, cy: y, r, style: look(datum) });
          group.append(circle);
          circles.push({ circle, datum });
        }
      };
      bubbles(plot.layer("points others"), plotted.filter((row) => !row.front), (row) => `fill:${colorOf(row)};stroke:${colorOf(row)};fill-opacity:.25;stroke-opacity:.75`);
      if (byAccuracy) chart.line(plot, plot.layer("front-line"), front.map((row) => [ms(row.latency_p50_us), vertical(row)]), { style: "stroke:var(--front)", "stroke-width": 1.6, "stroke-dasharray": "5 4" }, true);
      bubbles(plot.layer("points front"), front, (row) => `fill:${colorOf(row)};stroke:var(--front);fill-opacity:.75`);
      const names = plot.layer("names");
      for (const { text, anchor, x, y } of place(plot, labelled(), at)) {
        names.append(chart.node("text", { x, y: y + plot.fontSize * 0.35, "text-anchor": anchor }, text));
      }
      const near = plotted.map((row) => ({ row, ...at(row), lines: () => sentence(row).map((part) => shorten(part, narrow ? 34 : 48)) }));
      chart.tip(plot, near, 30, (point) => say(point && point.row));
      holder.replaceChildren(plot.svg);
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

  // ---- the plot as a file: the one that is shown without JavaScript
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
    const onlyFront = $("only-front"), full = $("all-columns");
    const rowOf = (line) => rows[+line.dataset.row];
    const all = longTable(table, {
      filter: $("filter"),
      fits: (line) => !onlyFront.checked || rowOf(line).front,
      reset: () => { onlyFront.checked = false; },
      changed: (lines, count) => {
        matching = new Set(lines.map(rowOf));
        $("shown").textContent = `${lines.length} of ${count} cases`;
        if (mainPlot.mark) mainPlot.mark(null);
      },
    });
    onlyFront.addEventListener("change", all.apply);
    if (full) full.addEventListener("change", () => table.classList.toggle("full", full.checked));
    if (mainPlot.select) {
      body.addEventListener("pointerover", (event) => {
        const line = event.target.closest("tr");
        if (line) mainPlot.mark(rows[+line.dataset.row]);
      });
      body.addEventListener("pointerleave", () => mainPlot.mark(null));
    }
    all.apply();
    all.follow();
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
