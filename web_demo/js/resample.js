// Pillow's antialiased resize of 8-bit images, in the integers that Pillow computes in.

// name -> how far the filter reaches, and its value at a distance, both in pixels of the result
const FILTERS = {
  bilinear: {reach: 1, at: (x) => Math.max(0, 1 - Math.abs(x))},
  bicubic: {reach: 2, at: cubic},
};
const BITS = 22; // of a weight's fraction: 32, less 8 of a pixel and 2 for overshoot

/**
 * (height, width, 3) uint8 -> (newHeight, newWidth, 3) uint8. Rows first, then columns; the other way
 * where the height loses more than twice what the width does, as Pillow has it since version 13.
 */
export function resize(image, newWidth, newHeight, filter) {
  const lost = image.height - newHeight;
  const isTall = lost > 0 && lost > 2 * (image.width - newWidth);
  const widened = (one) => acrossTo(newWidth, one, filter);
  const heightened = (one) => downTo(newHeight, one, filter);
  return isTall ? widened(heightened(image)) : heightened(widened(image));
}

function acrossTo(newWidth, {width, height, data}, filter) {
  if (width === newWidth) return {width, height, data};
  const result = new Uint8Array(height * newWidth * 3);
  resample(data, result, weights(width, newWidth, filter), height, 3, 3 * width, 3 * newWidth);
  return {width: newWidth, height, data: result};
}

function downTo(newHeight, {width, height, data}, filter) {
  if (height === newHeight) return {width, height, data};
  const result = new Uint8Array(newHeight * width * 3);
  resample(data, result, weights(height, newHeight, filter), width, 3 * width, 3, 3);
  return {width, height: newHeight, data: result};
}

/**
 * Along one axis. `step` is the distance of two neighbours on that axis, in the source as in the
 * target; a line begins every `lineIn` bytes in the source, every `lineOut` in the target.
 */
function resample(source, target, {first, count, fixed, width}, lines, step, lineIn, lineOut) {
  const half = 1 << (BITS - 1);
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < first.length; i++) {
      const n = count[i];
      let from = line * lineIn + first[i] * step;
      let r = half, g = half, b = half;
      for (let k = i * width; k < i * width + n; k++, from += step) {
        r += source[from] * fixed[k];
        g += source[from + 1] * fixed[k];
        b += source[from + 2] * fixed[k];
      }
      const to = line * lineOut + i * step;
      target[to] = clip(r >> BITS);
      target[to + 1] = clip(g >> BITS);
      target[to + 2] = clip(b >> BITS);
    }
  }
}

/** For every new pixel of an axis: its first old one, how many, and their weights as integers. */
function weights(size, newSize, filter) {
  const {reach, at} = FILTERS[filter];
  const scale = size / newSize;
  const stretch = Math.max(scale, 1); // a smaller image averages, a larger one interpolates
  const support = reach * stretch;
  const width = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(newSize), count = new Int32Array(newSize);
  const fixed = new Int32Array(newSize * width);
  for (let i = 0; i < newSize; i++) {
    const centre = (i + 0.5) * scale;
    const begin = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(size, Math.trunc(centre + support + 0.5));
    const real = [];
    for (let x = begin; x < end; x++) real.push(at((x - centre + 0.5) * (1 / stretch)));
    const sum = real.reduce((a, b) => a + b, 0);
    real.forEach((w, k) => (fixed[i * width + k] = halfAway((w / sum) * 2 ** BITS)));
    first[i] = begin;
    count[i] = real.length;
  }
  return {first, count, fixed, width};
}

/** Keys' cubic with a = -1/2, which is Pillow's. */
function cubic(distance) {
  const x = Math.abs(distance), a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

/** To the nearest integer; a half goes away from 0, where Math.round goes up. */
const halfAway = (x) => Math.trunc(x < 0 ? x - 0.5 : x + 0.5);

const clip = (value) => (value < 0 ? 0 : value > 255 ? 255 : value);
