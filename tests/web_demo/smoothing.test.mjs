// Which words are announced, against what Python announces: the fixtures are those of the app.

import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {test} from "node:test";

import * as smoothing from "../../web_demo/js/smoothing.js";

const ROOT = new URL("../../", import.meta.url);
const FIXTURES = new URL("android_demo/core/src/test/resources/goldens.json", ROOT);
const CASES = JSON.parse(readFileSync(FIXTURES)).smoothing;

const doubles = (base64) => new Float64Array(Uint8Array.from(Buffer.from(base64, "base64")).buffer);
const base64 = (values) => Buffer.from(Float64Array.from(values).buffer).toString("base64");

/** The numbers of the fixtures that this module does not reproduce. */
function failures({Smoothing}) {
  return CASES.flatMap((one, number) => {
    const n = one.labels.length, all = doubles(one.probabilities);
    const smoother = new Smoothing(one.labels, one);
    const means = [], announced = [];
    doubles(one.times).forEach((t, i) => {
      announced.push(smoother.heard(all.subarray(n * i, n * i + n), t) ?? -1);
      means.push(...smoother.means);
    });
    const is = announced.join() === one.announced.join() && base64(means) === one.means;
    return is ? [] : [number];
  });
}

test("words are announced as Python announces them, and means are its means, bit for bit", () => {
  assert.ok(CASES.length >= 5);
  assert.ok(CASES.some(({announced}) => announced.some((word) => word > 0)));
  assert.deepEqual(failures(smoothing), []);
});

// bug -> what stands there, what stands there with the bug
const PLANTED = {
  "an answer that is kept too long": ["t <= t - this.seconds", "t < t - this.seconds"],
  "the newest first": ["push({t, answer: Array.from(answer)})", "unshift({t, answer: Array.from(answer)})"],
  "a score that is just reached": [">= this.score", "> this.score"],
  "a rest that is just over": ["< this.rest", "<= this.rest"],
  "silence that is announced": ["&& !NO_WORDS.includes(this.labels[top])", ""],
  "no rest": ["|| t - this.#last < this.rest", ""],
};

for (const [bug, [there, instead]] of Object.entries(PLANTED)) {
  test(`the fixtures catch ${bug}`, async () => {
    const source = readFileSync(new URL("web_demo/js/smoothing.js", ROOT), "utf8");
    assert.equal(source.split(there).length, 2);
    const planted = source.replace(there, instead);
    const module = await import(`data:text/javascript,${encodeURIComponent(planted)}`);
    assert.notDeepEqual(failures(module), []);
  });
}

test("an answer that is no number is none", () => {
  const one = new smoothing.Smoothing(["yes", "no"]);
  assert.equal(one.heard([NaN, 1], 0.1), null);
  assert.deepEqual(one.means, [0, 0]);
  assert.equal(one.heard([0, 1], 0.2), 1);
});

test("where a record says nothing, half a second, 0.6 and a second of rest hold", () => {
  const {seconds, score, rest} = new smoothing.Smoothing(["yes", "no"], {score: 0.5});
  assert.deepEqual([seconds, score, rest], [0.5, 0.5, 1]);
  const {score: usual} = new smoothing.Smoothing(["yes", "no"], undefined);
  assert.equal(usual, 0.6);
});
