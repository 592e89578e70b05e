/** Something that the person in front of the page is told: what is wrong, and what to do. */
export class Problem extends Error {
  constructor(what, fix, cause) {
    super(what, {cause});
    this.fix = fix;
  }
}

/** Any error as a Problem; what nobody foresaw keeps its own words. */
export function asProblem(error) {
  if (error instanceof Problem) return error;
  return new Problem(`Something unforeseen happened: ${error?.message ?? error}`,
    "Reload the page; if it happens again, please report it with these words.", error);
}
