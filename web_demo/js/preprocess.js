// How a photo becomes the model's input: ghostnet_tf/data/preprocess.py in JavaScript, bit for bit.
//
// An image is {width, height, data}: data is (height, width, 3) uint8 RGB, rows from the top. Of a
// grey input, in the record one of 1 channel, `pixels` gives (height, width, 1).

import {resize} from "./resample.js";

/** [height, width] of the input: a record has one number for a square one. */
export const sides = ({size}) => (Array.isArray(size) ? size : [size, size]);

/** 3, or 1 for grey; RGB goes without saying. */
export const channels = (preprocessing) => preprocessing.channels ?? 3;

/** "crop": the photo's middle, undistorted, which goes without saying; "stretch": all of it. */
export const fit = (preprocessing) => preprocessing.fit ?? "crop";

/**
 * The photo's centre, (height, width, channels): as small as covers sides / crop, then a crop.
 * Stretched, it becomes exactly sides / crop before that.
 */
export function pixels(photo, preprocessing) {
  const {resized, left, top} = geometry(photo.width, photo.height, preprocessing);
  const isGrey = channels(preprocessing) === 1;
  const coloured = isGrey ? inGrey(photo) : photo;
  const whole = resize(coloured, resized.width, resized.height, preprocessing.resample);
  const image = crop(whole, left, top, sides(preprocessing));
  return isGrey ? {...image, data: image.data.filter((_, i) => i % 3 === 0)} : image;
}

/** Where the photo is resized to, and where the crop begins in that. */
export function geometry(width, height, preprocessing) {
  const [high, wide] = sides(preprocessing), {crop} = preprocessing;
  const tall = roundHalfEven(high / crop), broad = roundHalfEven(wide / crop);
  // As torchvision's Resize, of a square: one side exactly, the other truncated.
  const covering = tall * width >= broad * height
    ? {width: Math.trunc((tall * width) / height), height: tall}
    : {width: broad, height: Math.trunc((broad * height) / width)};
  const isStretched = fit(preprocessing) === "stretch";
  const resized = isStretched ? {width: broad, height: tall} : covering;
  const left = roundHalfEven((resized.width - wide) / 2);
  const top = roundHalfEven((resized.height - high) / 2);
  return {resized, left, top};
}

/** (256, channels) float32: the input for every value of a pixel, rounded once from float64. */
export function table({mean, std}) {
  const n = mean.length;
  const values = new Float32Array(256 * n);
  for (let value = 0; value < 256; value++) {
    for (let c = 0; c < n; c++) values[n * value + c] = (value / 255 - mean[c]) / std[c];
  }
  return values;
}

/** (n, channels) uint8 -> (n, channels) float32. */
export function normalise(data, values) {
  const n = values.length / 256;
  const normal = new Float32Array(data.length);
  for (let i = 0; i < data.length; i += n) {
    for (let c = 0; c < n; c++) normal[i + c] = values[n * data[i + c] + c];
  }
  return normal;
}

/** Its luma of ITU-R 601 in all three channels, in Pillow's steps of 1/65536, half up. */
function inGrey({width, height, data}) {
  const grey = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const luma = (data[i] * 19595 + data[i + 1] * 38470 + data[i + 2] * 7471 + 0x8000) >> 16;
    grey.fill(luma, i, i + 3);
  }
  return {width, height, data: grey};
}

function crop(image, left, top, [height, width]) {
  const data = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y++) {
    const start = 3 * ((top + y) * image.width + left);
    data.set(image.data.subarray(start, start + 3 * width), 3 * width * y);
  }
  return {width, height, data};
}

/** Python's round: a half goes to the even neighbour, where Math.round goes up. */
function roundHalfEven(x) {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}
