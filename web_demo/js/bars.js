// The first answers as bars.

import {best, isSure} from "./answers.js";
import {items, percent, whole} from "./models.js";

const element = (id) => document.getElementById(id);
const bars = element("bars");

/** The outputs of a network that names photos -> its first five answers. */
export const read = ([scores], record) => best(scores, record);

/** `first`: which of them stands out. */
export function drawBars(answers, first = 0) {
  while (bars.children.length < answers.length) bars.append(emptyBar());
  while (bars.children.length > answers.length) bars.lastElementChild.remove();
  answers.forEach((answer, i) => fill(bars.children[i], answer, i === first));
}

export function show(answers, {isLive}) {
  drawBars(answers);
  const isUnsure = !isSure(answers);
  const first = `${names(answers[0].name)[0]}, ${percent(answers[0].probability)}`;
  element("unsure").hidden = !isUnsure;
  element("caption").querySelector("b").textContent =
    whole(isUnsure ? `not sure: ${first}` : first);
  // The camera's are too many to be read aloud.
  if (!isLive) element("spoken").textContent = isUnsure ? `Not sure. Perhaps ${first}` : first;
}

export function clear() {
  bars.replaceChildren();
  element("unsure").hidden = true;
}

export function showStanding({technical, isGraphOnly, record}) {
  const {accuracy, average_precision: ap} = record;
  element("technical").textContent = technical;
  const told = ap
    ? `Its AP50 is ${ap.ap50.toFixed(3)} on ${ap.photos.toLocaleString("en")} photos, and COCO's mean ` +
      `of stricter ones ${ap.ap.toFixed(3)}. It knows nothing but its own classes.`
    : accuracy && `Its first answer is right on ${percent(accuracy.top1)} of ` +
      `${accuracy.n.toLocaleString("en")} ${items(record)}, and one of the first five on ` +
      `${percent(accuracy.top5)}. It knows nothing but its own classes.`;
  element("standing").textContent = (!isGraphOnly && told) || "How often it is right was not measured.";
}

function emptyBar() {
  const bar = document.createElement("li");
  bar.innerHTML = "<span class=name><b></b> <small></small></span><span class=share></span>" +
    "<meter min=0 max=1 aria-hidden=true></meter>";
  return bar;
}

function fill(bar, {name, probability}, isFirst) {
  bar.classList.toggle("first", isFirst);
  const [first, ...others] = names(name);
  bar.querySelector("b").textContent = first;
  bar.querySelector("small").textContent = others.join(", ");
  bar.querySelector(".share").textContent = percent(probability);
  bar.querySelector("meter").value = probability;
}

/** "goldfish, Carassius auratus" -> both names, the usual one first. */
const names = (name) => name.split(", ");
