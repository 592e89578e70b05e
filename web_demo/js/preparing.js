// The worker that decodes and prepares pictures, so that the page does not stand still meanwhile.
//
// In: {id, file} | {id, frame, preprocessing} | {id, preprocessing}, of the last file.
// Out: {id, result: {width, height} | input} or {id, problem: [what, fix]}.

import {normalise, pixels, table} from "./preprocess.js";
import {readPhoto, readRgb} from "./photo.js";
import {asProblem} from "./problem.js";

let photo = null; // of the last file

onmessage = async ({data: {id, ...asked}}) => {
  try {
    const result = await answer(asked);
    postMessage({id, result}, result instanceof Float32Array ? [result.buffer] : []);
  } catch (error) {
    const {message, fix} = asProblem(error);
    postMessage({id, problem: [message, fix]});
  }
};

async function answer({file, frame, preprocessing}) {
  if (file) {
    photo = null; // two large ones at once are too much for a phone
    photo = await readPhoto(file);
    return {width: photo.width, height: photo.height};
  }
  if (!frame) return input(photo, preprocessing);
  try {
    return input(readRgb(frame, frame.width, frame.height), preprocessing);
  } finally {
    frame.close();
  }
}

/** A photo, {width, height, data}, -> a network's input, (H * W * C) float32. */
function input(image, preprocessing) {
  return normalise(pixels(image, preprocessing).data, table(preprocessing));
}
