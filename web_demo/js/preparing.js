// The worker that decodes and prepares pictures, so that the page does not stand still meanwhile.
//
// In: {id, file} | {id, frame, preprocessing} | {id, photo: id of a file, preprocessing}.
// Out: {id, result} or {id, problem: [what, fix]}; the result is an input, null of a photo that has
// made room for a newer one, or of a file {photo: its id, width, height} as it stands upright.

import {normalise, pixels, table} from "./preprocess.js";
import {readPhoto, readRgb} from "./photo.js";
import {asProblem} from "./problem.js";

let newest = null; // {id, image}: the last file that is a photo

onmessage = async ({data: {id, ...asked}}) => {
  try {
    const result = await answer(id, asked);
    postMessage({id, result}, result instanceof Float32Array ? [result.buffer] : []);
  } catch (error) {
    const {message, fix} = asProblem(error);
    postMessage({id, problem: [message, fix]});
  }
};

async function answer(id, {file, photo, frame, preprocessing}) {
  if (file) {
    newest = {id, image: await readPhoto(file)};
    const {width, height} = newest.image;
    return {photo: id, width, height};
  }
  if (!frame) return newest?.id === photo ? input(newest.image, preprocessing) : null;
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
