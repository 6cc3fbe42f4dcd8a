// Draws the plot of several runs side by side, and serves their table.
(() => {
  "use strict";
  const { D, $, ms, digits, has, shorten, series } = page;
  const root = document.documentElement;
  root.classList.add("js");
  themeChoice($("theme"));

  const holder = $("side-plot");
  const points = D.points.flatMap((point) => point.us.flatMap((us, side) => (side > 0 && has(us) && has(point.us[0]) ? [{ point, side, base: point.us[0], us, ratio: us / point.us[0] }] : [])));
  let current = null;
  const draw = () => {
    if (!points.length) { holder.textContent = "No case was measured both in A and elsewhere."; return; }
    const narrow = holder.clientWidth < 560;
    const wide = ([low, high], least) => { const pad = Math.max(least, Math.pow(high / low, 0.08)); return [low / pad, high * pad]; };
    const plot = chart.create({
      width: Math.max(260, holder.clientWidth), height: narrow ? 320 : 420, margin: { left: 50, right: 16, bottom: 42, top: 26 },
      x: { type: "log", label: "median latency in A, ms", domain: wide(chart.extent(points, (p) => ms(p.base)), 1.2), ticks: narrow ? 4 : 9, format: (v) => String(+v.toPrecision(2)) },
      y: { type: "log", label: "latency relative to A", domain: wide(chart.extent([...points, { ratio: 1 }], (p) => p.ratio), 1.05), ticks: 6, format: (v) => `×${+v.toPrecision(3)}` },
    });
    const [left, right] = [plot.margin.left, plot.width - plot.margin.right];
    plot.layer("same").append(chart.node("path", { d: `M${left} ${plot.sy(1)}H${right}`, style: "stroke:var(--front)", "stroke-dasharray": "5 4" }));
    const circles = plot.layer("points");
    const placed = points.map((p) => ({ ...p, x: plot.sx(ms(p.base)), y: plot.sy(p.ratio) }));
    for (const p of placed) circles.append(chart.node("circle", { cx: p.x, cy: p.y, r: 4, style: `fill:${series(p.side)};stroke:${series(p.side)};fill-opacity:.45` }));
    const lines = (p) => [shorten(p.point.case, narrow ? 34 : 60), `A ${digits(ms(p.base))} ms, ${D.sides[p.side]} ${digits(ms(p.us))} ms (×${p.ratio.toFixed(2)})`];
    chart.tip(plot, placed.map((p) => ({ ...p, lines: () => lines(p) })), 30, (p) => { current = p; });
    holder.replaceChildren(plot.svg);
  };
  holder.addEventListener("click", () => { if (current) location.hash = current.point.anchor; });

  const all = longTable($("cases"), { filter: $("filter"), changed: (lines, count) => { $("shown").textContent = `${lines.length} of ${count} cases`; } });
  all.apply();
  draw();
  all.follow();
  let waiting = 0;
  window.addEventListener("resize", () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(draw); });
})();
