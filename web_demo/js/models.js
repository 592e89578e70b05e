// The models beside the page, each with the record that ghostnet_tf/base/record.py wrote of it.

import {PREPARE, download, fileName, get} from "./download.js";
import {sha256} from "./hash.js";
import {plainName} from "./names.js";
import {Problem} from "./problem.js";
import {checkManifest, checkRecord, unsuitable} from "./record.js";

/**
 * Every model of the manifest that can run here, in its order: those with something to say of photos
 * first. `onProblem` hears of each that is left out; if none is left, its reason is thrown.
 */
export async function readModels(folder, onProblem = () => {}) {
  const manifest = new URL("manifest.json", folder);
  const names = checkManifest(await readJson(manifest), fileName(manifest));
  const read = await Promise.allSettled(names.map((name) => readModel(new URL(name, folder))));
  const models = read.filter((one) => one.status === "fulfilled").map((one) => one.value);
  const reasons = read.filter((one) => one.status === "rejected").map((one) => one.reason);
  if (!models.length) throw reasons[0];
  if (reasons.length) onProblem(reasons[0]);
  return models;
}

async function readModel(url) {
  const record = checkRecord(await readJson(url), fileName(url));
  const why = unsuitable(record);
  if (why) throw new Problem(`${fileName(url)} is not for a browser: ${why}.`, PREPARE);
  return new Model(record, new URL(url.href.replace(/\.json$/, ".tflite")));
}

export class Model {
  constructor(record, url) {
    this.record = record;
    this.url = url;
  }

  get fileName() {
    return fileName(this.url);
  }

  /** What it does: "classify", which goes without saying, or another of `TASKS` in record.js. */
  get task() {
    return this.record.task ?? "classify";
  }

  /** GhostNet 0.5, int8 */
  get title() {
    return plainName(this.record);
  }

  /** ghostnet_050 · static_wi8_ai8 */
  get technical() {
    return `${this.record.model} · ${this.record.recipe}`;
  }

  /** Random weights: the cost is real, and no answer means anything. */
  get isGraphOnly() {
    return this.record.weights === "seeded";
  }

  /** What is known of its answers, in a few words. */
  get standing() {
    const {accuracy, average_precision: ap} = this.record;
    if (this.isGraphOnly) return "graph only";
    if (ap) return `AP50 ${ap.ap50.toFixed(3)}`;
    return accuracy ? `${percent(accuracy.top1)} top-1` : "accuracy not measured";
  }

  /** The bytes of the file, if they are those that the record describes. */
  async bytes(onPart) {
    const bytes = await download(this.url, onPart);
    const found = await sha256(bytes);
    if (found === this.record.sha256) return bytes;
    throw new Problem(
      `${this.fileName} is damaged: its SHA-256 begins ${found.slice(0, 12)}, its record says ` +
      `${this.record.sha256.slice(0, 12)}. It was not loaded.`, PREPARE);
  }
}

/** What the accuracy of a record was measured on. */
export const items = ({sound}) => (sound ? "recordings" : "photos");

export const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** Where a line is broken, a number keeps its unit. */
export const whole = (text) => text.replace(/(\d) (?=\S{1,2}(\W|$))/g, "$1\u00a0");

async function readJson(url) {
  const response = await get(url);
  try {
    return await response.json();
  } catch (error) {
    throw new Problem(`${fileName(url)} is not JSON.`, PREPARE, error);
  }
}
