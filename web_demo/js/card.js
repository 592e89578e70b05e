import {items, percent, whole} from "./models.js";
import {channels, fit, sides} from "./preprocess.js";

/** What the record says of a model, for a person. */
export function describe(model) {
  const {record} = model;
  const facts = [
    ["Network", `${model.title} (${record.model}), ${(record.parameters / 1e6).toFixed(2)} M parameters`],
    ["Weights", `${record.weights}, SHA-256 ${record.weights_sha256.slice(0, 12)} …`],
    ["Recipe", record.recipe],
    accuracy(record),
    record.sound ? ["Sound", sound(record.sound)] : ["Picture", picture(record.preprocessing)],
    ["File", `${model.fileName}, ${(record.size_bytes / 1e6).toFixed(1)} MB`],
    ["SHA-256", `${record.sha256.slice(0, 12)} …, checked before it was loaded`],
  ];
  offerClasses(record.labels);
  document.getElementById("facts").replaceChildren(...facts.flatMap(([term, text]) => [
    Object.assign(document.createElement("dt"), {textContent: term}),
    Object.assign(document.createElement("dd"), {textContent: whole(text)}),
  ]));
}

const sound = ({rate, length}) =>
  `${(length / rate).toFixed(1)} s at a time, ${rate.toLocaleString("en")} samples a second`;

function picture(preprocessing) {
  const {resample, crop} = preprocessing;
  const [height, width] = sides(preprocessing);
  const grey = channels(preprocessing) === 1 ? " in grey" : "";
  const isWhole = fit(preprocessing) === "stretch" && crop === 1;
  const part = isWhole ? "all of it, stretched" : `the middle ${percent(crop)}`;
  return `${width} × ${height} pixels${grey}, ${resample}, ${part}`;
}

function accuracy(record) {
  const {accuracy: measured, average_precision: ap} = record;
  if (ap) return ["AP50", `${ap.ap50.toFixed(3)} on ${ap.photos.toLocaleString("en")} labelled photos`];
  return ["Right first time", measured
    ? `${percent(measured.top1)} of ${measured.n.toLocaleString("en")} labelled ${items(record)}`
    : "not measured"];
}

/** What the network knows: a list that is drawn when somebody opens it. */
function offerClasses(labels) {
  const knows = document.getElementById("knows");
  const list = knows.querySelector("ul");
  knows.querySelector("summary").textContent =
    `The ${labels.length.toLocaleString("en")} classes that it knows`;
  const draw = () => list.replaceChildren(...(knows.open ? [...labels].sort() : []).map((name) =>
    Object.assign(document.createElement("li"), {textContent: name})));
  knows.ontoggle = draw;
  draw();
  knows.hidden = false;
}
