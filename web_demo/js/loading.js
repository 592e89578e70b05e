// What is on its way to the page, for the person who waits for it.

const element = (id) => document.getElementById(id);
const mb = (bytes) => (bytes / 1e6).toFixed(1);

let shown = null; // the Loading that the page shows

export class Loading {
  /** `title`: of what is loaded, where it is known. */
  constructor(title = "") {
    this.title = title;
    this.parts = [];
  }

  /** For one file: a function that is told how many of its bytes are here, and of how many. */
  part() {
    const one = {came: 0, of: 0};
    this.parts.push(one);
    return (came, of) => {
      Object.assign(one, {came, of});
      shown = this;
      this.#show();
    };
  }

  end() {
    if (shown !== this) return;
    shown = null;
    element("loading").hidden = true;
  }

  #show() {
    const [came, of] = ["came", "of"].map((key) =>
      this.parts.reduce((sum, part) => sum + part[key], 0));
    const isKnown = this.parts.every((part) => part.of >= Math.max(part.came, 1));
    const bar = element("loaded");
    if (isKnown) Object.assign(bar, {max: of, value: came});
    else bar.removeAttribute("value");
    element("loading-text").textContent =
      `Loading ${this.title}${this.title && ": "}${mb(came)}${isKnown ? ` of ${mb(of)}` : ""} MB`;
    element("loading").hidden = false;
  }
}
