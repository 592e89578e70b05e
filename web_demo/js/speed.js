// "How fast is it here?": choose models, measure them in turns, show and save the numbers.

import {median, p90} from "./latency.js";
import {Loading} from "./loading.js";
import {measure} from "./measurement.js";
import {clearProblem} from "./notice.js";
import {Problem} from "./problem.js";

const NOISY = 1.5; // p90 over median

const element = (id) => document.getElementById(id);

export function offerSpeed(models, {onStart, onProblem, inTurn}) {
  const boxes = models.map(candidate); // by place: a file's name may be anything
  element("candidates").replaceChildren(...boxes);
  const form = element("speed");
  const chosen = () => models.filter((_, i) => boxes[i].querySelector("input").checked);
  form.onchange = () => (element("measure").disabled = !chosen().length);
  form.onchange();
  form.onsubmit = async (event) => {
    event.preventDefault();
    clearProblem();
    onStart();
    try {
      await run(chosen(), element("effort").value, inTurn);
    } catch (error) {
      onProblem(error);
    }
  };
}

async function run(models, effort, inTurn) {
  const stop = new AbortController();
  const progress = element("progress");
  element("stop").onclick = () => stop.abort();
  setRunning(true);
  const loading = new Loading("what is measured");
  let wasHidden = false;
  const notice = () => (wasHidden ||= document.hidden);
  document.addEventListener("visibilitychange", notice);
  try {
    const report = (done, of) => Object.assign(progress, {value: done, max: of});
    const results = await inTurn(() => measure(models, effort, report, stop.signal, loading));
    if (!results.rounds.length) {
      throw new Problem("It was stopped before its first round was whole: nothing was measured.",
        "Measure again, and let it come to its second round.");
    }
    if (wasHidden) results.facts.doubts.push("the page was out of sight for a while");
    if (stop.signal.aborted) results.facts.doubts.push("it was stopped before its last round");
    show(models, results);
  } finally {
    loading.end();
    document.removeEventListener("visibilitychange", notice);
    setRunning(false);
  }
}

function setRunning(isRunning) {
  for (const section of document.querySelectorAll(".look, .answers")) section.inert = isRunning;
  element("measure").hidden = isRunning;
  element("stop").hidden = !isRunning;
  element("progress").hidden = !isRunning;
  element("progress").removeAttribute("value"); // models are being fetched
  element(isRunning ? "stop" : "measure").focus(); // the other one is gone
}

function show(models, results) {
  const rows = models.map((model) => {
    const visits = results.rounds.map((round) => round.visits[model.record.sha256]);
    const runs = visits.flatMap((visit) => visit.latency_ms);
    return {model, runs: runs.length, median_ms: median(runs), p90_ms: p90(runs)};
  });
  const slowest = Math.max(...rows.map((row) => row.p90_ms));
  element("rows").replaceChildren(...rows.map((row) => tableRow(row, slowest)));
  element("where").textContent =
    `${results.facts.label}${threads(results)}: ${results.facts.browser}, ` +
    `${results.rounds.length} rounds`;
  element("results").hidden = false;
  element("doubts").hidden = false;
  const doubts = [...results.facts.doubts];
  if (rows.some((row) => row.p90_ms > NOISY * row.median_ms)) {
    doubts.push("runs of one model differ widely: close what else is running, and measure again");
  }
  element("doubts").replaceChildren(...doubts.map((doubt) =>
    Object.assign(document.createElement("li"), {textContent: doubt})));
  element("spoken").textContent = `Measured: ${rows.map(({model, median_ms}) =>
    `${model.title}, ${median_ms.toFixed(2)} ms`).join("; ")}`;
  offerDownload(results);
}

function threads({facts, settings}) {
  if (facts.label.startsWith("WebGPU")) return "";
  return settings.threads === 1 ? ", one thread" : `, ${settings.threads} threads`;
}

function tableRow({model, runs, median_ms, p90_ms}, slowest) {
  const row = document.createElement("tr");
  const name = Object.assign(document.createElement("th"), {scope: "row"});
  name.append(model.title, small(model.technical));
  row.append(
    name, cell(`${median_ms.toFixed(2)} ms`, "number"),
    cell(`${p90_ms.toFixed(2)} ms`, "number"), spread(median_ms / slowest, p90_ms / slowest),
    cell(runs.toLocaleString("en"), "number"), cell(model.standing));
  return row;
}

function cell(textContent, className = "") {
  return Object.assign(document.createElement("td"), {textContent, className});
}

/** A bar up to the median and a paler one on to p90, as shares of the slowest. */
function spread(middle, high) {
  const td = cell("", "spread");
  td.innerHTML = `<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
    <rect class="high" width="${100 * high}" height="10"/>
    <rect class="middle" width="${100 * middle}" height="10"/></svg>`;
  return td;
}

function offerDownload(results) {
  const save = element("save");
  URL.revokeObjectURL(save.href);
  const text = JSON.stringify(results) + "\n";
  save.href = URL.createObjectURL(new Blob([text], {type: "application/json"}));
  save.hidden = false;
}

function candidate(model) {
  const label = document.createElement("label");
  const box = Object.assign(document.createElement("input"),
    {type: "checkbox", name: "candidate", checked: true});
  label.append(box, model.title, small(`${model.technical} — ${model.standing}`));
  return label;
}

const small = (textContent) => Object.assign(document.createElement("small"), {textContent});
