// How long one inference takes: rounds of visits, as benchmark/plan.py and latency.py have it.

// As in benchmark/plan.py; a test compares. Strict ones take minutes: a native runner does those.
export const EFFORTS = {
  quick: {rounds: 6, min_runs: 20, min_seconds: 0.15, warmup_runs: 3},
  standard: {rounds: 10, min_runs: 50, min_seconds: 0.5, warmup_runs: 5},
};

/** Which of n models is visited when, in each round: every second round is the one before it
 * backwards, so that a machine that slows down evenly takes as much from each. */
export function orders(n, rounds, random = Math.random) {
  const all = [];
  for (let i = 0; i < rounds; i++) all.push(i % 2 ? [...all[i - 1]].reverse() : shuffled(n, random));
  return all;
}

function shuffled(n, random) {
  const order = Array.from({length: n}, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/**
 * Warm-up runs, then timed ones until both `min_runs` and `min_seconds` are reached.
 * `timedRun()` says how many ms one inference took; `rest()` lets the page breathe in between.
 */
export async function visit(timedRun, {warmup_runs, min_runs, min_seconds}, rest) {
  const warmup_ms = [], latency_ms = [];
  let spent = 0;
  while (warmup_ms.length < warmup_runs) warmup_ms.push(await timedRun());
  while (latency_ms.length < min_runs || spent < 1000 * min_seconds) {
    const ms = await timedRun();
    latency_ms.push(ms);
    spent += ms;
    await rest();
  }
  return {latency_ms, warmup_ms};
}

export function median(values) {
  return quantile(values, 0.5);
}

export function p90(values) {
  return quantile(values, 0.9);
}

/** Between two values, in proportion: NumPy's default. */
function quantile(values, share) {
  const ordered = Array.from(values).sort((a, b) => a - b);
  const place = share * (ordered.length - 1);
  const below = Math.floor(place), above = Math.ceil(place);
  return ordered[below] + (ordered[above] - ordered[below]) * (place - below);
}

/** The smallest step in which a clock moves, in ns; browsers make theirs coarse on purpose. */
export function clockStep(now, steps = 20) {
  let least = Infinity;
  for (let i = 0, last = now(); i < steps; ) {
    const next = now();
    if (next === last) continue;
    least = Math.min(least, next - last);
    last = next;
    i++;
  }
  return Math.round(least * 1e6);
}
