// What draw_samples.py drew. One of them is not recognised, which is as it is.
const SAMPLES = [
  {file: "school_bus.png", shows: "a school bus"},
  {file: "lighthouse.png", shows: "a lighthouse"},
  {file: "orange.png", shows: "an orange"},
  {file: "umbrella.png", shows: "an umbrella"},
  {file: "goldfish.png", shows: "a goldfish"},
];
// Drawings of what few networks know: they are shown to those that have one of these classes.
const OF_CLASSES = [
  {file: "blood_smear.png", shows: "a blood smear", classes: ["RBC", "WBC", "Platelets"]},
];

/** The drawings that suit a network of these classes. */
export function samplesFor(labels) {
  const known = OF_CLASSES.filter(({classes}) => classes.some((name) => labels.includes(name)));
  return known.length ? known : SAMPLES;
}
