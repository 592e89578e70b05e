// A colour for every class: `ghostnet_tf/data/class_colours.py` once more.

/** Of a class, [red, green, blue] of 0..255: hues by the golden ratio, so that neighbours differ. */
export function colour(label) {
  return rgb((0.33 + 0.618034 * label) % 1, 0.9, 0.95).map((share) => Math.round(255 * share));
}

/** Black or white: what has more contrast on that colour, by the luminance of WCAG 2. */
export function ink(tone) {
  const [red, green, blue] = tone.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

export const css = ([red, green, blue]) => `rgb(${red} ${green} ${blue})`;

/** Hue, saturation and value, 0..1, as Python's colorsys has them. */
function rgb(hue, saturation, value) {
  const sixth = Math.floor(hue * 6), rest = hue * 6 - sixth;
  const low = value * (1 - saturation);
  const falling = value * (1 - saturation * rest);
  const rising = value * (1 - saturation * (1 - rest));
  return [[value, rising, low], [falling, value, low], [low, value, rising],
    [low, falling, value], [rising, low, value], [value, low, falling]][sixth % 6];
}
