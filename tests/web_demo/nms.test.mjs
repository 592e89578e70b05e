// What is kept of boxes, against what Python keeps of them: the fixtures are those of the app.

import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {test} from "node:test";

import * as nms from "../../web_demo/js/nms.js";

const ROOT = new URL("../../", import.meta.url);
const FIXTURES = new URL("android_demo/core/src/test/resources/goldens.json", ROOT);
const CASES = JSON.parse(readFileSync(FIXTURES)).nms;

const floats = (base64) => new Float32Array(Uint8Array.from(Buffer.from(base64, "base64")).buffer);
const base64 = (values) => Buffer.from(Float32Array.from(values).buffer).toString("base64");

/** The numbers of the fixtures that this module does not reproduce. */
function failures({keep, overlap}) {
  return CASES.flatMap((one, number) => {
    const [corners, scores] = [floats(one.corners), floats(one.scores)];
    const n = corners.length / 4;
    const kept = keep(corners, scores, one);
    const overlaps = Array.from({length: n}, (_, i) => overlap(corners, i, (i + 1) % n));
    const is = base64(kept.map(({score}) => score)) === one.kept_scores &&
      base64(kept.flatMap(({box}) => [...corners.subarray(4 * box, 4 * box + 4)])) === one.kept &&
      kept.map(({label}) => label).join() === one.kept_classes.join() &&
      base64(overlaps) === one.overlaps;
    return is ? [] : [number];
  });
}

test("what is kept of boxes is what Python keeps, bit for bit", () => {
  assert.ok(CASES.length >= 7);
  assert.deepEqual(failures(nms), []);
});

// bug -> what stands there, what stands there with the bug
const PLANTED = {
  "a product in double precision": ["fround(width * height)", "width * height"],
  "areas in double precision": ["fround(fround(x2 - x1) * fround(y2 - y1))", "(x2 - x1) * (y2 - y1)"],
  "equal scores the other way": ["|| a - b", "|| b - a"],
  "every class against every other": ["other.label === one.label && ", ""],
  "an overlap that is just allowed": ["> limit", ">= limit"],
  "x and y swapped": ["const [ax1, ay1, ax2, ay2]", "const [ay1, ax1, ax2, ay2]"],
  "one box too many": ["kept.length >= most", "kept.length > most"],
};

for (const [bug, [there, instead]] of Object.entries(PLANTED)) {
  test(`the fixtures catch ${bug}`, async () => {
    const source = readFileSync(new URL("web_demo/js/nms.js", ROOT), "utf8");
    assert.equal(source.split(there).length, 2);
    const planted = source.replace(there, instead);
    const module = await import(`data:text/javascript,${encodeURIComponent(planted)}`);
    assert.notDeepEqual(failures(module), []);
  });
}

test("a score that is no number is none", () => {
  const corners = Float32Array.of(0, 0, 1, 1, 0, 0, 1, 1);
  const kept = nms.keep(corners, Float32Array.of(NaN, 0.5), {iou: 0.6, score: 0.05, most: 10});
  assert.deepEqual(kept, [{box: 1, label: 0, score: 0.5}]);
});
