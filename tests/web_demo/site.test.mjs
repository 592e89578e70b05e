// What `make web-site` wrote, on a host that knows nothing of it: Python's http.server, and below a
// path. WEBSITE names the folder, GOLDENS what Python computed.

import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from "node:fs";
import {createHash} from "node:crypto";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {after, test} from "node:test";

import {browser, closeAll, nextAnswer, ready, visit} from "./browser.mjs";

const {GOLDENS, WEBSITE, PYTHON} = process.env;
const ANSWERS = JSON.parse(readFileSync(join(GOLDENS, "answers.json")));
const MOST_BYTES = 5e6; // until the first answer: 4 s of 10 Mbit/s, and as much again to compute

after(closeAll);

/** The folder as /repo/ of a plain host: its address, what it was asked for, and its end. */
async function host(t) {
  const root = mkdtempSync(join(tmpdir(), "host-"));
  const folder = join(root, "repo");
  cpSync(WEBSITE, folder, {recursive: true});
  const server = spawn(PYTHON, ["-u", "-m", "http.server", "0", "--bind", "127.0.0.1"], {cwd: root});
  let log = "", first = "";
  server.stderr.on("data", (text) => (log += text));
  await new Promise((resolve) => server.stdout.on("data", (text) => {
    if (/port \d+/.test(first += text)) resolve();
  }));
  const stop = () => new Promise((resolve) => {
    if (server.exitCode !== null || server.signalCode) return resolve();
    server.on("exit", resolve);
    server.kill();
  });
  t.after(async () => {
    await stop();
    rmSync(root, {recursive: true});
  });
  const asked = () => [...log.matchAll(/"GET \/repo\/(\S*) HTTP\/1.\d" (?:200|304)/g)].map(([, path]) => path);
  return {site: `http://127.0.0.1:${first.match(/port (\d+)/)[1]}/repo/`, folder, asked, stop};
}

async function context(t, options) {
  const one = await (await browser("usual")).newContext({serviceWorkers: "allow", ...options});
  t.after(() => one.close());
  return one;
}

/** Whether the page gives Python's scores, to the bit, with the model that it begins with. */
async function answersAsPython(page) {
  const file = await page.inputValue("#model");
  const golden = ANSWERS.find((one) => one.file === file && one.picture === "orange.png");
  const {scores} = await nextAnswer(page, () =>
    page.setInputFiles("#file", join(GOLDENS, "pictures", "orange.png")));
  assert.match(file, /_static_wi8_ai8\.tflite$/);
  assert.deepEqual(scores, golden.scores);
}

const isIsolated = (page) => page.evaluate(() => crossOriginIsolated);
const kept = (page) => page.evaluate(async () => {
  const cache = await caches.open((await caches.keys())[0]);
  return (await cache.keys()).map(({url}) => url.split("/").at(-1));
});
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

test("on a plain host the page is isolated and right, and again without the host", async (t) => {
  const {site, folder, asked, stop} = await host(t);
  const visitor = await context(t);

  const page = await ready(await visit(t, visitor, {site}));
  assert.ok(await isIsolated(page));
  await answersAsPython(page);
  const files = [...new Set(asked().map((path) => join(folder, path || "index.html")))];
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  assert.equal(asked().filter((path) => path === "js/main.js").length, 1); // not by the first load
  assert.ok(bytes > 4e6 && bytes <= MOST_BYTES, `${bytes} bytes for the first answer`);

  await page.waitForFunction(async (n) => {
    const cache = await caches.open((await caches.keys())[0]);
    return (await cache.keys()).length >= n;
  }, files.length - 1); // all but the worker itself
  await page.close();
  await stop();
  const again = await ready(await visit(t, visitor, {site}));
  assert.ok(await isIsolated(again));
  await answersAsPython(again);
});

test("a newer site sends what has changed, and only what was published is kept", async (t) => {
  const {site, folder, asked} = await host(t);
  const icon = join(folder, "icon.svg");
  const published = sha256(readFileSync(icon));
  writeFileSync(icon, `${readFileSync(icon)}<!-- another one -->`);
  const visitor = await context(t);
  const page = await ready(await visit(t, visitor, {site}));
  await page.evaluate(() => fetch("icon.svg").then((response) => response.text()));
  const style = join(folder, "style.css"), worker = join(folder, "sw.js");
  const old = readFileSync(style), newer = Buffer.concat([old, Buffer.from("\nh1 { color: red; }")]);
  writeFileSync(style, newer);
  writeFileSync(worker, readFileSync(worker, "utf8").replace(sha256(old), sha256(newer)));
  await page.evaluate(async () => { // what a browser does by itself, sooner or later
    const registration = await navigator.serviceWorker.ready;
    await registration.update();
    const next = registration.installing ?? registration.waiting;
    while (next.state === "installing") await new Promise((r) => next.onstatechange = r);
  });
  const before = asked().length;
  await page.close();

  const color = (one) => one.evaluate(() => getComputedStyle(document.querySelector("h1")).color);
  let again = await ready(await visit(t, visitor, {site}));
  for (let i = 0; i < 4 && (await color(again)) !== "rgb(255, 0, 0)"; i++) {
    await again.close(); // the browser had not yet noticed that the older one's tab was closed
    again = await ready(await visit(t, visitor, {site}));
  }

  assert.equal(await color(again), "rgb(255, 0, 0)");
  await again.waitForFunction(async (name) => {
    const cache = await caches.open((await caches.keys())[0]);
    return (await cache.keys()).some(({url}) => url.endsWith(name));
  }, sha256(newer));
  const sent = new Set(asked().slice(before).filter((path) => path !== "sw.js"));
  assert.deepEqual([...sent].sort(), ["icon.svg", "style.css"]);
  const there = await kept(again);
  assert.ok(there.includes(sha256(newer)) && !there.includes(sha256(old)));
  assert.ok(!there.includes(published));
});

test("a damaged file is explained, and so is a missing one", async (t) => {
  const {site, folder} = await host(t);
  const [name] = ANSWERS.map((one) => one.file).filter((one) => one.includes("static"));
  const file = join(folder, "models", `${name}.packed`);
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(file, bytes);
  const mayComplain = /Failed to load resource/;
  const page = await visit(t, await context(t), {site, mayComplain});
  await page.waitForSelector("#notice:not([hidden])");
  assert.match(await page.innerText("#notice"), /did not arrive whole|is damaged/);
  assert.match(await page.innerText("#notice .fix"), /[Rr]eload/);
  rmSync(file);
  await page.reload();
  await page.waitForSelector("#notice:not([hidden])");
  assert.match(await page.innerText("#notice"), /is missing.*\n.*publishes it/s);
});

test("a browser that allows no service worker still gets its answers", async (t) => {
  const {site} = await host(t);
  const page = await ready(await visit(t, await context(t, {serviceWorkers: "block"}), {site}));
  assert.equal(await isIsolated(page), false);
  await answersAsPython(page);
});
