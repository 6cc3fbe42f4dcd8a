// Axes, marks and a tip as SVG. Everything is made by calls of the DOM, so no text of
// the page becomes markup.
const chart = (() => {
  "use strict";
  const SPACE = "http://www.w3.org/2000/svg";
  const node = (name, attributes = {}, text = null) => {
    const made = document.createElementNS(SPACE, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    if (text !== null) made.textContent = text;
    return made;
  };

  /** The lowest and the highest of what `of` makes of the items. */
  const extent = (items, of = (item) => item) => items.map(of).reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);

  /** Multiples of 1, 2 or 5 times a power of ten within the domain. */
  const linearTicks = ([low, high], count) => {
    const rough = (high - low) / Math.max(1, count);
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough);
    const ticks = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k += 1) ticks.push(+(k * step).toPrecision(12));
    return ticks;
  };

  /** Ticks of a logarithmic scale, from coarse to fine until there are enough. */
  const logTicks = ([low, high], count) => {
    const sets = [[1], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 7], [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9]];
    let ticks = [];
    for (const steps of sets) {
      ticks = [];
      for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
        for (const step of steps) {
          const tick = +(step * 10 ** power).toPrecision(6);
          if (tick >= low && tick <= high) ticks.push(tick);
        }
      }
      if (ticks.length >= Math.min(4, count)) break;
    }
    const every = Math.ceil(ticks.length / Math.max(2, count));
    return ticks.filter((_, i) => i % every === 0);
  };

  /** A scale from `domain` to `range`. */
  const scale = ({ type = "linear", domain }, range) => {
    const place = type === "log" ? Math.log : (value) => value;
    const [low, high] = domain.map(place);
    return (value) => range[0] + ((place(value) - low) / (high - low || 1)) * (range[1] - range[0]);
  };

  /** An empty plot with its axes, and how values are placed in it. */
  const create = ({ width, height, margin, fontSize = 12, x, y }) => {
    const { left, right, top, bottom } = margin;
    const sx = scale(x, [left, width - right]);
    const sy = scale(y, [height - bottom, top]);
    const svg = node("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "font-size": fontSize, "aria-hidden": "true" });
    const clip = `inside-${Math.random().toString(36).slice(2)}`;
    const box = node("clipPath", { id: clip });
    box.append(node("rect", { x: left, y: top, width: width - left - right, height: height - top - bottom }));
    svg.append(box);
    const axis = node("g", { class: "axis" });
    const plain = (value) => String(+value.toPrecision(4));
    const ticksOf = (side) => (Array.isArray(side.ticks) ? side.ticks : (side.type === "log" ? logTicks : linearTicks)(side.domain, side.ticks ?? 6));
    for (const tick of ticksOf(x)) {
      axis.append(node("path", { class: "grid", d: `M${sx(tick)} ${top}V${height - bottom}` }));
      axis.append(node("text", { x: sx(tick), y: height - bottom + fontSize + 6, "text-anchor": "middle" }, (x.format ?? plain)(tick)));
    }
    for (const tick of ticksOf(y)) {
      axis.append(node("path", { class: "grid", d: `M${left} ${sy(tick)}H${width - right}` }));
      axis.append(node("text", { x: left - 6, y: sy(tick) + fontSize * 0.35, "text-anchor": "end" }, (y.format ?? plain)(tick)));
    }
    axis.append(node("text", { x: width - right, y: height - 6, "text-anchor": "end" }, `${x.label} →`));
    axis.append(node("text", { x: 4, y: fontSize }, `↑ ${y.label}`));
    svg.append(axis);
    const layer = (name, clipped = false) => {
      const group = node("g", { class: name, ...(clipped ? { "clip-path": `url(#${clip})` } : {}) });
      svg.append(group);
      return group;
    };
    return { svg, sx, sy, width, height, margin, fontSize, layer };
  };

  /** A line through points of the plot, `[x, y]` in its units. */
  const line = (plot, group, points, attributes, step = false) => {
    const placed = points.map(([x, y]) => [plot.sx(x), plot.sy(y)]);
    const d = placed.map(([x, y], i) => (i === 0 ? `M${x} ${y}` : step ? `H${x}V${y}` : `L${x} ${y}`)).join("");
    group.append(node("path", { fill: "none", d, ...attributes }));
  };

  /** Shows a box of text at the point nearest to the pointer. Points are
   *  `{ x, y, lines() }` in pixels; `tell` receives the current one, or null. */
  const tip = (plot, points, reach, tell = () => {}) => {
    const group = node("g", { "aria-label": "tip", class: "tip" });
    plot.svg.append(group);
    let shown = null;
    const show = (point) => {
      if (point === shown) return;
      shown = point;
      group.replaceChildren();
      tell(point);
      if (!point) return;
      const height = plot.fontSize * 1.35;
      const words = node("text", { x: 0, y: 0 });
      point.lines().forEach((text, i) => words.append(node("tspan", { x: 9, y: 8 + height * (i + 0.8) }, text)));
      const back = node("rect", { rx: 4 });
      group.append(back, words);
      const box = words.getBBox();
      const size = { width: box.width + 18, height: box.height + 16 };
      for (const [key, value] of Object.entries(size)) back.setAttribute(key, value);
      const left = Math.max(2, Math.min(plot.width - size.width - 2, point.x + 12));
      const above = point.y - size.height - 10;
      group.setAttribute("transform", `translate(${left} ${above >= 0 ? above : Math.min(point.y + 12, plot.height - size.height)})`);
    };
    const nearest = (event) => {
      const frame = plot.svg.getBoundingClientRect();
      const at = { x: ((event.clientX - frame.left) * plot.width) / frame.width, y: ((event.clientY - frame.top) * plot.height) / frame.height };
      let best = null;
      let least = reach * reach;
      for (const point of points) {
        const distance = (point.x - at.x) ** 2 + (point.y - at.y) ** 2;
        if (distance <= least) { best = point; least = distance; }
      }
      return best;
    };
    plot.svg.addEventListener("pointermove", (event) => show(nearest(event)));
    plot.svg.addEventListener("pointerleave", () => show(null));
  };

  return { node, extent, create, line, tip };
})();
