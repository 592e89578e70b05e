// A run of the benchmark in this browser, and its results as benchmark/store.py reads them.

import {Tensor} from "@litertjs/core";
import {download} from "./download.js";
import {sha256} from "./hash.js";
import {EFFORTS, clockStep, orders, visit} from "./latency.js";
import {Network} from "./network.js";
import {currentWay, memoryBytes, runtimeFile, startRuntime} from "./runtime.js";

export const RUNTIME = "LiteRT.js 2.5.3"; // package.json's; a test compares
const DOUBTS = { // that belong to a way to run
  wasm: [],
  threads: ["threads: how many cores took part, and which, a browser does not say"],
  webgpu: ["the GPU's time holds copying the picture there and the scores back",
    "the GPU computes int8 networks in floating point: their answers may differ a little"],
};
const BREATH_MS = 50; // of work, before the page may draw itself

/**
 * Measure models, visit by visit. `onVisit(done, of)` reports; `stop.aborted` ends it early;
 * `loading` shows what is on its way until then.
 */
export async function measure(models, effort, onVisit, stop, loading) {
  await startRuntime();
  const settings = settingsOf(effort);
  const bytes = new Map();
  for (const model of models) bytes.set(model, await model.bytes(loading.part()));
  loading.end();
  const results = {
    schema: 2,
    kind: "browser_latency",
    target: `browser: ${browserName()}, ${currentWay().technique}`,
    effort,
    settings,
    models: Object.fromEntries(models.map((model) => [model.record.sha256, model.fileName])),
    facts: await facts(),
    rounds: [],
  };
  const runtime = {
    clock_resolution_ns: clockStep(() => performance.now()),
    runtime_version: RUNTIME,
    runtime_sha256: results.facts.runtime_sha256,
    class_us: {}, // where its time goes, a browser does not say
  };
  const rounds = orders(models.length, EFFORTS[effort].rounds);
  let done = 0;
  for (const order of rounds) {
    const visits = {};
    for (const i of order) {
      const seen = await visitModel(models[i], bytes.get(models[i]), settings);
      visits[models[i].record.sha256] = {...seen, ...runtime};
      onVisit(++done, rounds.length * models.length);
      if (stop.aborted) return results; // without the round that was begun
    }
    results.rounds.push({visits, before: {}, after: {}});
  }
  return results;
}

function settingsOf(effort) {
  const {warmup_runs, min_runs, min_seconds} = EFFORTS[effort];
  return {threads: currentWay().threads, warmup_runs, min_runs, min_seconds, fp16: false, tool: "runner"};
}

/** One compilation of the model, for memory layout alone moves timings, and its runs. */
async function visitModel(model, bytes, settings) {
  await breath();
  const began = performance.now();
  const network = await Network.open(model, bytes);
  const init_ms = performance.now() - began;
  const tensor = new Tensor(pattern(network.shape), network.shape);
  try {
    let outputs;
    const timedRun = async () => {
      let ended = 0;
      const start = performance.now();
      outputs = await network.run(tensor, () => (ended = performance.now()));
      return ended - start;
    };
    const times = await visit(timedRun, settings, breather());
    return {
      model_sha256: model.record.sha256,
      ...times,
      load_ms: 0, // LiteRT.js loads and compiles in one call: both are in init_ms
      init_ms,
      peak_memory_bytes: await memoryBytes(),
      output_sha256: await sha256(await joined(outputs)),
      delegation: null,
    };
  } finally {
    tensor.delete();
    network.close();
  }
}

const joined = async (outputs) => new Uint8Array(await new Blob(outputs).arrayBuffer());

/** The same values in -1 to 1 for every run, everywhere. */
function pattern(shape) {
  const n = shape.reduce((a, b) => a * b);
  return Float32Array.from({length: n}, (_, i) => ((i * 7919) % 2001) / 1000 - 1);
}

async function facts() {
  const file = await runtimeFile();
  const wasm = await download(file);
  const {name, label} = currentWay();
  return {
    label,
    browser: browserName(),
    user_agent: navigator.userAgent,
    cores: navigator.hardwareConcurrency ?? null,
    runtime: RUNTIME,
    runtime_file: file.pathname.split("/").at(-1),
    runtime_sha256: await sha256(wasm),
    measured_at: new Date().toISOString(),
    memory: "peak_memory_bytes is WebAssembly's memory, not the browser's",
    init: "init_ms holds the loading too, so load_ms is 0",
    doubts: ["a browser's time: not that of an app or of a native program on the same device",
      ...DOUBTS[name]],
  };
}

/** Chromium 156 on Linux; what the browser says of itself, without its minor numbers. */
export function browserName() {
  const {userAgentData, userAgent} = navigator;
  if (userAgentData?.brands?.length) {
    const brand = userAgentData.brands.filter((b) => !/not.?a.?brand/i.test(b.brand)).at(-1);
    if (brand) return `${brand.brand} ${brand.version} on ${userAgentData.platform || "unknown"}`;
  }
  const found = userAgent.match(/(Firefox|Edg|Chrome)\/(\d+)/) ?? userAgent.match(/(Version)\/(\d+)/);
  const name = found?.[1] === "Version" ? "Safari" : found?.[1] ?? "a browser";
  const system = userAgent.match(/iPhone|iPad|Android|Windows|Mac OS X|Linux/)?.[0] ?? "unknown";
  return `${name} ${found?.[2] ?? ""} on ${system}`.replace("  ", " ");
}

function breather() {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < BREATH_MS) return;
    await breath();
    last = performance.now();
  };
}

const breath = () => new Promise((resolve) => setTimeout(resolve));
