import {asProblem} from "./problem.js";

const notice = document.getElementById("notice");

export function showProblem(error) {
  const problem = asProblem(error);
  if (!(error instanceof Error) || problem !== error) console.error(error); // a bug keeps its trace
  notice.querySelector(".what").textContent = problem.message;
  notice.querySelector(".fix").textContent = problem.fix;
  notice.hidden = false;
  notice.scrollIntoView({block: "nearest"});
}

export function clearProblem() {
  notice.hidden = true;
}
