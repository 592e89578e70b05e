// A record, as far as the page reads it. It may come from anybody: whatever is not what
// ghostnet_tf/base/record.py writes is refused here, so that nobody after this has to ask.

import {PREPARE} from "./download.js";
import {fit, sides} from "./preprocess.js";
import {Problem} from "./problem.js";

const SCHEMA = 1;
/** What the page can show, in the words of its list of models. */
export const TASKS = {
  classify: "Names photos", detect: "Finds things", segment: "Outlines things", keywords: "Hears words",
};
const MOST = {size: 4096, classes: 100_000, letters: 500}; // of a picture, of a network, of a name
const HEX = /^[0-9a-f]{64}$/;

const isText = (x) => typeof x === "string" && x.length > 0 && x.length <= MOST.letters;
const isCount = (x) => Number.isSafeInteger(x) && x >= 0;
const isShare = (x) => typeof x === "number" && x >= 0 && x <= 1;
const isObject = (x) => typeof x === "object" && x !== null && !Array.isArray(x);
const isList = (x, of, n = null) =>
  Array.isArray(x) && (n === null || x.length === n) && x.every(of);
const isNumber = (x) => typeof x === "number" && Number.isFinite(x);
// A mean or a deviation of [0, 1]: what is far outside would make numbers that no float32 holds.
const isModest = (x) => isNumber(x) && Math.abs(x) <= 1000;

// field -> whether its value is one; in the order in which they are asked
const FIELDS = {
  model: isText,
  weights: isText,
  weights_sha256: (x) => HEX.test(x),
  recipe: isText,
  sha256: (x) => typeof x === "string" && HEX.test(x),
  size_bytes: isCount,
  parameters: isCount,
  preprocessing: (x, {task}) => isPreprocessing(x) || (x === null && task === "keywords"),
  sound: (x, {task}) => (x == null ? task !== "keywords" : isSound(x)),
  labels: (x) => isList(x, isText) && x.length > 0 && x.length <= MOST.classes,
  label_ids: (x, {labels}) => isList(x, isText, labels.length),
  task: (x) => x === undefined || isText(x),
  boxes: (x) => x == null || isBoxes(x),
  masks: (x, {task}) => (x == null ? task !== "segment" : isMasks(x)),
  scores: (x) => [undefined, "logits", "softmax", "sigmoid"].includes(x),
  ops: (x) => isObject(x) && Object.values(x).every(isCount),
  accuracy: (x) => x == null || isAccuracy(x),
  average_precision: (x) => x == null || isAveragePrecision(x),
};

function isPreprocessing(x) {
  if (!isObject(x)) return false;
  const n = x.channels === undefined ? 3 : x.channels;
  const both = Array.isArray(x.size) ? x.size : [x.size, x.size];
  return isList(both, (side) => isCount(side) && side > 0 && side <= MOST.size, 2) &&
    [1, 3].includes(n) && [undefined, "crop", "stretch"].includes(x.fit) &&
    isNumber(x.crop) && x.crop >= 0.01 && x.crop <= 1 &&
    ["bilinear", "bicubic"].includes(x.resample) &&
    isList(x.mean, isModest, n) && isList(x.std, (one) => isModest(one) && one > 1e-6, n);
}

// What is kept of boxes that lie upon one another.
const isBoxes = (x) => isObject(x) && isShare(x.iou) && isShare(x.score) && isCount(x.most);

const isMasks = (x) => isObject(x) && isCount(x.stride) && x.stride >= 1 && x.stride <= 64 &&
  isList(x.colours, (tone) => isList(tone, (value) => isCount(value) && value <= 255, 3));

/** Within the bounds of ghostnet_tf/data/hearing.py, as far as the page needs to know. */
function isSound(x) {
  const isWithin = (n, least, most) => isCount(n) && n >= least && n <= most;
  return isObject(x) && isWithin(x.rate, 8_000, 48_000) && isWithin(x.length, 1_000, 480_000) &&
    (x.smoothing == null || isSmoothing(x.smoothing));
}

const isSmoothing = (x) => isObject(x) && isShare(x.score) &&
  [x.seconds, x.rest].every((one) => isNumber(one) && one >= 0 && one <= 60);

const isAveragePrecision = (x) =>
  isObject(x) && isShare(x.ap) && isShare(x.ap50) && isCount(x.photos);

const isAccuracy = (x) => isObject(x) && isShare(x.top1) && isShare(x.top5) && isCount(x.n);

/** What a .json holds -> itself, if it is a record of this schema; `name` is the file's. */
export function checkRecord(content, name) {
  checkSchema(content, name);
  for (const [field, isSound] of Object.entries(FIELDS)) {
    if (isSound(content[field], content)) continue;
    throw new Problem(`${name} says of ${field} what no record says: ${short(content[field])}.`,
      "Export the model again: this is not what the exporter wrote.");
  }
  return content;
}

/** The manifest -> the names of records, each a file of the manifest's own folder. */
export function checkManifest(content, name) {
  checkSchema(content, name);
  const {models} = content;
  if (!Array.isArray(models) || !models.length) {
    throw new Problem("There is no model beside this page.", PREPARE);
  }
  return [...new Set(models)].map((one) => {
    // Nothing that leads out of the folder, or means something else in an address.
    if (isText(one) && /^[^/\\?#%:]+\.json$/.test(one) && !one.startsWith(".")) return one;
    throw new Problem(`${name} names no file of its folder: ${short(one)}.`, PREPARE);
  });
}

function checkSchema(content, name) {
  if (isObject(content) && content.schema === SCHEMA) return;
  const schema = isObject(content) ? short(content.schema) : "none";
  throw new Problem(`${name} has schema ${schema}, and this page reads ${SCHEMA}.`, PREPARE);
}

/** Why a browser cannot run what this record describes; "" if it can. As web_demo/models.py. */
export function unsuitable({recipe, operators, postprocess, preprocessing, sound, task = "classify"}) {
  if (!Object.hasOwn(TASKS, task)) return `the page does not know its task, ${task}`;
  if (sound?.streaming != null) return "whoever calls it has to keep its state";
  const [height, width] = preprocessing ? sides(preprocessing) : [1, 1];
  if (height !== width && fit(preprocessing) === "crop") {
    return `the page shows squares, and it takes ${width} x ${height} pixels`;
  }
  if (recipe.endsWith("_int8io")) return "LiteRT.js takes no int8 image";
  if (operators != null) return "LiteRT.js has no Ghost operator";
  if (postprocess != null) return "LiteRT.js has no operator that chooses among boxes";
  return "";
}

/** Any value in a few letters. */
function short(value) {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60)} …` : text;
}
