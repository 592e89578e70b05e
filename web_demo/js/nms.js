// Of boxes that lie upon one another the surest: `ghostnet_tf/tasks/detect/nms.py` once more, bit for bit.

const {fround, max, min} = Math;

/**
 * What is kept of a photo's boxes, the surest first: [{box, label, score}], `box` its number.
 * `corners` is a Float32Array (n * 4) of x1 y1 x2 y2, `scores` one (n * classes).
 */
export function keep(corners, scores, {iou, score, most}) {
  const n = corners.length / 4;
  const classes = n ? scores.length / n : 0;
  const [limit, least] = [fround(iou), fround(score)];
  const candidates = [];
  for (let i = 0; i < scores.length; i++) {
    if (scores[i] >= least) candidates.push(i);
  }
  candidates.sort((a, b) => scores[b] - scores[a] || a - b);
  const kept = [];
  for (const i of candidates) {
    if (kept.length >= most) break;
    const one = {box: Math.floor(i / classes), label: i % classes, score: scores[i]};
    const isBehind = kept.some((other) =>
      other.label === one.label && overlap(corners, other.box, one.box) > limit);
    if (!isBehind) kept.push(one);
  }
  return kept;
}

/** What two boxes share of what they cover; each operation is rounded to float32. */
export function overlap(corners, a, b) {
  const [ax1, ay1, ax2, ay2] = corners.subarray(4 * a, 4 * a + 4);
  const [bx1, by1, bx2, by2] = corners.subarray(4 * b, 4 * b + 4);
  const width = max(0, fround(min(ax2, bx2) - max(ax1, bx1)));
  const height = max(0, fround(min(ay2, by2) - max(ay1, by1)));
  const shared = fround(width * height);
  const both = fround(area(ax1, ay1, ax2, ay2) + area(bx1, by1, bx2, by2));
  const covered = fround(both - shared);
  return covered > 0 ? fround(shared / covered) : 0;
}

const area = (x1, y1, x2, y2) => fround(fround(x2 - x1) * fround(y2 - y1));
