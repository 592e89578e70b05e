// What a network's outputs mean: `export/scores.py` once more, in the browser.

/**
 * Below this probability of its first answer the page says "not sure": there it is wrong more often
 * than right (web_demo/README.md has the numbers). It is how answers are shown and no property of a
 * file, so it is here and not in the record.
 */
export const SURE_FROM = 0.4;

/** Whether answers, as `best` gives them, begin with one that may be said as it is. */
export const isSure = ([first]) => first.probability >= SURE_FROM;

/** The first `n` classes by probability: [{id, name, probability}]. */
export function best(outputs, record, n = 5) {
  const row = byClass(outputs, record);
  const probabilities = shares(row, scoresOf(record));
  const order = Array.from(row.keys()).sort((a, b) => row[b] - row[a] || a - b);
  return order.slice(0, n).map((i) => ({
    id: record.label_ids[i], name: record.labels[i], probability: probabilities[i],
  }));
}

/** Of every class, in the order of the labels. */
export const probabilities = (outputs, record) => shares(byClass(outputs, record), scoresOf(record));

/** "logits", "softmax" or "sigmoid". Old records do not say; most networks with a SOFTMAX end in it. */
function scoresOf(record) {
  return record.scores ?? (record.ops.SOFTMAX ? "softmax" : "logits");
}

/** One output that stands for two classes is of the second: it becomes two. */
function byClass(outputs, record) {
  if (outputs.length !== 1 || record.labels.length !== 2) return outputs;
  return [scoresOf(record) === "logits" ? 0 : 1 - outputs[0], outputs[0]];
}

function shares(row, scores) {
  if (scores !== "logits") return row;
  return row.length === 1 ? softmax([row[0], 0]).slice(0, 1) : softmax(row);
}

export function softmax(logits) {
  const highest = logits.reduce((a, b) => Math.max(a, b));
  const powers = Array.from(logits, (x) => Math.exp(x - highest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((x) => x / sum);
}
