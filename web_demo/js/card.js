import {percent} from "./models.js";

/** What the record says of a model, for a person. */
export function describe(model) {
  const {record} = model;
  const {size, resample, crop} = record.preprocessing;
  const facts = [
    ["Network", `${record.model}, ${(record.parameters / 1e6).toFixed(2)} M parameters`],
    ["Weights", `${record.weights}, SHA-256 ${record.weights_sha256.slice(0, 12)} …`],
    ["Recipe", record.recipe],
    ["Classes", record.labels.length.toLocaleString("en")],
    ["Right first time", accuracy(record.accuracy)],
    ["Picture", `${size} × ${size} pixels, ${resample}, the middle ${percent(crop)}`],
    ["File", `${model.fileName}, ${(record.size_bytes / 1e6).toFixed(1)} MB`],
    ["SHA-256", `${record.sha256.slice(0, 12)} …, checked before it was loaded`],
  ];
  document.getElementById("facts").replaceChildren(...facts.flatMap(([term, text]) => [
    Object.assign(document.createElement("dt"), {textContent: term}),
    Object.assign(document.createElement("dd"), {textContent: text}),
  ]));
}

function accuracy(measured) {
  if (!measured) return "not measured";
  return `${percent(measured.top1)} of ${measured.n.toLocaleString("en")} labelled photos`;
}
