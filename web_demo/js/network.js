// One model in LiteRT.js.

import {Tensor, loadAndCompile} from "@litertjs/core";
import {channels, sides} from "./preprocess.js";
import {Problem} from "./problem.js";
import {currentWay, startRuntime} from "./runtime.js";

// task -> the shapes of input and outputs that its record tells; null stands for any number
const SHAPES = {
  classify: (record) => [picture(record), [[1, record.labels.length]]],
  segment: (record) => [picture(record),
    [[1, ...logits(record), record.labels.length]]],
  keywords: (record) => [[1, record.sound.length], [[1, record.labels.length]]],
  detect: (record) => [picture(record), [[1, null, 4], [1, null, record.labels.length]]],
};
const picture = ({preprocessing}) => [1, ...sides(preprocessing), channels(preprocessing)];

/** Sides of what a segmenter says of the picture. */
const logits = ({preprocessing, masks: {stride}}) =>
  sides(preprocessing).map((side) => Math.ceil(side / stride));

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
    const [input, outputs] = SHAPES[model.task](model.record);
    this.shape = input;
    this.#expect(compiled.getInputDetails(), [input], "takes");
    this.#expect(compiled.getOutputDetails(), outputs, "gives");
  }

  #expect(details, shapes, verb) {
    const told = (all) => all.map(([type, shape]) => `${type} (${shape.join(", ")})`).join(" and ");
    const there = details.map(({dtype, shape}) => [dtype, [...shape]]);
    const n = there[0]?.[1][1]; // boxes and scores of the same number of places
    const asked = shapes.map((shape) => ["float32", shape.map((side) => side ?? n)]);
    const [found, wanted] = [told(there), told(asked)];
    if (found === wanted) return;
    this.close();
    throw new Problem(
      `${this.model.fileName} ${verb} ${found}; its record asks for ${wanted}.`,
      "Export the pair again: record and file do not belong together.");
  }

  /** The input -> the values of every output, float32, in the order of the file. */
  async outputs(input) {
    const tensor = new Tensor(input, this.shape);
    try {
      return await this.run(tensor);
    } finally {
      tensor.delete();
    }
  }

  /** The same for a tensor that is in the runtime's memory; `onDone` is called between. */
  async run(tensor, onDone = () => {}) {
    const outputs = await this.compiled.run(tensor);
    // A GPU's work is done when its result is here; copying that is part of it.
    for (const [i, output] of outputs.entries()) {
      if (output.accelerator !== "wasm") outputs[i] = await output.moveTo("wasm");
    }
    onDone();
    return outputs.map((output) => {
      const values = output.toTypedArray();
      output.delete();
      return values;
    });
  }

  /** The first run is slow and says nothing of the others. */
  async warmUp() {
    await this.outputs(new Float32Array(this.shape.reduce((a, b) => a * b)));
  }

  close() {
    this.compiled.delete();
  }
}
