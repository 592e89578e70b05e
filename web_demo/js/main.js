// The page: what is shown to the network, and what it answers.

import {best} from "./answers.js";
import {clearAnswers, showAnswers, showStanding} from "./bars.js";
import {describe} from "./card.js";
import {readModels} from "./models.js";
import {Network, startRuntime} from "./network.js";
import {clearProblem, showProblem} from "./notice.js";
import {offerSpeed} from "./speed.js";
import {Stage} from "./stage.js";

const MODELS = new URL("../models/", import.meta.url);
const BREAK_MS = 100; // from picture to picture of the camera, so that bars can be read

const element = (id) => document.getElementById(id);
const stage = new Stage({
  onPhoto: () => look(), onCamera: watch, onNothing: clearAnswers, onProblem: showProblem,
});
let network = null;
let queue = Promise.resolve();

/** One at a time: a network must not be closed while it looks at something. */
const inTurn = (act) => (queue = queue.then(act, act));

/** What the stage shows, through the network, onto the page. */
function look({isLive = false} = {}) {
  return inTurn(() => name(isLive));
}

async function name(isLive) {
  if (!network || !stage.image) return;
  const began = performance.now();
  const input = network.input(stage.image);
  const ready = performance.now();
  const scores = await network.scores(input);
  const ended = performance.now();
  if (!stage.image) return; // the camera was stopped meanwhile
  const answers = best(scores, network.model.record);
  showAnswers(answers, {prepare_ms: ready - began, run_ms: ended - ready, isLive});
  // For whoever builds on this page: all scores, not only the first five.
  document.dispatchEvent(new CustomEvent("answer", {detail: {scores, answers, isLive}}));
}

/** The camera's newest picture again and again, until it is stopped. */
async function watch(camera) {
  while (stage.camera === camera) {
    stage.takeFrame();
    await look({isLive: true});
    await new Promise((resolve) => setTimeout(resolve, BREAK_MS));
  }
}

async function choose(model) {
  clearProblem();
  const select = element("model");
  select.disabled = true;
  try {
    const next = await Network.open(model, await model.bytes());
    await next.warmUp();
    await inTurn(() => {
      network?.close();
      network = next;
    });
    stage.showCrop(model.record.preprocessing.crop);
    showStanding(model);
    describe(model);
    await look();
  } catch (error) {
    showProblem(error);
    if (network) select.value = network.model.fileName;
  } finally {
    select.disabled = false;
  }
}

async function start() {
  const [models] = await Promise.all([readModels(MODELS), startRuntime()]);
  const telling = models.filter((model) => !model.isGraphOnly);
  const select = element("model");
  const option = (m) => new Option(`${m.title} — ${m.standing}`, m.fileName);
  select.replaceChildren(...telling.map(option));
  select.onchange = () => choose(telling.find((model) => model.fileName === select.value));
  offerSpeed(models, {onStart: () => stage.stopCamera(), onProblem: showProblem});
  if (telling.length) await choose(telling[0]);
  document.body.dataset.state = "ready";
}

start().catch(showProblem);
