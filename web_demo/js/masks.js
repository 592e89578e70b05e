// What a segmenter says of every pixel: colours over the picture, and shares in words.

import {colour, css} from "./colours.js";
import {percent} from "./models.js";
import {sides} from "./preprocess.js";

const OPACITY = 140; // of 255: the picture is still seen
const LEAST = 0.005; // of the picture: what is told in words

const {fround} = Math;
const element = (id) => document.getElementById(id);

/**
 * The output [logits] -> {width, height, classes, found}: the class of every pixel as the network sees
 * the picture, (height * width) uint8, and [{label, name, share}], the largest first.
 */
export function read([logits], record) {
  const [height, width] = sides(record.preprocessing), n = record.labels.length;
  const {stride} = record.masks;
  const classes = answers(logits, [Math.ceil(height / stride), Math.ceil(width / stride)], [height, width], n);
  const counts = record.labels.map(() => 0);
  for (const label of classes) counts[label]++;
  const found = counts.map((count, label) =>
    ({label, name: record.labels[label], share: count / classes.length, tone: tone(record, label)}))
    .filter(({share}) => share >= LEAST).sort((a, b) => b.share - a.share);
  const colours = record.labels.map((_, label) => tone(record, label));
  return {width, height, classes, colours, found};
}

/** Of the record, if it has one for each class. */
function tone({masks, labels}, label) {
  return masks.colours.length === labels.length ? masks.colours[label] : colour(label);
}

/**
 * Logits (h, w, n) -> of each pixel of (height, width) the first of the largest, after bilinear
 * enlarging: `ghostnet_tf/tasks/segment/pixels.py` once more, in the same float32 steps.
 */
export function answers(logits, [h, w], [height, width], n) {
  const down = steps(h, height), across = steps(w, width);
  const classes = new Uint8Array(height * width);
  const row = new Float32Array(w * n);
  for (let y = 0; y < height; y++) {
    const one = down.first[y] * w * n, two = down.second[y] * w * n;
    for (let i = 0; i < row.length; i++) row[i] = between(logits[one + i], logits[two + i], down.share[y]);
    for (let x = 0; x < width; x++) {
      const left = across.first[x] * n, right = across.second[x] * n, share = across.share[x];
      let best = 0, most = -Infinity;
      for (let c = 0; c < n; c++) {
        const value = between(row[left + c], row[right + c], share);
        if (value > most) [best, most] = [c, value];
      }
      classes[y * width + x] = best;
    }
  }
  return classes;
}

const between = (a, b, share) => fround(a + fround(fround(b - a) * share));

/** Along an axis: for each new pixel the two old ones round its middle, and how far it is to the second. */
function steps(of, side) {
  const first = new Int32Array(side), second = new Int32Array(side), share = new Float32Array(side);
  for (let i = 0; i < side; i++) {
    const at = Math.min(Math.max((i + 0.5) * (of / side) - 0.5, 0), of - 1);
    first[i] = Math.floor(at);
    second[i] = Math.min(first[i] + 1, of - 1);
    share[i] = at - first[i];
  }
  return {first, second, share};
}

export function show({width, height, classes, colours, found}, {isMirrored, isLive}) {
  const canvas = element("frame").querySelector("canvas") ?? document.createElement("canvas");
  Object.assign(canvas, {width, height, className: isMirrored ? "mask mirrored" : "mask"});
  canvas.getContext("2d").putImageData(new ImageData(painted(classes, colours), width, height), 0, 0);
  element("frame").replaceChildren(canvas);
  const told = found.slice(0, 3).map(({name, share}) => `${name} ${percent(share)}`).join(", ");
  element("counts").textContent = told;
  element("found").querySelector("ol").replaceChildren(...found.map(row));
  element("caption").querySelector("b").textContent = told;
  if (!isLive) element("spoken").textContent = told;
}

export function clear() {
  element("frame").replaceChildren();
  element("found").querySelector("ol").replaceChildren();
  element("counts").textContent = "";
}

/** (n) of classes -> (n * 4) RGBA. */
export function painted(classes, colours) {
  const pixels = new Uint8ClampedArray(4 * classes.length);
  classes.forEach((label, i) => pixels.set([...colours[label], OPACITY], 4 * i));
  return pixels;
}

function row({name, share, tone: rgb}) {
  const line = document.createElement("li");
  line.innerHTML = "<i aria-hidden=true></i><b></b> <span class=share></span> <small>of the picture</small>";
  line.querySelector("i").style.background = css(rgb);
  line.querySelector("b").textContent = name;
  line.querySelector(".share").textContent = percent(share);
  return line;
}
