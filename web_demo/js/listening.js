// What a network that hears words listens to, a microphone or a recording, and what it answers.

import {probabilities} from "./answers.js";
import {drawBars} from "./bars.js";
import {Microphone} from "./microphone.js";
import {clearProblem} from "./notice.js";
import {passing, readRecording, windowed} from "./recording.js";
import {Problem} from "./problem.js";
import {Smoothing} from "./smoothing.js";

const BARS = {inOrder: 12, best: 5}; // so many classes keep their places; of more the best are shown
const TOLD = 20; // words that it knows, before it hears one
const WORDS = 6; // announced ones that stay to be read
const QUIETEST_DB = -60; // where the level meter begins

const element = (id) => document.getElementById(id);

let ear = null;

/**
 * From now on a network of that record hears what is there. `run(samples)`: {outputs, run_ms} of it, or
 * null where it has been closed; `showTimes(run_ms)`.
 */
export function attach(network) {
  ear ??= new Ear();
  ear.attach(network);
}

/** A file that was dropped. */
export const take = (file) => ear?.showFile(file);

export const stop = () => ear?.stop();

export function clear() {
  ear?.stop();
  ear?.clear();
}

class Ear {
  constructor() {
    this.microphone = null;
    this.file = null; // the recording that is shown
    this.isOpening = false;
    this.wishes = 0; // of people: as those of the stage
    element("microphone").onclick = () => {
      if (this.microphone) this.stop();
      else if (!this.isOpening) this.startMicrophone();
    };
    element("recording").onchange = ({target}) => {
      if (target.files.length) this.showFile(target.files[0]);
      target.value = ""; // so that the same file can be chosen again
    };
    element("ear").onclick = () => {
      if (!this.microphone) element("recording").click();
    };
    document.addEventListener("visibilitychange", () => this.#rest());
  }

  attach({record, run, showTimes, onProblem}) {
    Object.assign(this, {record, run, showTimes, onProblem});
    if (this.microphone || this.isOpening) this.startMicrophone();
    else if (this.file) this.showFile(this.file);
    else this.clear();
  }

  startMicrophone() {
    return this.#wish(async (isNewest) => {
      this.#leave();
      this.isOpening = true;
      let microphone;
      try {
        microphone = await Microphone.open(this.record.sound, {
          onEnd: () => isNewest() && this.#lose(),
          onLevel: (peak) => isNewest() && this.#showLevel(peak),
        });
      } finally {
        if (isNewest()) this.isOpening = false;
      }
      if (!isNewest()) return microphone.stop();
      this.microphone = microphone;
      this.clear();
      this.#show("microphone");
      await this.#listen(microphone, isNewest);
    });
  }

  async #listen(microphone, isNewest) {
    const smoothing = this.#smoothing();
    for (let heard; (heard = await microphone.next()) && isNewest();) {
      const answer = await this.run(heard.samples);
      if (!answer || !isNewest()) continue;
      const word = smoothing.heard(this.#shares(answer), heard.t);
      this.#showAnswers(smoothing.means, answer, true);
      if (word !== null) this.#announce(word, heard.t);
    }
  }

  /** Its bars are of the part with most energy, as `ghostnet predict` answers; its words are those that
   * a microphone would have heard. */
  showFile(file) {
    return this.#wish(async (isNewest) => {
      const {record: {sound}} = this;
      const {samples, isClipped} = await readRecording(file, sound.rate);
      if (!isNewest()) return;
      this.#leave();
      this.clear();
      this.file = file;
      this.#show("recording");
      element("ear-text").textContent = `${file.name}, ${(samples.length / sound.rate).toFixed(1)} s` +
        (isClipped ? ": clipped, what was louder is lost" : "");
      drawWave(samples);
      const answer = await this.run(windowed(samples, sound.length));
      const smoothing = this.#smoothing();
      for (const heard of passing(samples, sound)) {
        const one = isNewest() && await this.run(heard.samples);
        if (!one || !isNewest()) return;
        const word = smoothing.heard(this.#shares(one), heard.t);
        if (word !== null) this.#announce(word, heard.t);
      }
      if (answer && isNewest()) {
        if (!element("words").children.length) this.#say("no word for sure");
        this.#showAnswers(this.#shares(answer), answer, false);
      }
    });
  }

  /** What was turned on is off. */
  stop() {
    this.wishes++;
    this.isOpening = false;
    if (!this.microphone) return;
    this.#leave();
    this.clear();
  }

  #lose() {
    this.stop();
    this.onProblem(new Problem("The microphone is gone.",
      "Plug it in and use it again, or choose a recording."));
  }

  #leave() {
    this.microphone?.stop();
    this.microphone = null;
    this.#show("nothing");
  }

  clear() {
    this.file = null;
    element("bars").replaceChildren();
    element("words").replaceChildren();
    element("word").textContent = "";
    element("level").value = 0;
    element("ear-text").textContent = this.microphone ? "" : knows(this.record.labels);
    drawWave(new Float32Array(1));
  }

  async #wish(act) {
    const own = ++this.wishes;
    const isNewest = () => own === this.wishes;
    clearProblem();
    this.isResting = false;
    try {
      await act(isNewest);
    } catch (error) {
      if (!isNewest()) return;
      this.stop();
      this.onProblem(error);
    }
  }

  /** A tab that is hidden does not listen. */
  #rest() {
    if (document.hidden && (this.microphone || this.isOpening)) {
      this.stop();
      this.isResting = true;
    } else if (!document.hidden && this.isResting) {
      this.startMicrophone();
    }
  }

  #smoothing() {
    return new Smoothing(this.record.labels, this.record.sound.smoothing);
  }

  #shares({outputs: [scores]}) {
    return Array.from(probabilities(scores, this.record));
  }

  #showAnswers(shares, {outputs, run_ms}, isLive) {
    const answers = this.record.labels.map((name, id) => ({id, name, probability: shares[id]}));
    const best = [...answers].sort((a, b) => b.probability - a.probability);
    const shown = answers.length > BARS.inOrder ? best.slice(0, BARS.best) : answers;
    drawBars(shown, shown.indexOf(best[0]));
    this.showTimes(run_ms);
    document.dispatchEvent(new CustomEvent("answer", {detail: {outputs, answers, isLive}}));
  }

  #announce(label, t) {
    const name = this.record.labels[label];
    this.#say(name);
    const line = document.createElement("li");
    line.append(Object.assign(document.createElement("b"), {textContent: name}),
      Object.assign(document.createElement("small"), {textContent: ` at ${t.toFixed(1)} s`}));
    element("words").prepend(line);
    while (element("words").children.length > WORDS) element("words").lastElementChild.remove();
  }

  #say(text) {
    element("word").textContent = text;
    element("spoken").textContent = text;
  }

  #showLevel(peak) {
    element("level").value = Math.max(0, 1 - 20 * Math.log10(Math.max(peak, 1e-9)) / QUIETEST_DB);
    if (this.isDrawing || !this.microphone) return;
    this.isDrawing = true;
    requestAnimationFrame(() => {
      this.isDrawing = false;
      if (this.microphone) drawWave(this.microphone.wave);
    });
  }

  #show(what) {
    element("ear").dataset.hears = what;
    const button = element("microphone");
    button.textContent = what === "microphone" ? "Stop the microphone" : "Use the microphone";
    button.setAttribute("aria-pressed", what === "microphone");
  }
}

/** What a person may say. */
function knows(labels) {
  const told = labels.slice(0, TOLD).join(", ");
  return `It knows ${told}${labels.length > TOLD ? " and others" : ""}.`;
}

/** The loudest of each piece, as a bar to both sides. */
function drawWave(samples) {
  const canvas = element("wave"), {width, height} = canvas;
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, width, height);
  pen.fillStyle = getComputedStyle(canvas).color;
  const bars = 96, wide = width / bars, piece = samples.length / bars;
  for (let i = 0; i < bars; i++) {
    let most = 0;
    for (let k = Math.floor(i * piece); k < (i + 1) * piece; k++) most = Math.max(most, Math.abs(samples[k]));
    const high = Math.max(2, Math.min(1, most) * height);
    pen.fillRect(i * wide + wide / 4, (height - high) / 2, wide / 2, high);
  }
}
