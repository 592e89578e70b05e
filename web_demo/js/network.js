// One model in LiteRT.js: WebAssembly, one thread.

import {Tensor, loadAndCompile, loadLiteRt, supportsFeature} from "@litertjs/core";
import {normalise, pixels, table} from "./preprocess.js";
import {Problem} from "./problem.js";

const WASM = new URL("../node_modules/@litertjs/core/wasm/", import.meta.url);
// A module with one function that makes a v128: valid where there is SIMD.
const SIMD = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0,
  10, 8, 1, 6, 0, 0x41, 0, 0xfd, 0x0f, 0x0b);

let runtime; // a promise; LiteRT.js can be loaded once

/** LiteRT.js, or what this browser lacks for it. */
export function startRuntime() {
  runtime ??= load();
  return runtime;
}

async function load() {
  if (!globalThis.WebAssembly?.validate(SIMD)) {
    throw new Problem("This browser has no WebAssembly with SIMD, which LiteRT.js needs.",
      "Use Chrome or Edge 92, Firefox 108, Safari 16.4, or a later one.");
  }
  globalThis.Module = {printErr: log};
  try {
    return await loadLiteRt(WASM.href);
  } catch (error) {
    throw new Problem("The runtime LiteRT.js could not be loaded.",
      "Run `make web-demo` again, which installs it, then reload the page.", error);
  }
}

/** Everything that the runtime says comes as an error, even "INFO: ...". */
function log(line) {
  if (/^(INFO|WARNING|VERBOSE)/.test(line)) console.debug(line);
  else console.error(line);
}

/** The WebAssembly file that runs, as loadLiteRt chooses it. */
export async function runtimeFile() {
  const build = (await supportsFeature("relaxedSimd")) ? "" : "compat_";
  return new URL(`litert_wasm_${build}internal.wasm`, WASM);
}

/** Bytes of WebAssembly's memory, which never shrinks: the peak until now. */
export async function memoryBytes() {
  return (await startRuntime()).liteRtWasm.HEAPU8.byteLength;
}

export class Network {
  /** `bytes` are those of `model`, already checked against its record. */
  static async open(model, bytes) {
    await startRuntime();
    let compiled;
    try {
      compiled = await loadAndCompile(bytes, {accelerator: "wasm", cpuOptions: {numThreads: 1}});
    } catch (error) {
      throw new Problem(`LiteRT.js cannot run ${model.fileName}: ${error.message}`,
        "Choose another model.", error);
    }
    return new Network(model, compiled);
  }

  constructor(model, compiled) {
    this.model = model;
    this.compiled = compiled;
    this.preprocessing = model.record.preprocessing;
    this.table = table(this.preprocessing);
    const {size} = this.preprocessing;
    this.shape = [1, size, size, 3];
    this.#expect(compiled.getInputDetails(), this.shape, "takes");
    this.#expect(compiled.getOutputDetails(), [1, model.record.labels.length], "gives");
  }

  #expect(details, shape, verb) {
    const found = details.map((d) => `${d.dtype} (${[...d.shape].join(", ")})`).join(" and ");
    const wanted = `float32 (${shape.join(", ")})`;
    if (found === wanted) return;
    this.close();
    throw new Problem(
      `${this.model.fileName} ${verb} ${found}; its record asks for ${wanted}.`,
      "Export the pair again: record and file do not belong together.");
  }

  /** A photo, {width, height, data}, -> the input, (size * size * 3) float32. */
  input(photo) {
    return normalise(pixels(photo, this.preprocessing).data, this.table);
  }

  /** The input -> the scores of all classes, (classes) float32. */
  async scores(input) {
    const tensor = new Tensor(input, this.shape);
    try {
      return await this.run(tensor);
    } finally {
      tensor.delete();
    }
  }

  /** The same for a tensor that is in the runtime's memory; `onDone` is called between. */
  async run(tensor, onDone = () => {}) {
    const [output] = await this.compiled.run(tensor);
    onDone();
    const scores = output.toTypedArray();
    output.delete();
    return scores;
  }

  /** The first run is slow and says nothing of the others. */
  async warmUp() {
    const {size} = this.preprocessing;
    await this.scores(new Float32Array(size * size * 3));
  }

  close() {
    this.compiled.delete();
  }
}
