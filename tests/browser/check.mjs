// Opens the reports that tests/it/report_browser.rs wrote in headless Chromium and
// checks what a reader sees. Usage: node check.mjs FOLDER CHROMIUM [usual|huge]
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [folder, executablePath, kind = "usual"] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const screenshots = path.join(folder, "screenshots");
mkdirSync(screenshots, { recursive: true });

/** The records of an RFC 4180 text, by their header. */
function parseCsv(text) {
  const records = [[""]];
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const record = records.at(-1);
    const c = text[i];
    if (quoted) {
      if (c !== '"') record[record.length - 1] += c;
      else if (text[i + 1] === '"') { record[record.length - 1] += '"'; i += 1; }
      else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ",") record.push("");
    else if (c === "\n") records.push([""]);
    else record[record.length - 1] += c;
  }
  const [header, ...body] = records.filter((record) => record.length > 1);
  return body.map((record) => Object.fromEntries(header.map((name, i) => [name, record[i]])));
}

// What the guard against spreadsheet formulas added.
const unguard = (field) => (/^'[=+\-@\t\r']/.test(field) ? field.slice(1) : field);

/** Collects whatever must not happen on a page. */
function watch(page, address) {
  const problems = [];
  page.on("console", (message) => problems.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => { problems.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => {
    const url = request.url();
    if (url.split("#")[0] !== address && !url.startsWith("data:")) problems.push(`request: ${url}`);
  });
  return problems;
}

/** Opens a report. */
async function open(browser, name, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const address = pathToFileURL(path.join(folder, name, "report.html")).href;
  const problems = watch(page, address);
  const start = performance.now();
  await page.goto(address);
  const rows = parseCsv(readFileSync(path.join(folder, name, "results.csv"), "utf8"));
  return { page, context, problems, rows, seconds: (performance.now() - start) / 1000 };
}

/** Nothing sticks out sideways, and axe-core finds nothing serious. */
async function isAccessibleAndFits(page, at) {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(overflow, 0, `${at}: scrolls sideways`);
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const serious = found.violations.filter((violation) => ["serious", "critical"].includes(violation.impact));
  const words = serious.map((violation) => `${violation.id}: ${violation.help}: ${violation.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 200)} ${node.failureSummary}`).join(" | ")}`);
  assert.deepEqual(words, [], `${at}: axe-core`);
}

const isMeasured = (row) => row.status === "ok" && row.latency_p50_us !== "" && row.top1 !== "";

async function looksRight(browser, name) {
  for (const width of [360, 1440]) {
    for (const colorScheme of ["light", "dark"]) {
      const at = `${name} at ${width} px, ${colorScheme}`;
      const { page, context, problems, rows } = await open(browser, name, { viewport: { width, height: 900 }, colorScheme });
      const points = await page.locator("#main-plot g.points circle").count();
      assert.equal(points, rows.filter(isMeasured).length, `${at}: points of the plot`);
      assert.ok(points > 0, at);
      await isAccessibleAndFits(page, at);
      await page.screenshot({ path: path.join(screenshots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      assert.deepEqual(problems, [], at);
      await context.close();
    }
  }
}

/** Each number that the table shows is the CSV's, rounded to the digits shown. */
async function numbersAreTheCsvs(page, rows) {
  const lines = await page.evaluate(() => [...document.querySelectorAll("#cases tbody tr")].map((line) => ({
    row: Number(line.dataset.row),
    model: line.querySelector(".name").textContent,
    shown: [...line.querySelectorAll("td[data-column]")].map((cell) => [cell.dataset.column, cell.dataset.v, cell.childNodes[0]?.textContent ?? ""]),
    all: [...line.querySelectorAll("td.x")].map((cell) => cell.textContent),
  })));
  const heads = await page.locator("#cases thead th.x").allTextContents();
  assert.equal(lines.length, rows.length);
  const scales = { latency_p50_us: 1e3, latency_p90_us: 1e3, latency_p99_us: 1e3, top1: 0.01, top5: 0.01, within_budget: 0.01 };
  const units = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 };
  let compared = 0;
  for (const line of lines) {
    const row = rows[line.row];
    assert.equal(line.model, unguard(row.model).replace(/\s+/g, " ").trim());
    for (const [column, value, text] of line.shown) {
      assert.equal(value, row[column], column);
      if (value === "") { assert.equal(text, "", column); continue; }
      const [number, unit] = text.split(" ");
      const scale = unit ? units[unit] : scales[column] ?? 1;
      const decimals = (number.split(".")[1] ?? "").length;
      const slack = 0.5000001 * 10 ** -decimals;
      assert.ok(Math.abs(Number(number) - Number(value) / scale) <= slack, `${column}: ${text} for ${value}`);
      compared += 1;
    }
    heads.forEach((name, i) => assert.equal(line.all[i], unguard(row[name]), name));
  }
  assert.ok(compared > rows.length * 4, `${compared} numbers compared`);
}

async function tableSorts(page, rows) {
  const order = () => page.evaluate(() => [...document.querySelectorAll("#cases tbody tr")].map((line) => Number(line.dataset.row)));
  for (const [title, column] of [["p50 ms", "latency_p50_us"], ["Top-1 %", "top1"], ["size", "model_bytes"]]) {
    const head = page.locator("#cases thead th:not(.x)").getByText(title, { exact: true }).locator("..");
    const button = head.getByRole("button");
    for (const [direction, sign] of [["ascending", 1], ["descending", -1]]) {
      await button.focus();
      await page.keyboard.press("Enter");
      assert.equal(await head.getAttribute("aria-sort"), direction);
      const values = (await order()).map((index) => rows[index][column]);
      const measured = values.filter((value) => value !== "").map(Number);
      assert.deepEqual(measured, [...measured].sort((a, b) => sign * (a - b)), `${title} ${direction}`);
      assert.ok(values.slice(measured.length).every((value) => value === ""), "what was not measured is last");
    }
  }
}

async function tableFilters(page, rows) {
  const visible = () => page.evaluate(() => [...document.querySelectorAll("#cases tbody tr")].filter((line) => line.offsetParent).map((line) => Number(line.dataset.row)).sort((a, b) => a - b));
  await page.fill("#filter", "tract int8");
  const expected = rows.flatMap((row, i) => (row.backend === "tract" && row.precision === "int8" ? [i] : []));
  assert.ok(expected.length > 0 && expected.length < rows.length);
  assert.deepEqual(await visible(), expected);
  assert.equal(await page.textContent("#shown"), `${expected.length} of ${rows.length} cases`);
  const dimmed = await page.locator('#main-plot g.points circle[opacity="0.12"]').count();
  assert.equal(dimmed, rows.filter(isMeasured).length - expected.filter((i) => isMeasured(rows[i])).length);
  await page.fill("#filter", "");
  await page.check("#only-front");
  const front = await visible();
  // The front by brute force from the CSV.
  const usable = rows.map((row, i) => [row, i]).filter(([row]) => isMeasured(row) && (row.agreement_top1 === "" || Number(row.agreement_top1) >= 0.9));
  const beats = (a, b) => Number(a.latency_p50_us) <= Number(b.latency_p50_us) && Number(a.top1) >= Number(b.top1) && (a.latency_p50_us !== b.latency_p50_us || a.top1 !== b.top1);
  assert.deepEqual(front, usable.filter(([row]) => !usable.some(([other]) => beats(other, row))).map(([, i]) => i));
  await page.uncheck("#only-front");
  assert.equal((await visible()).length, rows.length);
}

async function plotAnswers(page, rows) {
  const readout = page.locator("#main-readout");
  const hint = await readout.textContent();
  await page.locator("#main-plot").focus();
  await page.keyboard.press("ArrowRight");
  const fastest = rows.filter(isMeasured).sort((a, b) => a.latency_p50_us - b.latency_p50_us)[0];
  const said = await readout.textContent();
  assert.ok(said.includes(`${(fastest.latency_p50_us / 1000).toPrecision(3)} ms`) && said.includes(`Top-1 ${(100 * fastest.top1).toFixed(1)}%`), said);
  await page.keyboard.press("Escape");
  assert.equal(await readout.textContent(), hint);
  const circle = page.locator("#main-plot g.points circle").last();
  await circle.scrollIntoViewIfNeeded();
  const box = await circle.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.waitForFunction((before) => document.getElementById("main-readout").textContent !== before, hint);
  assert.match(await page.locator("#main-plot g[aria-label=tip]").textContent(), / ms/);
}

/** The plot comes out as a drawing and as a picture, whatever the theme. */
async function plotIsSaved(page) {
  const saved = async (button) => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.click(button)]);
    return [download.suggestedFilename(), readFileSync(await download.path())];
  };
  const [svgName, svg] = await saved("#save-svg");
  assert.match(svgName, /\.svg$/);
  assert.match(svg.toString(), /^<svg[^]*<circle[^]*<\/svg>\s*$/);
  const [pngName, png] = await saved("#save-png");
  assert.match(pngName, /\.png$/);
  assert.equal(png.toString("latin1", 1, 4), "PNG");
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1920, 1080]);
  assert.ok(png.length > 20_000, `${png.length} bytes are an empty picture`);
}

async function detailFollows(page) {
  for (const index of [0, 1]) {
    await page.selectOption("#model", String(index));
    for (const plot of ["ecdf", "drift", "threads"]) {
      assert.ok(await page.locator(`#${plot}-plot svg path`).count() > 0, plot);
      assert.ok(await page.locator(`#${plot}-numbers tbody tr`).count() > 0, plot);
    }
    assert.ok(await page.locator("#classes .bar").count() > 0);
  }
}

async function themeTurns(page) {
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const auto = await background();
  await page.click("#theme");
  assert.equal(await background(), auto, "light, as the system");
  await page.click("#theme");
  assert.notEqual(await background(), auto, "dark");
  await page.click("#theme");
}

/** A4 across, without its margins: no table is cut at the right, even if every column was shown. */
async function nothingIsCutOnPaper(page) {
  const before = page.viewportSize();
  await page.emulateMedia({ media: "print" });
  await page.setViewportSize({ width: 1032, height: 700 });
  await page.evaluate(() => document.getElementById("cases")?.classList.add("full"));
  const cut = await page.evaluate(() => [...document.querySelectorAll("main *")].filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && !one.closest("svg")).map((one) => one.outerHTML.slice(0, 120)));
  assert.deepEqual(cut, [], "cut on paper");
  await page.evaluate(() => document.getElementById("cases")?.classList.remove("full"));
  assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector(".legend i, .tag")).printColorAdjust), "exact");
  await page.setViewportSize(before);
}

async function printsWell(page) {
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("nav").isVisible(), false);
  assert.equal(await page.locator("#cases tbody tr").first().isVisible(), true);
  await nothingIsCutOnPaper(page);
  assert.ok((await page.pdf({ preferCSSPageSize: true })).length > 10_000);
  await page.emulateMedia({ media: "screen" });
}

async function worksWithoutScripts(browser, name) {
  const { page, context, rows } = await open(browser, name, { javaScriptEnabled: false });
  assert.equal(await page.locator("#cases tbody tr").count(), rows.length);
  assert.equal(await page.locator(".static svg circle:has(title)").count(), rows.filter(isMeasured).length);
  assert.equal(await page.locator("#filter").isVisible(), false);
  await context.close();
}

/** A page of `compare`, at every width and theme. */
async function comparisonLooksRight(browser, name) {
  const address = pathToFileURL(path.join(folder, name)).href;
  for (const width of [360, 1440]) {
    for (const colorScheme of ["light", "dark"]) {
      const at = `${name} at ${width} px, ${colorScheme}`;
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
      const page = await context.newPage();
      const problems = watch(page, address);
      await page.goto(address);
      assert.ok(await page.locator("tbody tr").count() > 0, at);
      assert.equal(await page.evaluate(() => globalThis.hacked), undefined, at);
      await isAccessibleAndFits(page, at);
      await page.screenshot({ path: path.join(screenshots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      if (width === 1440) await nothingIsCutOnPaper(page);
      assert.deepEqual(problems, [], at);
      await context.close();
    }
  }
}

async function hostileNamesAreShown(browser) {
  const { page, context, problems, rows } = await open(browser, "hostile");
  assert.equal(await page.evaluate(() => globalThis.hacked), undefined);
  const names = await page.locator("#cases .name").allTextContents();
  for (const row of rows) assert.ok(names.includes(unguard(row.model).replace(/\s+/g, " ").trim()), row.model);
  assert.ok(names.some((name) => name.includes("<script>")) && names.some((name) => [...name].length >= 200));
  for (let index = 0; index < (await page.locator("#model option").count()); index += 1) await page.selectOption("#model", String(index));
  assert.equal(await page.evaluate(() => globalThis.hacked), undefined);
  assert.deepEqual(problems, []);
  await context.close();
}

/** The line that the address names is in view and marked. */
async function isLinked(page, id) {
  const line = page.locator(`[id="${id}"]`);
  await line.waitFor();
  await page.waitForFunction((of) => {
    const { top, bottom } = document.getElementById(of).getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  }, id);
  assert.ok(await line.evaluate((one) => one.classList.contains("linked") || one.matches(":target")), id);
}

/** A case has one address on every page, also where it is not drawn or filtered away. */
async function casesAreLinkedTo(browser) {
  const { page, context, problems } = await open(browser, "plain", { viewport: { width: 1200, height: 800 } });
  const ids = await page.evaluate(() => [...document.querySelectorAll("#cases tbody tr")].map((line) => line.id));
  for (const name of ["side.html", "compared.html", "plain/report.html"]) {
    await page.goto("about:blank");
    await page.goto(`${pathToFileURL(path.join(folder, name)).href}#${ids.at(-1)}`);
    await isLinked(page, ids.at(-1));
  }
  await page.fill("#filter", "nothing is called this");
  assert.equal(await page.locator("#cases tbody tr").count(), 0);
  await page.evaluate((id) => { location.hash = id; }, ids[0]);
  await isLinked(page, ids[0]);
  assert.equal(await page.inputValue("#filter"), "");
  const foreign = problems.filter((problem) => !/(side|compared)\.html|about:blank/.test(problem));
  assert.deepEqual(foreign, []);
  await context.close();
}

/** Ten thousand lines: few are drawn, all are found, sorted, linked to and printed. */
async function longTableIsUsable(browser, name, most) {
  const count = 10_000;
  const file = path.join(folder, name);
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 } });
  const page = await context.newPage();
  const address = pathToFileURL(file).href;
  const problems = watch(page, address);
  await page.goto(address);
  const lines = page.locator("#cases tbody tr");
  assert.equal(await page.textContent("#shown"), `${count} of ${count} cases`);
  const drawn = await lines.count();
  assert.ok(drawn > 100 && drawn < 1000, `${drawn} lines are drawn`);
  await page.evaluate(() => { const holder = document.getElementById("cases").closest(".scroll"); holder.scrollTop = holder.scrollHeight; });
  await page.waitForFunction((before) => document.querySelectorAll("#cases tbody tr").length > before, drawn);
  await page.fill("#filter", "model_2499");
  assert.equal(await page.textContent("#shown"), `4 of ${count} cases`);
  const id = await lines.last().getAttribute("id");
  await page.fill("#filter", "");
  await page.getByRole("button", { name: /p50 ms/ }).first().click();
  const column = await page.evaluate(() => [...document.querySelectorAll("#cases thead th")].findIndex((head) => head.ariaSort));
  const values = await page.evaluate((at) => [...document.querySelectorAll("#cases tbody tr")].map((line) => Number(line.cells[at].dataset.v)), column);
  assert.deepEqual(values, [...values].sort((a, b) => a - b));
  await page.evaluate((of) => { location.hash = of; }, id);
  await isLinked(page, id);
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  assert.equal(await lines.count(), count, "all lines are printed");
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  const megabytes = statSync(file).size / 1e6;
  assert.ok(megabytes < most, `${megabytes} MB`);
  assert.deepEqual(problems, []);
  console.log(`  ${name}: ${megabytes.toFixed(1)} MB`);
  await context.close();
}

async function bigRunIsUsable(browser) {
  const { page, context, problems, rows, seconds } = await open(browser, "big");
  assert.equal(rows.length, 500);
  assert.equal(await page.locator("#main-plot g.points circle").count(), rows.filter(isMeasured).length);
  const megabytes = statSync(path.join(folder, "big", "report.html")).size / 1e6;
  assert.ok(megabytes < 10, `${megabytes} MB`);
  assert.deepEqual(problems, []);
  console.log(`  500 cases: ${megabytes.toFixed(1)} MB, opened in ${seconds.toFixed(1)} s`);
  await context.close();
}

async function usualPages(browser) {
  for (const name of ["plain", "hostile"]) {
    await looksRight(browser, name);
    console.log(`ok: ${name} opens offline at 360 and 1440 px, light and dark; axe-core finds nothing serious`);
  }
  for (const name of ["compared.html", "compared-hostile.html", "side.html", "side-hostile.html"]) await comparisonLooksRight(browser, name);
  console.log("ok: comparisons too");
  const { page, context, problems, rows } = await open(browser, "plain", { viewport: { width: 1440, height: 900 }, colorScheme: "light" });
  await numbersAreTheCsvs(page, rows);
  console.log("ok: each number is the CSV's");
  await tableSorts(page, rows);
  await tableFilters(page, rows);
  console.log("ok: the table sorts and filters");
  await plotAnswers(page, rows);
  await plotIsSaved(page);
  await detailFollows(page);
  console.log("ok: the plots answer to pointer, keys and choice");
  await themeTurns(page);
  await printsWell(page);
  assert.deepEqual(problems, []);
  await context.close();
  await worksWithoutScripts(browser, "plain");
  await hostileNamesAreShown(browser);
  console.log("ok: hostile names are shown, not executed");
  await casesAreLinkedTo(browser);
  console.log("ok: a case has one address on every page");
  await bigRunIsUsable(browser);
}

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  if (kind === "usual") {
    await usualPages(browser);
  } else {
    await longTableIsUsable(browser, "huge/report.html", 40);
    await longTableIsUsable(browser, "side-huge.html", 15);
    console.log("ok: ten thousand cases");
  }
} finally {
  await browser.close();
}
