// What a detector found: frames over the picture, and the same as a list in words.

import {colour, css, ink} from "./colours.js";
import {percent} from "./models.js";
import {keep} from "./nms.js";

/** Score from which on a box is shown to a person: as export/detection.py. */
export const SURE = 0.3;
const LIMITS = {iou: 0.6, most: 100}; // where a record says nothing else: ghostnet_tf/tasks/detect/nms.py
const THIRD = 1 / 3;
const NEAR_THE_TOP = 0.07; // where no name fits above a frame

const element = (id) => document.getElementById(id);

/**
 * The outputs [boxes, scores] -> what is shown of them, the surest first: [{label, name, score, box}],
 * `box` x1 y1 x2 y2 as shares of what the network sees.
 */
export function read([boxes, scores], record) {
  const {iou, most} = {...LIMITS, ...record.boxes};
  return keep(boxes, scores, {iou, most, score: SURE}).map(({box, label, score}) => ({
    label, score, name: record.labels[label],
    box: Array.from(boxes.subarray(4 * box, 4 * box + 4), (x) => Math.min(1, Math.max(0, x))),
  }));
}

export function show(found, {isMirrored, isLive}) {
  const seen = isMirrored ? found.map(mirrored) : found;
  // The first ones lie on top.
  element("frame").replaceChildren(...seen.map(drawn).reverse());
  const counts = `${found.length} found${found.length ? `: ${counted(found)}` : ""}`;
  element("counts").textContent = found.length ? counted(found) : "nothing that it knows";
  element("found").querySelector("ol").replaceChildren(...seen.map(row));
  element("caption").querySelector("b").textContent = element("counts").textContent;
  if (!isLive) element("spoken").textContent = found.length ? counts : "Nothing that it knows";
}

export function clear() {
  element("frame").replaceChildren();
  element("found").querySelector("ol").replaceChildren();
  element("counts").textContent = "";
}

const mirrored = ({box: [x1, y1, x2, y2], ...one}) => ({...one, box: [1 - x2, y1, 1 - x1, y2]});

/** "12 RBC, 1 WBC" */
export function counted(found) {
  const counts = new Map();
  for (const {name} of found) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).map(([name, n]) => `${n} ${name}`).join(", ");
}

/** Where in the picture, in words. */
export function place([x1, y1, x2, y2]) {
  const across = third((x1 + x2) / 2, "left", "right");
  const down = third((y1 + y2) / 2, "top", "bottom");
  return [down, across].filter(Boolean).join(" ") || "middle";
}

const third = (at, before, after) => (at < THIRD ? before : at > 1 - THIRD ? after : "");

function drawn({label, name, score, box: [x1, y1, x2, y2]}) {
  const tone = colour(label);
  const frame = Object.assign(document.createElement("div"), {className: "box"});
  const tag = Object.assign(document.createElement("span"),
    {textContent: `${name} ${Math.round(100 * score)}`});
  Object.assign(frame.style, {left: `${100 * x1}%`, top: `${100 * y1}%`,
    width: `${100 * (x2 - x1)}%`, height: `${100 * (y2 - y1)}%`, borderColor: css(tone)});
  Object.assign(tag.style, {background: css(tone), color: ink(tone)});
  tag.classList.toggle("inside", y1 < NEAR_THE_TOP);
  tag.classList.toggle("right", x1 > 1 - THIRD);
  frame.append(tag);
  return frame;
}

function row({label, name, score, box}) {
  const line = document.createElement("li");
  line.innerHTML = "<i aria-hidden=true></i><b></b> <span class=share></span> <small></small>";
  line.querySelector("i").style.background = css(colour(label));
  line.querySelector("b").textContent = name;
  line.querySelector(".share").textContent = percent(score);
  line.querySelector("small").textContent = place(box);
  return line;
}
