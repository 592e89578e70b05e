// How a photo becomes the model's input: ghostnet_tf/data/preprocess.py in JavaScript, bit for bit.
//
// An image is {width, height, data}: data is (height, width, 3) uint8 RGB, rows from the top.

import {resize} from "./resample.js";

/** The photo's centre, (size, size, 3): short side to size / crop, then a crop. */
export function pixels(photo, preprocessing) {
  const {resized, left, top} = geometry(photo.width, photo.height, preprocessing);
  const {size, resample} = preprocessing;
  return crop(resize(photo, resized.width, resized.height, resample), left, top, size);
}

/** Where the photo is resized to, and where the crop begins in that. */
export function geometry(width, height, {size, crop}) {
  const short = roundHalfEven(size / crop);
  const scale = Math.min(width, height);
  // torchvision's Resize: the short side exactly, the long side truncated.
  const resized = {
    width: Math.trunc((short * width) / scale),
    height: Math.trunc((short * height) / scale),
  };
  const left = roundHalfEven((resized.width - size) / 2);
  const top = roundHalfEven((resized.height - size) / 2);
  return {resized, left, top};
}

/** (256, 3) float32: the input for every value of a pixel, rounded once from float64. */
export function table({mean, std}) {
  const values = new Float32Array(256 * 3);
  for (let value = 0; value < 256; value++) {
    for (let c = 0; c < 3; c++) values[3 * value + c] = (value / 255 - mean[c]) / std[c];
  }
  return values;
}

/** (n, 3) uint8 RGB -> (n, 3) float32. */
export function normalise(rgb, values) {
  const normal = new Float32Array(rgb.length);
  for (let i = 0; i < rgb.length; i += 3) {
    for (let c = 0; c < 3; c++) normal[i + c] = values[3 * rgb[i + c] + c];
  }
  return normal;
}

function crop(image, left, top, size) {
  const data = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    const start = 3 * ((top + y) * image.width + left);
    data.set(image.data.subarray(start, start + 3 * size), 3 * size * y);
  }
  return {width: size, height: size, data};
}

/** Python's round: a half goes to the even neighbour, where Math.round goes up. */
function roundHalfEven(x) {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}
