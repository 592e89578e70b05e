// What draw_samples.py drew. One of them is not recognised, which is as it is.
export const SAMPLES = [
  {file: "school_bus.png", shows: "a school bus"},
  {file: "lighthouse.png", shows: "a lighthouse"},
  {file: "orange.png", shows: "an orange"},
  {file: "umbrella.png", shows: "an umbrella"},
  {file: "goldfish.png", shows: "a goldfish"},
];
