// A table that may have ten thousand lines: filtered, sorted, linked to by its lines' ids, and
// drawn only as far as a reader has scrolled, so that each of these is quick. Paper gets all of it.
const longTable = (() => {
  "use strict";
  return (table, { filter, fits = () => true, reset = () => {}, changed = () => {} }) => {
    const STEP = 400;
    const body = table.tBodies[0];
    const holder = table.closest(".scroll");
    let lines = [...body.rows];
    let fitting = lines;
    let drawn = lines.length;
    const texts = new Map(lines.map((line) => [line, [...line.cells].map((cell) => cell.textContent).join(" ").toLowerCase()]));

    const draw = (upTo) => {
      body.append(...fitting.slice(drawn, upTo));
      drawn = Math.max(drawn, Math.min(upTo, fitting.length));
    };
    const redraw = (upTo) => {
      body.replaceChildren();
      drawn = 0;
      draw(upTo);
    };
    // A word has to begin where a word of the line begins: 'int8' is not 'uint8'.
    const begins = (text, word) => {
      for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
        if (at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1])) return true;
      }
      return false;
    };
    const apply = () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      fitting = lines.filter((line) => words.every((word) => begins(texts.get(line), word)) && fits(line));
      redraw(STEP);
      changed(fitting, lines.length);
    };
    filter.addEventListener("input", apply);
    holder.addEventListener("scroll", () => {
      if (holder.scrollTop + 2 * holder.clientHeight > holder.scrollHeight) draw(drawn + STEP);
    }, { passive: true });

    // ---- sorting
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
        // What was not measured stays at the end in either order.
        keyed.sort(([a], [b]) => (a === null ? (b === null ? 0 : 1) : b === null ? -1 : (a < b ? -1 : a > b ? 1 : 0) * (rising ? 1 : -1)));
        lines = keyed.map(([, line]) => line);
        apply();
      });
    });

    // ---- a link to a line, wherever it is and whatever is filtered
    let linked = null;
    const follow = () => {
      const id = location.hash.slice(1);
      const line = id && lines.find((one) => one.id === id);
      if (linked) linked.classList.remove("linked");
      linked = line || null;
      if (!line) return;
      if (!fitting.includes(line)) {
        filter.value = "";
        reset();
        apply();
      }
      draw(fitting.indexOf(line) + STEP);
      line.classList.add("linked");
      line.scrollIntoView({ block: "center" });
    };
    window.addEventListener("hashchange", follow);

    let before = 0;
    window.addEventListener("beforeprint", () => { before = drawn; draw(fitting.length); });
    window.addEventListener("afterprint", () => redraw(Math.max(before, STEP)));
    return { apply, follow };
  };
})();
