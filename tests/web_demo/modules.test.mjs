// The page's arithmetic against goldens that Python wrote: no browser is needed.
// GOLDENS names their folder.

import assert from "node:assert/strict";
import {webcrypto} from "node:crypto";
import {readFileSync} from "node:fs";
import {join} from "node:path";
import {test} from "node:test";

import {SURE_FROM, best, isSure, softmax} from "../../web_demo/js/answers.js";
import * as boxes from "../../web_demo/js/boxes.js";
import {colour} from "../../web_demo/js/colours.js";
import {sha256} from "../../web_demo/js/hash.js";
import {EFFORTS, clockStep, median, orders, p90, visit} from "../../web_demo/js/latency.js";
import * as masks from "../../web_demo/js/masks.js";
import {plainName} from "../../web_demo/js/names.js";
import * as preprocess from "../../web_demo/js/preprocess.js";
import {checkManifest, checkRecord, unsuitable} from "../../web_demo/js/record.js";

const GOLDENS = process.env.GOLDENS;
const JS = new URL("../../web_demo/js/", import.meta.url);
const read = (...path) => readFileSync(join(GOLDENS, ...path));
const readJson = (...path) => JSON.parse(read(...path));

const CASES = readJson("preprocess", "cases.json").map((one) => ({
  ...one,
  photo: {width: one.width, height: one.height, data: read("preprocess", one.photo)},
  pixels: read("preprocess", one.pixels),
  input: read("preprocess", one.input),
}));

/** The names of the goldens that this preprocessing does not reproduce. */
function failures({geometry, pixels, normalise, table}) {
  return CASES.filter((one) => {
    const {resized, left, top} = geometry(one.width, one.height, one.preprocessing);
    const image = pixels(one.photo, one.preprocessing);
    const input = normalise(image.data, table(one.preprocessing));
    return `${resized.width} ${resized.height} ${left} ${top}` !==
        [...one.resized, ...one.crop].join(" ") ||
      Buffer.compare(one.pixels, image.data) ||
      Buffer.compare(one.input, Buffer.from(input.buffer));
  }).map((one) => one.name);
}

test("preprocessing is Python's, bit for bit, on every golden", () => {
  assert.ok(CASES.length >= 9);
  assert.ok(CASES.some((one) => one.width % 2 && one.height % 2));
  assert.deepEqual(failures(preprocess), []);
});

// bug -> file, what stands there, what stands there with the bug
const PLANTED = {
  "BGR": ["preprocess.js", "normal[i + c] = values", "normal[i + 2 - c] = values"],
  "pixels rounded down": ["resample.js", "const half = 1 << (BITS - 1)", "const half = 0"],
  "weights cut off": ["resample.js", "x < 0 ? x - 0.5 : x + 0.5", "x"],
  "a half rounded up": ["preprocess.js", "below % 2 === 0 ? below : below + 1", "below + 1"],
  "the long side rounded": ["preprocess.js",
    "height: Math.trunc((broad * height) / width)", "height: Math.round((broad * height) / width)"],
  "sides swapped": ["preprocess.js", "[high, wide] = sides", "[wide, high] = sides"],
  "rows first in a tall photo": ["resample.js", "lost > 0 && lost >", "lost < 0 && lost >"],
  "a stretched photo cropped": ["preprocess.js", '=== "stretch"', '=== "strech"'],
  "grey from one channel": ["preprocess.js", "grey.fill(luma, i, i + 3)",
    "grey.fill(data[i + 1], i, i + 3)"],
  "no antialiasing": ["resample.js", "Math.max(scale, 1)", "1"],
  "another cubic": ["resample.js", "a = -0.5", "a = -0.75"],
  "half a pixel off": ["resample.js", "(i + 0.5) * scale", "i * scale"],
  "overshoot wraps around": ["resample.js", "value < 0 ? 0 : value > 255 ? 255 : value", "value"],
  "mean forgotten": ["preprocess.js", "value / 255 - mean[c]", "value / 255"],
  "std of another channel": ["preprocess.js", "/ std[c]", "/ std[0]"],
};

test("without a planted bug they catch nothing", async () => {
  const unchanged = await planted("resample.js", "BITS = 22", "BITS = 22");
  assert.deepEqual(failures(unchanged), []);
});

for (const [bug, change] of Object.entries(PLANTED)) {
  test(`the goldens catch: ${bug}`, async () => {
    assert.notEqual(failures(await planted(...change)).length, 0);
  });
}

/** preprocess.js with a change to it, or to the resample.js that it imports. */
async function planted(file, healthy, broken) {
  const sources = {};
  for (const name of ["preprocess.js", "resample.js"]) {
    sources[name] = readFileSync(new URL(name, JS), "utf8");
  }
  assert.equal(sources[file].split(healthy).length, 2, `${file} has ${healthy} once`);
  sources[file] = sources[file].replace(healthy, () => broken);
  const resample = moduleOf(sources["resample.js"]);
  return import(moduleOf(sources["preprocess.js"].replace("./resample.js", resample)));
}

const moduleOf = (source) =>
  `data:text/javascript;base64,${Buffer.from(source).toString("base64")}`;

test("median and p90 are the benchmark's", () => {
  const cases = readJson("statistics.json");
  assert.ok(cases.length > 3);
  for (const {samples, median_ms, p90_ms} of cases) {
    assert.ok(Math.abs(median(samples) - median_ms) < 1e-12 * median_ms);
    assert.ok(Math.abs(p90(samples) - p90_ms) < 1e-12 * p90_ms);
  }
});

test("efforts are the benchmark's", () => {
  assert.deepEqual(EFFORTS, readJson("efforts.json"));
});

test("every second round is the one before it backwards", () => {
  const rounds = orders(3, 10);
  assert.equal(rounds.length, 10);
  for (const round of rounds) assert.deepEqual([...round].sort(), [0, 1, 2]);
  for (let i = 1; i < 10; i += 2) assert.deepEqual(rounds[i], [...rounds[i - 1]].reverse());
});

test("a visit runs until both its runs and its seconds are reached", async () => {
  let rests = 0, ms = 4;
  const settings = {warmup_runs: 3, min_runs: 20, min_seconds: 0.1};
  const short = await visit(async () => ms, settings, async () => rests++);
  assert.deepEqual([short.warmup_ms.length, short.latency_ms.length, rests], [3, 25, 25]);
  ms = 50;
  assert.equal((await visit(async () => ms, settings, async () => {})).latency_ms.length, 20);
});

test("the step of a coarse clock is seen", () => {
  let calls = 0;
  assert.equal(clockStep(() => Math.floor(calls++ / 7) * 0.1), 100_000);
});

test("answers are in the order of their scores, and the first of two equals comes first", () => {
  const record = {ops: {}, labels: ["a", "b", "c", "d"], label_ids: ["1", "2", "3", "4"]};
  const answers = best(Float32Array.of(1, 3, 3, 2), record, 3);
  assert.deepEqual(answers.map((answer) => answer.name), ["b", "c", "d"]);
});

test("large scores have probabilities, and a softmax of the network's own is left alone", () => {
  assert.deepEqual(softmax(Float32Array.of(1000, 1000)), [0.5, 0.5]);
  const record = {ops: {SOFTMAX: 1}, labels: ["a", "b"], label_ids: ["1", "2"]};
  assert.equal(best(Float32Array.of(0.25, 0.75), record, 1)[0].probability, 0.75);
});

test("what the outputs are is as the record says, whatever else is in the network", () => {
  const record = (scores, ...labels) => ({scores, ops: {SOFTMAX: 2}, labels, label_ids: labels});
  const shares = (outputs, of) =>
    best(Float32Array.from(outputs), of).map(({name, probability}) => [name, probability]);

  const several = shares([0.25, 0.875, 0.5], record("sigmoid", "a", "b", "c"));
  assert.deepEqual(several, [["b", 0.875], ["c", 0.5], ["a", 0.25]]);
  assert.deepEqual(shares([0.25], record("sigmoid", "no", "yes")), [["no", 0.75], ["yes", 0.25]]);
  assert.deepEqual(shares([0], record("logits", "no", "yes")), [["no", 0.5], ["yes", 0.5]]);
  const [[first, sure], [second, left]] = shares([2], record("logits", "no", "yes"));
  assert.deepEqual([first, second], ["yes", "no"]);
  assert.ok(Math.abs(sure - 1 / (1 + Math.exp(-2))) < 1e-12 && Math.abs(sure + left - 1) < 1e-12);
  assert.deepEqual(shares([0.25], record("sigmoid", "there")), [["there", 0.25]]);
  assert.deepEqual(shares([0], record("logits", "there")), [["there", 0.5]]);
  assert.deepEqual(shares([1, 1], record("logits", "a", "b")), [["a", 0.5], ["b", 0.5]]);
});

test("SHA-256 is the same with and without crypto.subtle", async () => {
  const bytes = new TextEncoder().encode("ghost".repeat(1000));
  globalThis.crypto ??= webcrypto; // which Node 18 does not have by this name
  const fast = await sha256(bytes);
  const own = Object.getOwnPropertyDescriptor(globalThis, "crypto");
  Object.defineProperty(globalThis, "crypto", {value: {}, configurable: true});
  try {
    assert.equal(await sha256(bytes), fast);
  } finally {
    Object.defineProperty(globalThis, "crypto", own);
  }
  const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  assert.equal(await sha256(new Uint8Array()), empty);
});

test("people read names that they know, and what is unknown stays as it is", () => {
  const name = (model, recipe) => plainName({model, recipe});
  assert.equal(name("ghostnet_050", "static_wi8_ai8"), "GhostNet 0.5, int8");
  assert.equal(name("ghostnet_100", "float32"), "GhostNet 1.0, float32");
  assert.equal(name("ghostnet_130", "float16"), "GhostNet 1.3, float16 weights");
  assert.equal(name("mobilenetv3_large_035_delegable", "static_wi8_ai8"),
    "MobileNetV3 Large 0.35, int8");
  assert.equal(name("mobilenetv2_100", "dynamic_wi8_afp32"), "MobileNetV2 1.0, dynamic int8");
  assert.equal(name("ghost_vgg16_s2_d3", "float32"), "Ghost-VGG-16, float32");
  assert.equal(name("my_net", "constructor"), "my_net, constructor");
  assert.equal(name("ghostnet_050_det", "static_wi8_ai8"), "GhostNet 0.5 detector, int8");
  assert.equal(name("ghost_kws_050", "float32"), "Ghost-KWS 0.5, float32");
  assert.equal(name("ghostnet_100_seg", "float16"), "GhostNet 1.0 segmenter, float16 weights");
  assert.equal(name("my_det", "float32"), "my_det, float32");
});

test("colours of classes are Python's, and what is sure of a box is, too", () => {
  const colours = readJson("colours.json");
  assert.equal(colours.length, 300);
  assert.deepEqual(colours.map((_, label) => colour(label)), colours);
  assert.equal(boxes.SURE, readJson("found.json").sure);
});

const MASKS = readJson("masks.json");
const unlike = ({answers}) => MASKS.filter((one) => {
  const found = answers(Float32Array.from(one.logits), one.from, one.size, one.classes);
  return found.join() !== one.answers.join();
}).length;

test("the class of every pixel is Python's", () => {
  assert.ok(MASKS.length >= 6 && MASKS.some(({from, size}) => from.join() === size.join()));
  assert.equal(unlike(masks), 0);
});

const PLANTED_IN_MASKS = {
  "corners for middles": ["(i + 0.5) * (of / side) - 0.5", "i * (of - 1) / Math.max(side - 1, 1)"],
  "the last of two equals": ["value > most", "value >= most"],
  "sides swapped": ["steps(h, height), across = steps(w, width)", "steps(w, height), across = steps(h, width)"],
  "the nearest pixel": ["share[i] = at - first[i]", "share[i] = Math.round(at - first[i])"],
};
for (const [bug, [healthy, broken]] of Object.entries(PLANTED_IN_MASKS)) {
  test(`the masks catch: ${bug}`, async () => {
    const source = readFileSync(new URL("masks.js", JS), "utf8");
    assert.equal(source.split(healthy).length, 2);
    const whole = source.replace(healthy, () => broken).replaceAll('from "./', `from "${JS}`);
    assert.ok(unlike(await import(moduleOf(whole))) > 0);
  });
}

test("of an outlined picture shares are told, and colours are the record's or the palette's", () => {
  const record = {labels: ["road", "sky"], preprocessing: {size: [2, 4]},
    masks: {stride: 2, colours: [[1, 2, 3], [4, 5, 6]]}};
  const {width, height, classes, colours, found} = masks.read([Float32Array.of(0, 1, 1, 0)], record);
  assert.deepEqual([width, height, [...classes].join("")], [4, 2, "11001100"]);
  assert.deepEqual(found.map(({name, share}) => [name, share]), [["road", 0.5], ["sky", 0.5]]);
  assert.deepEqual(colours, [[1, 2, 3], [4, 5, 6]]);
  assert.deepEqual([...masks.painted([1], colours)].slice(0, 3), [4, 5, 6]);
  const plain = masks.read([Float32Array.of(0, 1, 1, 0)], {...record, masks: {stride: 2, colours: []}});
  assert.deepEqual(plain.colours, [colour(0), colour(1)]);
});

test("of boxes those are shown that are sure, cut off at the picture, and told in words", () => {
  const corners = Float32Array.of(-0.5, 0, 0.25, 0.25, 0.5, 0.5, 1, 1.5, 0.4, 0.4, 0.6, 0.6);
  const scores = Float32Array.of(0.5, 0.25, 0.125, 0.875, 0.75, 0.25);
  const record = {labels: ["cat", "dog"], boxes: {iou: 0.5, score: 0.125, most: 2}};
  const found = boxes.read([corners, scores], record);
  assert.deepEqual(found, [{label: 1, score: 0.875, name: "dog", box: [0.5, 0.5, 1, 1]},
    {label: 0, score: 0.75, name: "cat", box: found[1].box}]);
  assert.deepEqual(found.map(({box}) => boxes.place(box)), ["bottom right", "middle"]);
  const all = boxes.read([corners, scores], {labels: ["cat", "dog"]}); // an older record
  assert.deepEqual(all.map(({box}) => boxes.place(box)), ["bottom right", "middle", "top left"]);
  assert.deepEqual(all[2].box, [0, 0, 0.25, 0.25]);
  assert.equal(boxes.counted(all), "2 cat, 1 dog");
});

test("an answer is sure from its threshold on", () => {
  assert.ok(isSure([{probability: SURE_FROM}]));
  assert.ok(!isSure([{probability: SURE_FROM - 1e-9}, {probability: 0.1}]));
  const app = "../../android_demo/core/src/main/kotlin/ghostnet/core/AnswerBoard.kt";
  const ofApp = readFileSync(new URL(app, JS), "utf8").match(/SURE_FROM = (\S+)/)[1];
  assert.equal(Number(ofApp), SURE_FROM);
});

const RECORDS = readJson("records.json"); // of our own command
const changed = (path, value) => {
  const record = structuredClone(RECORDS[0]);
  const keys = path.split(".");
  const last = keys.pop();
  keys.reduce((at, key) => at[key], record)[last] = value;
  return record;
};

test("records that our own command wrote are read as they are", () => {
  assert.ok(RECORDS.length >= 3 && RECORDS.some(({task}) => task === "detect"));
  const heard = RECORDS.find(({task}) => task === "keywords");
  const streaming = {...heard, sound: {...heard.sound, streaming: {hop: 160, states: {}}}};
  assert.match(unsuitable(checkRecord(streaming, "x.json")), /has to keep its state/);
  const found = RECORDS.find(({task}) => task === "detect");
  assert.match(unsuitable(checkRecord({...found, postprocess: {}}, "x.json")), /no operator that chooses/);
  const smoothed = {...heard, sound: {...heard.sound, smoothing: {seconds: 1, score: 0.5, rest: 2}}};
  assert.equal(unsuitable(checkRecord(smoothed, "x.json")), "");
  for (const record of RECORDS) {
    assert.equal(checkRecord(record, "x.json"), record);
    assert.equal(unsuitable(record), "");
  }
  const grey = changed("preprocessing.channels", 1);
  Object.assign(grey.preprocessing, {mean: [0.5], std: [0.25], size: [96, 96]});
  assert.equal(unsuitable(checkRecord(grey, "x.json")), "");
  const unknown = checkRecord(changed("task", "translate"), "x.json");
  assert.equal(unsuitable(unknown), "the page does not know its task, translate");
  const oblong = checkRecord(changed("preprocessing.size", [48, 96]), "x.json");
  assert.equal(unsuitable(oblong), "the page shows squares, and it takes 96 x 48 pixels");
  for (const [key, value] of [["scores", undefined], ["accuracy", null], ["others", {a: 1}]]) {
    checkRecord(changed(key, value), "x.json");
  }
});

// field -> values that no record has there
const HOSTILE = {
  schema: [undefined, null, "1", 2, 1e308, [1]],
  model: [undefined, null, 3, {}, ["a"], "", "x".repeat(501)],
  recipe: [undefined, {}, 0, true],
  weights: [null, 7],
  weights_sha256: ["", "g".repeat(64), null, "a".repeat(63), 1e64],
  sha256: [undefined, "a".repeat(65), {}, ["a".repeat(64)], "A".repeat(64)],
  size_bytes: [-1, 1.5, 1e300, "12", null, NaN],
  parameters: [undefined, -1, Infinity, "many", {}],
  preprocessing: [undefined, null, [], "96", 5],
  "preprocessing.size": [0, -96, 96.5, 1e9, "96", null, [96], [96, 0], [96, "96"], [9, 9, 9]],
  "preprocessing.channels": [0, 1, 2, 4, "3", null],
  "preprocessing.crop": [0, -1, 1.1, "all", null, 1e-300, NaN],
  "preprocessing.resample": ["nearest", "constructor", "__proto__", null, {}, 3],
  "preprocessing.mean": [null, 0.5, [0.5, 0.5], [0, 0, "0"], [0, 0, 1e300], [0, 0, 0, 0], {length: 3}],
  "preprocessing.std": [null, [1, 1, 0], [1, 1, 1e-300], [1, 1], [1, 1, NaN], [-1, 1, 1]],
  "preprocessing.fit": [null, "squeeze", true, ["stretch"]],
  task: [null, "", 3, ["detect"], {}, "keywords", "segment"], // without sound, or masks
  masks: [[], "many", {}, {stride: 0, colours: []}, {stride: 8, colours: [[1, 2]]},
    {stride: 8, colours: [[1, 2, 256]]}, {stride: 8, colours: {length: 3}}, {stride: 1e9, colours: []}],
  sound: [[], 8000, {}, {rate: 8000}, {rate: 8000, length: 1e9}, {rate: "8000", length: 8000},
    {rate: 1, length: 8000}, ...[3, {}, {seconds: -1, score: 0.6, rest: 1}, {seconds: 1, score: 6, rest: 1}]
      .map((smoothing) => ({rate: 8000, length: 8000, smoothing}))],
  boxes: [[], "many", 0.5, {}, {iou: 2, score: 0.05, most: 9}, {iou: 0.6, score: "0", most: 9},
    {iou: 0.6, score: 0.05, most: -1}, {iou: 0.6, score: 0.05, most: 1e300}],
  labels: [undefined, null, [], "abc", {length: 200}, [1, 2], [null], ["a".repeat(501)]],
  "labels.7": [null, 7, {}, ["goose"]],
  label_ids: [undefined, [], ["a"], {length: 200}, "ids"],
  scores: [null, "odds", 3, ["logits"]],
  ops: [undefined, null, [], "many", {CONV_2D: "x"}, {CONV_2D: -1}],
  average_precision: [0.5, [], {}, {ap: 0.5, ap50: 2, photos: 1}, {ap: "0", ap50: 1, photos: 1},
    {ap: 0.1, ap50: 0.2, photos: 1.5}],
  accuracy: [0.5, "often", [], {}, {top1: 2, top5: 0.5, n: 1}, {top1: "0", top5: 1, n: 1},
    {top1: 0.1, top5: 0.2, n: 1e300}],
};

for (const [field, values] of Object.entries(HOSTILE)) {
  test(`a record with another ${field} is refused in words`, () => {
    for (const value of values) {
      assert.throws(() => checkRecord(changed(field, value), "x.json"), (error) =>
        error.constructor.name === "Problem" && error.fix &&
        error.message.startsWith("x.json ") && error.message.length < 200);
    }
  });
}

test("what is no object at all is no record", () => {
  for (const content of [null, undefined, 3, "text", [], [RECORDS[0]], true]) {
    assert.throws(() => checkRecord(content, "x.json"), {name: "Error", message: /has schema/});
  }
});

test("a manifest names files of its own folder and nothing else", () => {
  const check = (...models) => checkManifest({schema: 1, models}, "manifest.json");
  assert.deepEqual(check("a.json", "b c.json", "a.json"), ["a.json", "b c.json"]);
  for (const name of ["../a.json", "/a.json", "//host/a.json", "https://host/a.json", "a.json?b.json",
    "a\\b.json", "a", ".json", ".a.json", "a.tflite", "%2e%2e.json", "data:a.json", "", null, 3, {}]) {
    assert.throws(() => check(name), /names no file of its folder/, String(name));
  }
  for (const models of [undefined, null, {}, "a.json", 3, []]) {
    assert.throws(() => checkManifest({schema: 1, models}, "manifest.json"), /no model beside/);
  }
});
