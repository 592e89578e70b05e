// One model in LiteRT.js.

import {Tensor, loadAndCompile} from "@litertjs/core";
import {channels, sides} from "./preprocess.js";
import {Problem} from "./problem.js";
import {currentWay, startRuntime} from "./runtime.js";

export class Network {
  /** `bytes` are those of `model`, already checked against its record. */
  static async open(model, bytes) {
    await startRuntime();
    const {accelerator, threads, label} = currentWay();
    let compiled;
    try {
      compiled = await loadAndCompile(bytes, {accelerator, cpuOptions: {numThreads: threads}});
    } catch (error) {
      throw new Problem(`LiteRT.js cannot run ${model.fileName}: ${error.message}`,
        "Choose another model.", error);
    }
    if (accelerator === "webgpu" && !compiled.isFullyAccelerated) {
      compiled.delete();
      throw new Problem(`${model.fileName} does not run as ${label}: the GPU takes only a part.`,
        "Choose float32, or another way to run it.");
    }
    return new Network(model, compiled);
  }

  constructor(model, compiled) {
    this.model = model;
    this.compiled = compiled;
    this.preprocessing = model.record.preprocessing;
    this.shape = [1, ...sides(this.preprocessing), channels(this.preprocessing)];
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
    let [output] = await this.compiled.run(tensor);
    // A GPU's work is done when its result is here; copying that is part of it.
    if (output.accelerator !== "wasm") output = await output.moveTo("wasm");
    onDone();
    const scores = output.toTypedArray();
    output.delete();
    return scores;
  }

  /** The first run is slow and says nothing of the others. */
  async warmUp() {
    await this.scores(new Float32Array(this.shape.reduce((a, b) => a * b)));
  }

  close() {
    this.compiled.delete();
  }
}
