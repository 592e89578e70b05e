// Encoded photos and video frames -> RGB. Decoding is the browser's; all that follows is ours.

import {Problem} from "./problem.js";

const MAX_ASPECT = 50; // as ghostnet_tf/data/photos.py: thinner ones are no photos
const MAX_PIXELS = 100e6; // a larger one would fill a phone's memory
const STRIP_PIXELS = 4e6; // phones refuse a canvas of more than 16 million
const FORMATS = "Use a JPEG, PNG or WebP photo.";

/** A file -> {width, height, data}, upright and on white paper. */
export async function readPhoto(file) {
  let bitmap;
  try {
    // Pillow leaves colour profiles alone, and so must the browser.
    bitmap = await createImageBitmap(file, {colorSpaceConversion: "none"});
  } catch (error) {
    throw new Problem(`“${file.name || "This file"}” cannot be read as a photo.`, FORMATS, error);
  }
  try {
    const {width, height} = bitmap;
    const isThin = Math.max(width, height) > MAX_ASPECT * Math.min(width, height);
    if (isThin || width * height > MAX_PIXELS) {
      throw new Problem(`“${file.name}” is ${width} × ${height} pixels: no photo is that ` +
        `${isThin ? "thin" : "large"}.`, FORMATS);
    }
    return readRgb(bitmap, width, height);
  } finally {
    bitmap.close();
  }
}

/** A bitmap or a video's frame -> {width, height, data}; data is (height, width, 3) uint8. */
export function readRgb(source, width, height) {
  const rows = Math.min(height, Math.max(1, Math.floor(STRIP_PIXELS / width)));
  const canvas = new OffscreenCanvas(width, rows);
  const context = canvas.getContext("2d", {willReadFrequently: true});
  const data = new Uint8Array(width * height * 3);
  for (let top = 0; top < height; top += rows) {
    const n = Math.min(rows, height - top);
    context.fillStyle = "white";
    context.fillRect(0, 0, width, n);
    context.drawImage(source, 0, top, width, n, 0, 0, width, n);
    withoutAlpha(context.getImageData(0, 0, width, n).data, data, 3 * width * top);
  }
  return {width, height, data};
}

function withoutAlpha(rgba, rgb, to) {
  for (let from = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = rgba[from];
    rgb[to + 1] = rgba[from + 1];
    rgb[to + 2] = rgba[from + 2];
  }
}
