// Answers to overlapping seconds become words that are each said once:
// `ghostnet_tf/tasks/keywords/smoothing.py` once more, bit for bit.

const DEFAULTS = {seconds: 0.5, score: 0.6, rest: 1}; // where a record says nothing else
const NO_WORDS = ["silence", "unknown", "_silence_", "_unknown_"]; // labels of what is none

/** The answers of the last while, and when the last word was announced. */
export class Smoothing {
  #answers = []; // {t, answer}, the oldest first
  #last = -Infinity; // when a word was announced
  #stays = null; // that word, as long as it is heard without a break

  constructor(labels, how) {
    Object.assign(this, DEFAULTS, how);
    this.labels = labels;
    this.means = labels.map(() => 0); // of every class, after the last answer
  }

  /** The class that is announced at `t` seconds, or null; `answer` has a probability of each. */
  heard(answer, t) {
    if (!answer.some(Number.isNaN)) this.#answers.push({t, answer: Array.from(answer)});
    while (this.#answers.length && this.#answers[0].t <= t - this.seconds) this.#answers.shift();
    this.means = this.labels.map(() => 0);
    const n = this.#answers.length;
    if (!n) return null;
    this.means = this.means.map((_, i) => this.#answers.reduce((sum, one) => sum + one.answer[i], 0) / n);
    const top = this.means.indexOf(this.means.reduce((a, b) => Math.max(a, b)));
    const isWord = this.means[top] >= this.score && !NO_WORDS.includes(this.labels[top]);
    if (!isWord || top !== this.#stays) this.#stays = null;
    if (!isWord || top === this.#stays || t - this.#last < this.rest) return null;
    [this.#last, this.#stays] = [t, top];
    return top;
  }
}
