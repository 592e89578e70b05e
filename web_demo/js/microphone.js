import {Problem} from "./problem.js";

// A word as it was said: what makes telephone calls pleasant changes it.
const RAW = {echoCancellation: false, noiseSuppression: false, autoGainControl: false};
const STEP_S = 0.25; // from one answer to the next, at least
const NOTHING_S = 3; // without one sample, and the microphone is taken for dead
const INSTEAD = "or choose a recording.";

/** A running microphone that keeps its last seconds. */
export class Microphone {
  /** `sound`: how the network hears; `onEnd`: it was unplugged; `onLevel(peak)`: 0..1, often. */
  static async open({rate, length}, {onEnd, onLevel}) {
    if (!navigator.mediaDevices?.getUserMedia || !globalThis.AudioWorkletNode) {
      throw new Problem("A browser gives its microphone only to pages from https or localhost.",
        "Run `make web-demo ARGS=--https` and open the address that it prints; " + INSTEAD);
    }
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({audio: RAW});
    } catch (error) {
      throw refusal(error);
    }
    const one = new Microphone(stream, rate, length, onLevel);
    try {
      await one.#start();
    } catch (error) {
      one.stop();
      throw refusal(error);
    }
    stream.getAudioTracks()[0].addEventListener("ended", onEnd);
    return one;
  }

  #context = null;
  #ring = null; // the last samples, at the context's rate
  #count = 0; // samples that have come
  #due = 0; // count from which on the next answer is wanted
  #wake = () => {};

  constructor(stream, rate, length, onLevel) {
    Object.assign(this, {stream, rate, length, onLevel, isStopped: false});
  }

  async #start() {
    let source;
    try {
      this.#context = new AudioContext({sampleRate: this.rate});
      source = this.#context.createMediaStreamSource(this.stream);
    } catch {
      // Firefox connects no microphone to another rate than its own.
      await this.#context?.close();
      this.#context = new AudioContext();
      source = this.#context.createMediaStreamSource(this.stream);
    }
    const {sampleRate, audioWorklet} = this.#context;
    this.#ring = new Float32Array(Math.ceil(this.length * sampleRate / this.rate));
    await audioWorklet.addModule(new URL("collecting.js", import.meta.url));
    const options = {numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit"}; // the mean of all
    const node = new AudioWorkletNode(this.#context, "collecting", options);
    node.port.onmessage = ({data}) => this.#take(data);
    source.connect(node);
    await this.#context.resume();
  }

  #take(samples) {
    this.#ring.copyWithin(0, samples.length);
    this.#ring.set(samples, this.#ring.length - samples.length);
    this.#count += samples.length;
    this.onLevel(samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0));
    if (this.#count >= this.#due) this.#wake();
  }

  /**
   * What was heard last, as the network takes it, once there is something new in it: {samples, t}, `t`
   * seconds after it began; null when it was stopped meanwhile.
   */
  async next() {
    const {sampleRate} = this.#context;
    this.#due = Math.max(this.#due + STEP_S * sampleRate, this.#count + 1);
    while (this.#count < this.#due && !this.isStopped) await this.#more();
    if (this.isStopped) return null;
    const t = this.#count / sampleRate;
    const heard = this.#ring.slice();
    const samples = sampleRate === this.rate ? heard
      : await resampled(heard, sampleRate, this.rate, this.length);
    return this.isStopped ? null : {samples, t};
  }

  #more() {
    return new Promise((resolve, reject) => {
      const before = this.#count;
      const dead = setTimeout(() => {
        if (this.#count > before) return resolve();
        reject(new Problem("The microphone is there but gives no sound.",
          "Close what else uses it, then try again; " + INSTEAD));
      }, 1000 * NOTHING_S);
      this.#wake = () => {
        clearTimeout(dead);
        resolve();
      };
    });
  }

  /** What was heard, for whoever draws it. */
  get wave() {
    return this.#ring;
  }

  stop() {
    this.isStopped = true;
    this.#wake();
    for (const track of this.stream.getTracks()) track.stop();
    this.#context?.close().catch(() => {}); // it was closed already
  }
}

/** By the browser's own filter. */
async function resampled(samples, from, to, length) {
  const offline = new OfflineAudioContext(1, length, to);
  const buffer = new AudioBuffer({length: samples.length, sampleRate: from});
  buffer.copyToChannel(samples, 0);
  const source = new AudioBufferSourceNode(offline, {buffer});
  source.connect(offline.destination);
  source.start();
  return (await offline.startRendering()).getChannelData(0);
}

function refusal(error) {
  switch (error.name) {
    case "NotAllowedError":
      return new Problem("The browser may not use the microphone.",
        "Allow it beside the page's address, then try again; " + INSTEAD, error);
    case "NotFoundError":
    case "OverconstrainedError":
      return new Problem("There is no microphone.", "Plug one in, " + INSTEAD, error);
    case "NotReadableError":
      return new Problem("The microphone is there but gives no sound.",
        "Close what else uses it, then try again; " + INSTEAD, error);
    default:
      return new Problem(`The microphone failed: ${error.message}`,
        "Choose a recording instead.", error);
  }
}
