/** The first `n` classes by probability: [{id, name, probability}]. */
export function best(scores, record, n = 5) {
  // A network that ends in a softmax of its own gives probabilities.
  const shares = record.ops.SOFTMAX ? scores : softmax(scores);
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b);
  return order.slice(0, n).map((i) => ({
    id: record.label_ids[i], name: record.labels[i], probability: shares[i],
  }));
}

export function softmax(logits) {
  const highest = logits.reduce((a, b) => Math.max(a, b));
  const powers = Array.from(logits, (x) => Math.exp(x - highest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((x) => x / sum);
}
