// Real Chromium, headless, on the page that SITE names. CHROMIUM is the browser's path.

import assert from "node:assert/strict";
import {createRequire} from "node:module";

const need = createRequire(new URL("../../web_demo/package.json", import.meta.url));
const {chromium} = need("playwright-core");
export const AXE = need.resolve("axe-core");

const {CHROMIUM, SITE, GOLDENS} = process.env;
const FAKE = ["--use-fake-device-for-media-stream",
  `--use-file-for-fake-video-capture=${GOLDENS}/camera.y4m`,
  `--use-file-for-fake-audio-capture=${GOLDENS}/microphone.wav`];
const FLAGS = { // kind of browser -> what it is started with
  usual: [...FAKE, "--use-fake-ui-for-media-stream"],
  "camera refused": [...FAKE, "--deny-permission-prompts"],
  "no camera": ["--use-fake-ui-for-media-stream"],
  "no WebAssembly": ["--js-flags=--jitless"],
  "software GPU": ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader",
    "--enable-features=Vulkan"],
};
const WAIT_MS = 60_000; // nothing is timed; this is only how long a hanging page may hang

const browsers = new Map();

export async function browser(kind) {
  if (!browsers.has(kind)) {
    const gpu = kind === "software GPU" ? [] : ["--disable-gpu"];
    const args = ["--no-sandbox", ...gpu, ...FLAGS[kind]];
    browsers.set(kind, await chromium.launch({executablePath: CHROMIUM, args}));
  }
  return browsers.get(kind);
}

export async function closeAll() {
  for (const one of browsers.values()) await one.close();
}

/**
 * A fresh page, closed with the test `t`. `before(page)` comes before it is loaded; `mayComplain`:
 * what the console may say, for a test that provokes it; otherwise any error there fails the test.
 */
export async function open(t, {kind = "usual", before, mayComplain, ...options} = {}) {
  const context = await (await browser(kind)).newContext({serviceWorkers: "block", ...options});
  t.after(() => context.close());
  return visit(t, context, {before, mayComplain});
}

/** A page in a context, which keeps what an earlier page of it was given to keep. */
export async function visit(t, context, {site = SITE, before, mayComplain} = {}) {
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const complaints = [], strangers = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => {
    complaints.push(error.stack);
    page.close(); // whatever the test waits for will not come
  });
  page.on("request", (request) => {
    const {origin, protocol} = new URL(request.url());
    if (!["blob:", "data:"].includes(protocol) && origin !== new URL(site).origin) strangers.push(request.url());
  });
  t.after(async () => {
    await page.close();
    assert.deepEqual(complaints.filter((text) => !mayComplain?.test(text)), [], "console errors");
    assert.deepEqual(strangers, [], "requests to other servers");
  });
  await page.addInitScript(() => {
    globalThis.heard = [];
    document.addEventListener("answer", ({detail: {outputs, answers}}) => {
      heard.push({scores: Array.from(new Int32Array(outputs.at(-1).buffer)), answers});
    });
  });
  await before?.(page);
  await page.goto(site);
  return page;
}

/** The same, with its first model loaded. */
export async function openReady(t, options) {
  return ready(await open(t, options));
}

export async function ready(page) {
  await page.waitForSelector("body[data-state=ready], #notice:not([hidden])");
  assert.ok(await page.isHidden("#notice"), await page.innerText("#notice"));
  return page;
}

/** What the page tells the person: [what, fix]. */
export async function problem(page) {
  await page.waitForSelector("#notice:not([hidden])");
  return page.locator("#notice p").allInnerTexts();
}

/** The next answer that the page announces while `act` is done. */
export async function nextAnswer(page, act) {
  const before = await page.evaluate(() => heard.length);
  await act();
  await page.waitForFunction((n) => heard.length > n, before);
  return page.evaluate(() => heard.at(-1));
}

/** The five bars as a person reads them: "orange 68.8 %". */
export async function bars(page) {
  const items = await page.locator("#bars li").all();
  return Promise.all(items.map(async (item) =>
    `${await item.locator("b").innerText()} ${await item.locator(".share").innerText()}`));
}
