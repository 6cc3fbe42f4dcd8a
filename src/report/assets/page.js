// What the parts of the page share: its data, and how figures and names are formatted.
// Everything shown is text from the page's own data; nothing makes markup from a string.
const page = (() => {
  "use strict";
  const D = JSON.parse(document.getElementById("data").textContent);
  D.rows.forEach((row, i) => D.columns.forEach((name, k) => { row[name] ??= D.values[i][k]; }));
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

  // ---- a case as text
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
    if (row.against_best) parts.push(`compared with the most accurate: ${row.against_best}`);
    if (has(row.top5)) parts.push(`Top-5 ${percent(row.top5)}%`);
    parts.push(bytes(row.model_bytes));
    if (row.front) parts.push("on the Pareto front");
    for (const note of row.notes) parts.push(note.tag);
    return parts;
  };
  return { D, rows: D.rows, $, ms, digits, percent, bytes, has, make, shorten, colorOf, series, sentence };
})();

// A button that turns from the system's theme to light, dark and back.
const themeChoice = (button) => {
  "use strict";
  const root = document.documentElement;
  const themes = ["auto", "light", "dark"];
  const set = (theme) => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
    button.value = theme;
  };
  set("auto");
  button.addEventListener("click", () => set(themes[(themes.indexOf(button.value) + 1) % themes.length]));
};
