// The page: what is shown to the network, and what it answers.

import * as naming from "./bars.js";
import {describe} from "./card.js";
import {Loading} from "./loading.js";
import {readModels} from "./models.js";
import {Network} from "./network.js";
import {clearProblem, showProblem} from "./notice.js";
import {Problem} from "./problem.js";
import {TASKS} from "./record.js";
import {WAYS, chooseWay, currentWay, obstacle, startRuntime} from "./runtime.js";
import {offerSpeed} from "./speed.js";
import {Stage} from "./stage.js";

const MODELS = new URL("../models/", import.meta.url);
// task -> the module that reads and shows what such a network answers; fetched when one is chosen
const VIEWS = {
  classify: async () => naming,
  detect: () => import("./boxes.js"),
  segment: () => import("./masks.js"),
  keywords: () => import("./listening.js"),
};

const element = (id) => document.getElementById(id);
const stage = new Stage({
  onPhoto: () => look(),
  onCamera: watch,
  onNothing: clear,
  onDrop: (file) => (view.take ? view.take(file) : stage.showFile(file)),
  onProblem: showProblem,
});
let network = null;
let view = naming; // of the network's task
let failure = null; // why there is none
let wanted = null; // the model that was chosen last
let queue = Promise.resolve();

/**
 * One at a time: no network is closed while it looks at something, and LiteRT.js is not exchanged while
 * a network is opened or measured.
 */
const inTurn = (act) => (queue = queue.then(act, act));

/** What the stage shows, through the network, onto the page. */
function look({isLive = false} = {}) {
  return inTurn(() => answer(isLive));
}

async function answer(isLive) {
  const {picture} = stage;
  if (!picture || Boolean(stage.camera) !== isLive) return; // the camera's next one comes by itself
  if (!network && failure) throw failure;
  if (!network || !view.read) return; // it is on its way, or hears
  const began = performance.now();
  const prepared = await picture.input(network.preprocessing);
  if (!prepared) return; // another one has come
  const ready = performance.now();
  const outputs = await network.outputs(prepared.input);
  const ended = performance.now();
  if (!stage.picture) return; // the camera was stopped meanwhile
  const answers = view.read(outputs, network.model.record);
  view.show(answers, {isLive, isMirrored: stage.isMirrored});
  showTimes(ended - ready, prepared.isKept ? null : ready - began);
  // For whoever builds on this page: all outputs, not only what is shown.
  document.dispatchEvent(new CustomEvent("answer", {detail: {outputs, answers, isLive}}));
}

/** `prepare_ms` is null for a picture that was prepared before, and undefined for what is none. */
function showTimes(run_ms, prepare_ms) {
  const preparing = prepare_ms === undefined ? ""
    : prepare_ms === null ? ", the picture was prepared before"
    : `, ${prepare_ms.toFixed(1)} ms to prepare the picture`;
  element("took").textContent =
    `${run_ms.toFixed(1)} ms for the network (${currentWay().label})${preparing}`;
  element("caption").querySelector("small").textContent = `${run_ms.toFixed(1)} ms`;
}

function clear() {
  view.clear();
  for (const id of ["took", "spoken"]) element(id).textContent = "";
  for (const part of element("caption").children) part.textContent = "";
}

/** Every picture of the camera that there is time for, until it is stopped. */
async function watch(camera) {
  while (stage.camera === camera) {
    await stage.takeFrame();
    await look({isLive: true});
    await camera.next();
  }
}

/** `began`: a promise of its bytes, where they are on their way already. */
async function choose(model, began) {
  wanted = model;
  const loading = new Loading(model.title);
  try {
    const [bytes, next] = await Promise.all(
      [began ?? model.bytes(loading.part()), viewOf(model)]);
    loading.end();
    await inTurn(() => exchange(model, bytes, next));
    if (wanted === model) await begin(model);
  } catch (error) {
    loading.end();
    if (wanted !== model) return; // nobody waits for it any more
    failure = error;
    showProblem(error);
    if (network) element("model").value = network.model.fileName;
  }
}

async function viewOf({task}) {
  try {
    return await VIEWS[task]();
  } catch (error) {
    throw new Problem("A part of the page could not be fetched.", "Reload the page.", error);
  }
}

async function hear(model, samples) {
  if (network?.model !== model) return null;
  const began = performance.now();
  const outputs = await network.outputs(samples);
  return {outputs, run_ms: performance.now() - began};
}

/** What is there to look at, or else a drawing that this model and few others know; or an ear. */
async function begin(model) {
  if (view.attach) {
    if (stage.camera || stage.isOpening) stage.stopCamera(); // a photo that is on its way may come
    const run = (samples) => inTurn(() => hear(model, samples));
    return view.attach({record: model.record, run, showTimes, onProblem: showProblem});
  }
  stage.offerSamples(model);
  const isOffered = !stage.camera && !stage.isOpening && stage.lacksItsSample;
  await (isOffered ? stage.showSample(stage.samples[0]) : look());
}

async function exchange(model, bytes, nextView) {
  if (wanted !== model) return;
  const next = await Network.open(model, bytes);
  await next.warmUp();
  network?.close();
  network = next;
  if (nextView !== view) clear();
  view = nextView;
  document.body.dataset.task = model.task;
  element("look-title").textContent = view.attach ? "Say something" : "Show it something";
  if (view.read) stage.showView(model.record.preprocessing);
  naming.showStanding(model);
  describe(model);
}

/** The ways to run a network that there can be here; the others say why not. */
async function offerWays() {
  for (const option of element("way").options) {
    const why = await obstacle(option.value);
    option.disabled = Boolean(why);
    if (why) option.textContent += ` (${why})`;
  }
  element("way").onchange = () => {
    clearProblem();
    inTurn(change).then(() => look()).catch(showProblem);
  };
}

/** To the way that is chosen when its turn comes. */
async function change() {
  const select = element("way");
  const model = network?.model; // none, where no network could be opened yet
  const before = currentWay().name;
  if (select.value === before) return;
  try {
    await run(model, select.value);
  } catch (error) {
    showProblem(error);
    select.value = before;
    await run(model, before);
  }
}

/** The model, closed and opened again the way that `way` names. */
async function run(model, way) {
  const loading = new Loading(WAYS[way].label);
  network?.close();
  network = null;
  try {
    await chooseWay(way, loading.part());
    if (!model) return;
    const next = await Network.open(model, await model.bytes(loading.part()));
    await next.warmUp();
    network = next;
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    loading.end();
  }
}

/** In groups, where there is more than one task. */
function optionsOf(models) {
  const option = (model) => new Option(`${model.title} — ${model.standing}`, model.fileName);
  const tasks = [...new Set(models.map(({task}) => task))];
  if (tasks.length < 2) return models.map(option);
  return tasks.map((task) => {
    const group = Object.assign(document.createElement("optgroup"), {label: TASKS[task]});
    group.append(...models.filter((model) => model.task === task).map(option));
    return group;
  });
}

async function start() {
  const loading = new Loading();
  const runtime = startRuntime(loading.part());
  runtime.catch(() => {}); // it is told of below
  try {
    const models = await readModels(MODELS, showProblem);
    const telling = models.filter((model) => !model.isGraphOnly);
    const select = element("model");
    select.replaceChildren(...optionsOf(telling));
    select.onchange = () => {
      clearProblem();
      choose(telling.find((model) => model.fileName === select.value));
    };
    await offerWays();
    const [first] = telling;
    if (first) loading.title = first.title;
    const bytes = first?.bytes(loading.part()); // on its way together with the runtime
    bytes?.catch(() => {}); // and of this
    await runtime;
    element("way").disabled = false;
    const onStart = () => {
      stage.stopCamera();
      view.stop?.();
    };
    offerSpeed(models, {onStart, onProblem: showProblem, inTurn});
    await bytes?.catch(() => {});
    loading.end();
    if (first) {
      select.disabled = false;
      await choose(first, bytes);
    }
  } finally {
    loading.end();
  }
  document.body.dataset.state = "ready";
}

start().catch(showProblem);
