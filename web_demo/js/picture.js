// A picture for the network: decoded and prepared by the worker, once for each way to prepare it.

import {Problem} from "./problem.js";

let worker = null;
let last = 0;
const waiting = new Map(); // id of what was asked -> {resolve, reject}

function ask(asked, transfer = []) {
  worker ??= start();
  const id = ++last;
  worker.postMessage({id, ...asked}, transfer);
  return new Promise((resolve, reject) => waiting.set(id, {resolve, reject}));
}

function start() {
  const one = new Worker(new URL("preparing.js", import.meta.url), {type: "module"});
  one.onmessage = ({data: {id, result, problem}}) => {
    const {resolve, reject} = waiting.get(id);
    waiting.delete(id);
    if (problem) reject(new Problem(...problem));
    else resolve(result);
  };
  one.onerror = (event) => {
    worker = null; // the next picture tries another one
    for (const {reject} of waiting.values()) {
      reject(new Problem(`Pictures cannot be prepared: ${event.message ?? "the worker is gone"}.`,
        "Reload the page. It needs Chrome or Edge 92, Firefox 114, Safari 16.4, or a later one."));
    }
    waiting.clear();
  };
  return one;
}

/** A photo out of a file; what was not prepared while it was the newest one never will be. */
export class Photo {
  static async open(file) {
    return new Photo(await ask({file}));
  }

  #inputs = new Map(); // preprocessing as JSON -> a promise of the input

  constructor({photo, width, height}) {
    Object.assign(this, {id: photo, width, height});
  }

  /** {input: (H * W * C) float32, isKept: whether it was prepared before}; null: too late. */
  async input(preprocessing) {
    const key = JSON.stringify(preprocessing);
    const isKept = this.#inputs.has(key);
    if (!isKept) this.#inputs.set(key, ask({photo: this.id, preprocessing}));
    const input = await this.#inputs.get(key);
    return input && {input, isKept};
  }
}

/** One picture of the camera, which nobody looks at twice. */
export class Frame {
  constructor(bitmap) {
    const {width, height} = bitmap;
    Object.assign(this, {bitmap, width, height});
  }

  async input(preprocessing) {
    return {input: await ask({frame: this.bitmap, preprocessing}, [this.bitmap]), isKept: false};
  }
}
