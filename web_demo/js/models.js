// The models beside the page, each with the record that ghostnet_tf/base/record.py wrote of it.

import {sha256} from "./hash.js";
import {Problem} from "./problem.js";

const SCHEMA = 1; // of the manifest, and of the records
const PREPARE = "Run `make web-demo` again: it puts the models beside the page.";

/** Every model of the manifest, in its order: those with something to say of photos first. */
export async function readModels(folder) {
  const manifest = await readJson(new URL("manifest.json", folder));
  if (!manifest.models?.length) throw new Problem("There is no model beside this page.", PREPARE);
  return Promise.all(manifest.models.map(async (name) => {
    const url = new URL(name, folder);
    return new Model(await readJson(url), new URL(name.replace(/\.json$/, ".tflite"), folder));
  }));
}

export class Model {
  constructor(record, url) {
    this.record = record;
    this.url = url;
  }

  get fileName() {
    return decodeURIComponent(this.url.pathname.split("/").at(-1));
  }

  /** ghostnet_050 · float32 */
  get title() {
    return `${this.record.model} · ${this.record.recipe}`;
  }

  /** Random weights: the cost is real, and no answer means anything. */
  get isGraphOnly() {
    return this.record.weights === "seeded";
  }

  /** What is known of its answers, in a few words. */
  get standing() {
    const {accuracy} = this.record;
    if (this.isGraphOnly) return "graph only";
    return accuracy ? `${percent(accuracy.top1)} top-1` : "accuracy not measured";
  }

  /** The bytes of the file, if they are those that the record describes. */
  async bytes() {
    const response = await get(this.url);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const found = await sha256(bytes);
    if (found === this.record.sha256) return bytes;
    throw new Problem(
      `${this.fileName} is damaged: its SHA-256 begins ${found.slice(0, 12)}, its record says ` +
      `${this.record.sha256.slice(0, 12)}. It was not loaded.`, PREPARE);
  }
}

export const percent = (share) => `${(100 * share).toFixed(1)} %`;

async function readJson(url) {
  const response = await get(url);
  let content;
  try {
    content = await response.json();
  } catch (error) {
    throw new Problem(`${fileName(url)} is not JSON.`, PREPARE, error);
  }
  if (content?.schema === SCHEMA) return content;
  throw new Problem(
    `${fileName(url)} has schema ${content?.schema}, and this page reads ${SCHEMA}.`, PREPARE);
}

async function get(url) {
  let response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new Problem(`${fileName(url)} could not be fetched: the server gives no answer.`,
      "Is `make web-demo` still running? Start it, then reload the page.", error);
  }
  if (response.ok) return response;
  throw new Problem(`${fileName(url)} is missing (the server says ${response.status}).`, PREPARE);
}

const fileName = (url) => url.pathname.split("/").at(-1);
