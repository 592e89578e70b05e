// The first five answers as bars.

import {percent} from "./models.js";

const element = (id) => document.getElementById(id);
const bars = element("bars");

export function showAnswers(answers, {prepare_ms, run_ms, isLive}) {
  while (bars.children.length < answers.length) bars.append(emptyBar());
  answers.forEach((answer, i) => fill(bars.children[i], answer));
  element("took").textContent =
    `${run_ms.toFixed(1)} ms for the network, ${prepare_ms.toFixed(1)} ms to prepare the picture`;
  const first = `${names(answers[0].name)[0]}, ${percent(answers[0].probability)}`;
  element("caption").textContent = first;
  if (!isLive) element("spoken").textContent = first; // the camera's are too many to be read aloud
}

export function clearAnswers() {
  bars.replaceChildren();
  for (const id of ["took", "caption", "spoken"]) element(id).textContent = "";
}

export function showStanding({isGraphOnly, record: {accuracy}}) {
  element("standing").textContent = accuracy && !isGraphOnly
    ? `Its first answer is right on ${percent(accuracy.top1)} of ` +
      `${accuracy.n.toLocaleString("en")} photos, and one of the first five on ` +
      `${percent(accuracy.top5)}. It knows nothing but its own classes.`
    : "How often it is right was not measured.";
}

function emptyBar() {
  const bar = document.createElement("li");
  bar.innerHTML = "<span class=name><b></b> <small></small></span><span class=share></span>" +
    "<meter min=0 max=1 aria-hidden=true></meter>";
  return bar;
}

function fill(bar, {name, probability}) {
  const [first, ...others] = names(name);
  bar.querySelector("b").textContent = first;
  bar.querySelector("small").textContent = others.join(", ");
  bar.querySelector(".share").textContent = percent(probability);
  bar.querySelector("meter").value = probability;
}

/** "goldfish, Carassius auratus" -> both names, the usual one first. */
const names = (name) => name.split(", ");
