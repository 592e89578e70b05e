// A recording out of a file -> the samples that a network hears. What is refused is what
// ghostnet_tf/data/sound.py refuses; decoding is the browser's.

import {Problem} from "./problem.js";

const LONGEST_S = 60, SHORTEST_S = 0.03;
const LOUDEST = 8; // of float samples, whose full scale is 1
const FULL_SCALE = 0.999, CLIPPED = 0.01; // a sample at full scale; the share of them that is said
const MOST_BYTES = {wav: 100e6, other: 10e6}; // a minute of the largest WAV; an MP3 is decoded first
const UNKNOWN_BYTES = 0xffffffff; // what a program in a pipe could not fill in
const AGAIN = "Save it again, as WAV.";
const CUT = "Cut the words out of it, a file each.";

/** -> {samples, isClipped}: one channel at `rate` samples a second, (n) float32. */
export async function readRecording(file, rate) {
  const what = `“${file.name || "This file"}”`;
  if (!file.size) throw new Problem(`${what} is empty: 0 bytes.`, AGAIN);
  const isWav = /RIFF....WAVE/s.test(latin(await file.slice(0, 12).arrayBuffer()));
  if (file.size > MOST_BYTES[isWav ? "wav" : "other"]) {
    throw new Problem(`${what} has ${(file.size / 1e6).toFixed(0)} MB: no word is that long.`, CUT);
  }
  const bytes = await file.arrayBuffer();
  if (isWav) checkWav(new DataView(bytes), what);
  let sound;
  try {
    sound = await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes);
  } catch (error) {
    throw new Problem(`${what} cannot be read as sound.`, "Use a WAV, FLAC, OGG or MP3 recording.", error);
  }
  checkSpan(sound.duration, what);
  const samples = meanOf(sound);
  if (!samples.every(Number.isFinite)) {
    throw new Problem(`${what} holds samples that are no numbers.`, AGAIN);
  }
  const loudest = samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  if (loudest > LOUDEST) {
    throw new Problem(`${what} has float samples up to ${loudest.toPrecision(3)}; full scale is 1.`,
      "Divide them, by 32768 if they were integers.");
  }
  const full = samples.reduce((n, x) => n + (Math.abs(x) >= FULL_SCALE), 0);
  return {samples, isClipped: full > CLIPPED * samples.length};
}

/** What a WAV says of itself, before it is decoded: browsers take what was cut off without a word. */
export function checkWav(view, what) {
  let bytesPerSecond = 0;
  for (let at = 12; at + 8 <= view.byteLength;) {
    const id = latin(view.buffer.slice(at, at + 4)), said = view.getUint32(at + 4, true);
    const there = view.byteLength - at - 8;
    if (id === "fmt " && there >= 12) bytesPerSecond = view.getUint32(at + 16, true);
    if (id === "data") {
      if (!there) throw new Problem(`${what} holds no samples.`, AGAIN);
      if (said > there && said < UNKNOWN_BYTES - 1000) {
        throw new Problem(`${what} is cut off: it says ${said.toLocaleString("en")} bytes of sound, ` +
          `and ${there.toLocaleString("en")} are there.`, AGAIN);
      }
      if (bytesPerSecond) checkSpan(Math.min(said || there, there) / bytesPerSecond, what);
      return;
    }
    at += 8 + said + said % 2;
  }
  throw new Problem(`${what} holds no samples.`, AGAIN);
}

function checkSpan(seconds, what) {
  if (seconds > LONGEST_S) {
    throw new Problem(`${what} lasts ${seconds.toFixed(0)} s; ${LONGEST_S} are read.`, CUT);
  }
  if (seconds < SHORTEST_S) {
    throw new Problem(`${what} lasts ${(1000 * seconds).toFixed(1)} ms: too short for any word.`, AGAIN);
  }
}

function meanOf(sound) {
  const channels = Array.from({length: sound.numberOfChannels}, (_, i) => sound.getChannelData(i));
  return channels[0].map((_, i) => channels.reduce((sum, one) => sum + one[i], 0) / channels.length);
}

/**
 * (length) of the samples, as ghostnet_tf/data/sound.py: a shorter recording lies in the middle of
 * silence; of a longer one it is the part with most energy, the earliest of equal ones.
 */
export function windowed(samples, length) {
  const heard = new Float32Array(length);
  if (samples.length <= length) {
    heard.set(samples, Math.floor((length - samples.length) / 2));
    return heard;
  }
  const energy = new Float64Array(samples.length + 1);
  for (let i = 0; i < samples.length; i++) energy[i + 1] = energy[i] + samples[i] ** 2;
  let start = 0, most = -Infinity;
  for (let i = 0; i + length <= samples.length; i++) {
    const one = energy[i + length] - energy[i];
    if (one > most) [start, most] = [i, one];
  }
  return samples.slice(start, start + length);
}

/** The windows that a microphone would have heard until its end is in their middle: {samples, t}. */
export function* passing(samples, {rate, length}, stepS = 0.25) {
  for (let t = stepS; (t - stepS) * rate < samples.length + length / 2; t += stepS) {
    const end = Math.round(t * rate), heard = new Float32Array(length);
    const part = samples.subarray(Math.max(0, end - length), Math.min(end, samples.length));
    heard.set(part, Math.max(0, length - end));
    yield {samples: heard, t};
  }
}

const latin = (bytes) => String.fromCharCode(...new Uint8Array(bytes));
