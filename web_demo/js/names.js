// What a person calls a network: "GhostNet 0.5, int8". The technical name stands beside it.

const NETWORKS = [ // names as in ghostnet_tf/nets/zoo.py -> what papers call them
  [/^ghostnet_(\d{3})$/, (width) => `GhostNet ${ratio(width)}`],
  [/^mobilenetv3_(large|small)_(\d{3})(_delegable)?$/,
    (size, width) => `MobileNetV3 ${size === "large" ? "Large" : "Small"} ${ratio(width)}`],
  [/^mobilenetv2_(\d{3})$/, (width) => `MobileNetV2 ${ratio(width)}`],
  [/^(ghost_)?resnet(\d+)(?:_.*)?$/, (ghost, depth) => `${ghost ? "Ghost-" : ""}ResNet-${depth}`],
  [/^ghost_kws_(\d{3})$/, (width) => `Ghost-KWS ${ratio(width)}`],
  [/^ds_cnn$/, () => "DS-CNN"],
  [/^bc_resnet_1$/, () => "BC-ResNet-1"],
  [/^(ghost_)?vgg(\d+)(?:_.*)?$/, (ghost, depth) => `${ghost ? "Ghost-" : ""}VGG-${depth}`],
];
const SUFFIXES = {_det: " detector", _seg: " segmenter"};
const RECIPES = {
  float16: "float16 weights",
  weight_only_wi8_afp32: "int8 weights",
  dynamic_wi8_afp32: "dynamic int8",
  static_wi8_ai8: "int8",
  static_wi8_ai16: "int8 and int16",
};

export function plainName({model, recipe}) {
  return `${networkName(model)}, ${Object.hasOwn(RECIPES, recipe) ? RECIPES[recipe] : recipe}`;
}

function networkName(model) {
  const [, under, suffix] = model.match(/^(.+?)(_det|_seg)?$/s) ?? [model, model];
  for (const [pattern, name] of NETWORKS) {
    const found = under.match(pattern);
    if (found) return `${name(...found.slice(1))}${suffix ? SUFFIXES[suffix] : ""}`;
  }
  return model;
}

/** "050" -> "0.5", "100" -> "1.0" */
function ratio(percent) {
  const share = Number(percent) / 100;
  return Number.isInteger(share * 10) ? share.toFixed(1) : String(share);
}
