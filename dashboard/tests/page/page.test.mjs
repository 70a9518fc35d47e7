// The pages in Chromium: they load, hear of what is new, can be used with a keyboard, stop a training.
//
// PAGE is the program of dashboard/examples/page.rs, CHROMIUM the browser, PICTURES a folder for pictures of the pages.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import axe from "axe-core";
import { chromium } from "playwright-core";

import { line, make } from "./runs.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const program = process.env.PAGE ?? path.join(here, "../../../target/release/examples/page");
const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const root = fs.mkdtempSync(path.join(os.tmpdir(), "fokker-page-"));
const runs = path.join(root, "runs");
const problems = [];
let server;
let url;
let context;

before(async () => {
  make(runs, "moons_2d", { evaluated: true });
  make(runs, "moons_wide", { scale: 0.8, rate: "0.001", evaluated: true });
  make(runs, "sweep/halted", { until: 3000 });
  const damaged = make(runs, "damaged", { until: 500 });
  fs.appendFileSync(path.join(damaged, "metrics.jsonl"), '{"step":510,"loss":NaN}\n{"step":52');
  fs.writeFileSync(path.join(damaged, "config.toml"), "a = = 1");
  fs.mkdirSync(path.join(runs, "empty"));
  execFileSync(program, ["report", path.join(runs, "moons_2d")]);
  server = spawn(program, ["serve", runs]);
  url = await new Promise((resolve) => server.stdout.once("data", (data) => resolve(data.toString().trim())));
  context = await chromium.launchPersistentContext(path.join(root, "user"), {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: flags,
    viewport: { width: 1400, height: 900 },
  });
});

after(async () => {
  await context?.close();
  server?.kill();
  fs.rmSync(root, { recursive: true, force: true });
});

async function open(address, options = {}) {
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(error.stack));
  page.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (!["data:", "file:", "blob:"].includes(protocol) && hostname !== "127.0.0.1") problems.push(`asked for ${request.url()}`);
  });
  await page.emulateMedia({ colorScheme: options.dark ? "dark" : "light" });
  if (options.phone) await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(address);
  await page.waitForSelector(".chart canvas");
  await page.waitForTimeout(1000);
  return page;
}

/** Contrast, names, roles, order. */
async function accessible(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const said = violations.map(
    (one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.target + " " + node.failureSummary).join(" | ")}`,
  );
  assert.deepEqual(said, []);
}

async function picture(page, name) {
  if (process.env.PICTURES) await page.screenshot({ path: path.join(process.env.PICTURES, `${name}.png`), fullPage: true });
}

const row = (page, name) => page.locator("#runs-table tbody tr", { has: page.getByRole("rowheader", { name, exact: false }) });

test("the live page shows all runs, and what is damaged", async () => {
  const page = await open(url);
  assert.equal(await page.locator("#runs-table tbody tr").count(), 5);
  assert.equal(await page.locator("#connection").textContent(), "live");
  const damaged = await row(page, "damaged").textContent();
  for (const part of ["config.toml is no TOML", "1 line is damaged", "ends within a line"]) assert.ok(damaged.includes(part), damaged);
  assert.ok((await row(page, "empty").textContent()).includes("metrics.jsonl is not there"));
  const titles = await page.locator(".chart h3").allTextContents();
  for (const title of ["Training loss", "Validation loss", "Gradient norm, before clipping", "Error in the noise, per coordinate"]) {
    assert.ok(titles.includes(title), `${title}: ${titles}`);
  }
  await picture(page, "desktop");
  await accessible(page);
  await page.close();
});

test("dark, and on a telephone", async () => {
  for (const [name, options] of [
    ["dark", { dark: true }],
    ["phone", { phone: true }],
    ["phone-dark", { phone: true, dark: true }],
  ]) {
    const page = await open(url, options);
    const [width, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(width <= seen, `${name}: the page is ${width} wide, ${seen} are seen`);
    await picture(page, name);
    await accessible(page);
    await page.close();
  }
});

test("what is new arrives by itself", async () => {
  const page = await open(url);
  const halted = row(page, "sweep/halted");
  assert.ok((await halted.textContent()).includes("3 000 / 8 000"));
  fs.appendFileSync(path.join(runs, "sweep/halted/metrics.jsonl"), line(3010, 1) + line(3020, 1));
  await page.waitForFunction(() => document.querySelector("#runs-table").textContent.includes("3 020 / 8 000"), null, { timeout: 5000 });
  make(runs, "newcomer", { until: 100 });
  await page.waitForFunction(() => document.querySelector("#runs-table").textContent.includes("newcomer"), null, { timeout: 10_000 });
  await page.close();
});

test("curves are zoomed, smoothed, laid out anew and read at the cursor", async () => {
  const page = await open(url);
  const canvas = page.locator("#charts .chart .u-over").first();
  const box = await canvas.boundingBox();
  const value = page.locator("#charts .chart .legend .value").first();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  assert.match(await value.textContent(), /at /);
  await page.mouse.down();
  await page.mouse.move(box.x + 0.75 * box.width, box.y + box.height / 2, { steps: 4 });
  await page.mouse.up();
  await page.waitForFunction(() => document.querySelector("#from").value !== "");
  const [from, to] = [await page.inputValue("#from"), await page.inputValue("#to")];
  assert.ok(Math.abs(from - 4000) < 200 && Math.abs(to - 6000) < 200, `${from} to ${to}`);
  await page.locator("#smoothing").fill("0.9");
  await page.locator("#axis").selectOption("seconds");
  await page.waitForTimeout(500);
  assert.equal(await page.inputValue("#from"), "");
  await page.locator("#log-x").check();
  await page.locator("#log-y").uncheck();
  await page.waitForTimeout(500);
  await picture(page, "smoothed");
  await page.locator("#smoothing").fill("0");
  await page.locator("#axis").selectOption("step");
  await page.locator("#log-x").uncheck();
  await page.locator("#log-y").check();
  await page.close();
});

test("the table is sorted and runs are chosen with the keyboard alone", async () => {
  const page = await open(url);
  const names = () => page.locator("#runs-table tbody th span:first-child").allTextContents();
  await page.getByRole("button", { name: "Training loss" }).focus();
  await page.keyboard.press("Enter");
  // Without a number, at the end; the one with the smaller loss first.
  const sorted = await names();
  assert.ok(sorted.indexOf("moons_wide") < sorted.indexOf("moons_2d") && sorted.at(-1) === "empty", sorted.join());
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#runs-table th[aria-sort=descending]").count(), 1);
  await page.getByRole("button", { name: "Show none" }).press("Enter");
  assert.equal(await page.locator("#curves").isHidden(), true);
  await row(page, "moons_2d").getByRole("checkbox").press("Space");
  await page.waitForSelector("#overview dl");
  assert.ok((await page.locator("#overview").textContent()).includes("flex, 2 threads"));
  const slider = page.locator("#sample-step");
  await slider.focus();
  await page.keyboard.press("Home");
  assert.equal(await page.locator("#sample-step-shown").textContent(), "2 000");
  assert.ok((await page.locator("#pictures img").first().getAttribute("src")).includes("step-00002000.png"));
  assert.equal(await page.locator("#pictures img").evaluateAll((all) => all.every((one) => one.complete && one.naturalWidth > 0)), true);
  await page.locator("#filter").fill("wide");
  assert.deepEqual(await names(), ["moons_wide"]);
  await picture(page, "single");
  await page.close();
});

test("a training is stopped with the token alone", async () => {
  const folder = path.join(runs, "sweep/halted");
  const lock = path.join(folder, ".lock");
  fs.writeFileSync(lock, "");
  // A process that has the lock, and the number of it.
  const training = spawn("flock", ["--no-fork", lock, "sleep", "60"]);
  const ended = new Promise((resolve) => training.once("exit", (_code, signal) => resolve(signal)));
  fs.writeFileSync(lock, `${training.pid}\n`);
  const other = await open(url.split("#")[0]);
  assert.equal(await other.getByRole("button", { name: /^Stop/ }).count(), 0);
  await other.close();
  const page = await open(url);
  page.on("dialog", (dialog) => dialog.accept());
  await page.getByRole("button", { name: "Stop sweep/halted" }).click();
  assert.equal(await ended, "SIGTERM");
  await page.waitForFunction(() => !document.querySelector("#runs-table .state.training"), null, { timeout: 5000 });
  await page.close();
});

test("the report is the same page from disk", async () => {
  const address = pathToFileURL(path.join(runs, "moons_2d/report.html")).href;
  for (const [name, options] of [
    ["report", {}],
    ["report-phone", { phone: true, dark: true }],
  ]) {
    const page = await open(address, options);
    const text = await page.locator("main").innerText();
    for (const part of ["flex, 2 threads", "8 000 of 8 000", "finished", "± 0.0021", "training.batch_size"])
      assert.ok(text.includes(part), `${part}: ${text}`);
    assert.equal(await page.locator("#runs").isHidden(), true);
    assert.ok(!text.includes(root), "where the folder was is nobody's business");
    assert.equal(await page.locator("#pictures img").evaluateAll((all) => all.every((one) => one.complete && one.naturalWidth > 0)), true);
    await picture(page, name);
    await accessible(page);
    if (process.env.PICTURES && name === "report") await page.pdf({ path: path.join(process.env.PICTURES, "report.pdf"), format: "A4" });
    await page.close();
  }
});

test("nothing went wrong on the way, and nothing was asked for elsewhere", () => {
  assert.deepEqual(problems, []);
});
