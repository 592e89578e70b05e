// The page: what is shown to the network, and what it answers.

import {best} from "./answers.js";
import {clearAnswers, showAnswers, showStanding} from "./bars.js";
import {describe} from "./card.js";
import {Loading} from "./loading.js";
import {readModels} from "./models.js";
import {Network} from "./network.js";
import {clearProblem, showProblem} from "./notice.js";
import {WAYS, chooseWay, currentWay, obstacle, startRuntime} from "./runtime.js";
import {offerSpeed} from "./speed.js";
import {Stage} from "./stage.js";

const MODELS = new URL("../models/", import.meta.url);

const element = (id) => document.getElementById(id);
const stage = new Stage({
  onPhoto: () => look(), onCamera: watch, onNothing: clearAnswers, onProblem: showProblem,
});
let network = null;
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
  return inTurn(() => name(isLive));
}

async function name(isLive) {
  const {picture} = stage;
  if (!picture || Boolean(stage.camera) !== isLive) return; // the camera's next one comes by itself
  if (!network && failure) throw failure;
  if (!network) return; // it is on its way
  const began = performance.now();
  const prepared = await picture.input(network.preprocessing);
  if (!prepared) return; // another one has come
  const ready = performance.now();
  const scores = await network.scores(prepared.input);
  const ended = performance.now();
  if (!stage.picture) return; // the camera was stopped meanwhile
  const answers = best(scores, network.model.record);
  const {label} = currentWay();
  const prepare_ms = prepared.isKept ? null : ready - began;
  showAnswers(answers, {prepare_ms, run_ms: ended - ready, isLive, label});
  // For whoever builds on this page: all scores, not only the first five.
  document.dispatchEvent(new CustomEvent("answer", {detail: {scores, answers, isLive}}));
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
    const bytes = await (began ?? model.bytes(loading.part()));
    loading.end();
    await inTurn(() => exchange(model, bytes));
    await look();
  } catch (error) {
    loading.end();
    if (wanted !== model) return; // nobody waits for it any more
    failure = error;
    showProblem(error);
    if (network) element("model").value = network.model.fileName;
  }
}

async function exchange(model, bytes) {
  if (wanted !== model) return;
  const next = await Network.open(model, bytes);
  await next.warmUp();
  network?.close();
  network = next;
  stage.showCrop(model.record.preprocessing.crop);
  showStanding(model);
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

async function start() {
  const loading = new Loading();
  const runtime = startRuntime(loading.part());
  runtime.catch(() => {}); // it is told of below
  try {
    const models = await readModels(MODELS, showProblem);
    const telling = models.filter((model) => !model.isGraphOnly);
    const select = element("model");
    const option = (m) => new Option(`${m.title} — ${m.standing}`, m.fileName);
    select.replaceChildren(...telling.map(option));
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
    offerSpeed(models, {onStart: () => stage.stopCamera(), onProblem: showProblem, inTurn});
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
