// LiteRT.js: one of its WebAssembly builds at a time, and a GPU only for whoever asks for it.

import {Environment, loadLiteRt, setWebGpuDevice, supportsFeature, unloadLiteRt}
  from "@litertjs/core";
import {stream} from "./download.js";
import {Problem} from "./problem.js";
import {PACKAGES, WORKER} from "./site.js";

const WASM = new URL("@litertjs/core/wasm/", PACKAGES);
// A module with one function that makes a v128: valid where there is SIMD.
const SIMD = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0,
  10, 8, 1, 6, 0, 0x41, 0, 0xfd, 0x0f, 0x0b);
const MOST_THREADS = 4; // as many as a phone has large cores

// LiteRT.js asks for a GPU as it starts, whatever its networks run on; with null it does not.
const create = Environment.create;
Environment.create = () => create.call(Environment, {webGpuDevice: null});

/** The ways to run a network; a time of one is never that of another. */
export const WAYS = {
  wasm: {technique: "WASM", threads: 1, accelerator: "wasm"},
  threads: {technique: "WASM threads", threads: threads(), accelerator: "wasm"},
  webgpu: {technique: "WebGPU", threads: 1, accelerator: "webgpu"}, // one thread feeds it
};
for (const one of Object.values(WAYS)) one.label = `${one.technique} in this browser`;

let way = "wasm";
let running = null; // {build, lib: a promise of LiteRT.js}
let device = null; // a promise of the GPU

export const currentWay = () => ({name: way, ...WAYS[way]});

/** Why a network cannot run that way here: "" if it can, as far as can be known before. */
export async function obstacle(name) {
  if (name === "threads") {
    if (!globalThis.crossOriginIsolated) return "this page is not isolated from others";
    if (!(await supportsFeature("relaxedSimd"))) return "this browser has no relaxed SIMD";
    if (threads() < 2) return "this device has one core";
  }
  if (name === "webgpu" && !navigator.gpu) return "this browser has no WebGPU";
  return "";
}

/** From now on networks are opened that way. Every network must have been closed. */
export async function chooseWay(name, onPart) {
  const why = await obstacle(name);
  if (why) throw new Problem(`${WAYS[name].label} does not work: ${why}.`, "Stay with one thread.");
  const gpu = name === "webgpu" ? await gpuDevice() : null;
  way = name;
  await startRuntime(onPart);
  if (gpu) setWebGpuDevice(gpu);
}

/** LiteRT.js in the build that the way needs, or what this browser lacks for it. */
export async function startRuntime(onPart) {
  const build = await buildOf(way);
  if (running && running.build !== build) {
    await running.lib;
    unloadLiteRt();
    running = null;
  }
  running ??= {build, lib: load(build, onPart)};
  try {
    return await running.lib;
  } catch (error) {
    running = null; // so that it can be tried again
    throw error;
  }
}

async function load(build, onPart) {
  if (!globalThis.WebAssembly?.validate(SIMD)) {
    throw new Problem("This browser has no WebAssembly with SIMD, which LiteRT.js needs.",
      "Use Chrome or Edge 92, Firefox 114, Safari 16.4, or a later one.");
  }
  fetchMeanwhile(wasmFile(build).href.replace(/\.wasm$/, ".js")); // loadLiteRt would ask for it last
  try {
    const binary = new Response(await stream(wasmFile(build), onPart),
      {headers: {"Content-Type": "application/wasm"}});
    const module = await WebAssembly.compileStreaming(binary);
    globalThis.Module = {
      printErr: log,
      instantiateWasm(imports, receive) {
        WebAssembly.instantiate(module, imports).then((instance) => receive(instance, module));
        return {};
      },
    };
    return await loadLiteRt(WASM.href, {threads: build === "threaded_"});
  } catch (error) {
    if (error instanceof Problem) throw error; // the server is gone, say
    throw new Problem("The runtime LiteRT.js could not be loaded.", WORKER
      ? "Reload the page."
      : "Run `make web-demo` again, which installs it, then reload the page.", error);
  }
}

function fetchMeanwhile(script) {
  document.head.append(Object.assign(document.createElement("link"),
    {rel: "preload", as: "script", href: script, crossOrigin: "anonymous"}));
}

async function buildOf(name) {
  if (name === "threads") return "threaded_";
  return (await supportsFeature("relaxedSimd")) ? "" : "compat_";
}

const wasmFile = (build) => new URL(`litert_wasm_${build}internal.wasm`, WASM);

/** The WebAssembly file that runs. */
export const runtimeFile = async () => wasmFile(await buildOf(way));

/** Bytes of WebAssembly's memory, which never shrinks: the peak until now. */
export async function memoryBytes() {
  return (await startRuntime()).liteRtWasm.HEAPU8.byteLength;
}

async function gpuDevice() {
  device ??= (async () => {
    const adapter = await navigator.gpu.requestAdapter({powerPreference: "high-performance"});
    if (!adapter) throw new Problem("There is no GPU for WebGPU.", "Stay with one thread.");
    const {maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage,
      maxTextureDimension2D} = adapter.limits;
    return adapter.requestDevice({
      requiredFeatures: ["shader-f16", "subgroups"].filter((one) => adapter.features.has(one)),
      requiredLimits: {maxBufferSize, maxStorageBufferBindingSize,
        maxStorageBuffersPerShaderStage, maxTextureDimension2D},
    });
  })();
  try {
    return await device;
  } catch (error) {
    device = null;
    throw error;
  }
}

function threads() {
  return Math.min(MOST_THREADS, globalThis.navigator?.hardwareConcurrency ?? 1);
}

/** Everything that the runtime says comes as an error, even "INFO: ...". */
function log(line) {
  if (/^(INFO|WARNING|VERBOSE)/.test(line)) console.debug(line);
  else console.error(line);
}
