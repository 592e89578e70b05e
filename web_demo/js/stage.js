// What the network looks at: nothing yet, a photo, or the camera.

import {Camera} from "./camera.js";
import {get} from "./download.js";
import {clearProblem} from "./notice.js";
import {Photo} from "./picture.js";
import {fit} from "./preprocess.js";
import {samplesFor} from "./samples.js";

const element = (id) => document.getElementById(id);

export class Stage {
  /** `onDrop(file)`: a file was dropped on the page; `showFile` takes photos. */
  constructor({onPhoto, onCamera, onNothing, onDrop, onProblem}) {
    Object.assign(this, {onPhoto, onCamera, onNothing, onDrop, onProblem});
    this.picture = null; // a Photo or a Frame: what is shown, for the network
    this.sample = null; // which of our drawings it is
    this.camera = null;
    this.facing = "environment";
    this.isOpening = false; // a camera: its browser may be asking
    this.wishes = 0; // of people; whatever takes its time is shown if it is still the newest
    element("camera").onclick = () => {
      if (this.camera) this.stopCamera();
      else if (!this.isOpening) this.startCamera();
    };
    element("turn").onclick = () => this.#turn();
    element("file").onchange = ({target}) => {
      if (target.files.length) this.showFile(target.files[0]);
      target.value = ""; // so that the same file can be chosen again
    };
    element("stage").onclick = () => {
      if (!this.camera) element("file").click();
    };
    document.addEventListener("visibilitychange", () => this.#rest());
    this.#takeDrops();
    this.offerSamples(null);
  }

  showFile(file) {
    return this.#showPhoto(() => file, `Your photo ${file.name}`, null);
  }

  showSample({file, shows}) {
    const url = new URL(`samples/${file}`, document.baseURI);
    const read = async () => new File([await (await get(url)).blob()], file);
    return this.#showPhoto(read, `Our drawing of ${shows}`, file);
  }

  /** `read()`: the file, or a promise of it; `sample`: which of our drawings, or null. */
  #showPhoto(read, alt, sample) {
    return this.#wish(async (isNewest) => {
      const file = await read();
      const picture = await Photo.open(file);
      if (!isNewest()) return;
      this.#leaveCamera();
      this.#hold(picture);
      this.sample = sample;
      const photo = element("photo");
      URL.revokeObjectURL(photo.src);
      photo.src = URL.createObjectURL(file);
      photo.alt = alt;
      this.#show("photo");
      await this.onPhoto();
    });
  }

  startCamera({isTurn = false} = {}) {
    return this.#wish(async (isNewest) => {
      let camera;
      this.isOpening = true;
      try {
        camera = await Camera.open(element("video"), this.facing, () => this.stopCamera());
        if (isNewest()) await camera.play();
      } finally {
        this.isOpening = false;
      }
      if (!isNewest()) return camera.stop();
      this.camera = camera;
      element("video").classList.toggle("mirrored", camera.isMirrored);
      this.#show("camera");
      const count = await Camera.count();
      if (!isNewest()) return;
      element("turn").hidden = count < 2;
      if (isTurn) element("turn").focus(); // which it lost when its button went
      await this.onCamera(camera);
    });
  }

  stopCamera() {
    this.wishes++;
    this.#leaveCamera();
  }

  #leaveCamera() {
    if (!this.camera) return;
    this.camera.stop();
    this.camera = null;
    this.picture = null;
    element("turn").hidden = true;
    this.#show("nothing");
    this.onNothing();
  }

  /** What a person wants now; what goes wrong with an older wish is nobody's concern any more. */
  async #wish(act) {
    const own = ++this.wishes;
    const isNewest = () => own === this.wishes;
    clearProblem();
    this.isResting = false;
    try {
      await act(isNewest);
    } catch (error) {
      if (isNewest()) this.onProblem(error);
    }
  }

  /** Mark what the network sees: a share of the middle square, or of the whole picture. */
  showView(preprocessing) {
    this.seen = preprocessing;
    const isWhole = fit(preprocessing) === "stretch";
    element("stage").dataset.fit = isWhole ? "whole" : "middle";
    const {width = 1, height = 1} = (isWhole && this.picture) || {};
    const share = preprocessing.crop / Math.max(width, height);
    element("stage").style.setProperty("--rim-x", `${50 * (1 - share * width)}%`);
    element("stage").style.setProperty("--rim-y", `${50 * (1 - share * height)}%`);
  }

  /** Whether there is a drawing that only few models know, and nothing but other drawings is shown. */
  get lacksItsSample() {
    const isSpecial = this.samples.every(({classes}) => classes);
    const files = this.samples.map(({file}) => file);
    return isSpecial && (!this.picture || (this.sample !== null && !files.includes(this.sample)));
  }

  get isMirrored() {
    return Boolean(this.camera?.isMirrored);
  }

  async takeFrame() {
    const {camera} = this;
    const frame = await camera.frame();
    if (this.camera === camera) this.#hold(frame);
  }

  #hold(picture) {
    const isOther = picture?.width !== this.picture?.width || picture?.height !== this.picture?.height;
    this.picture = picture;
    if (this.seen && isOther) this.showView(this.seen);
  }

  /** Nobody looks at a tab that is hidden: its camera is off until it is seen again. */
  #rest() {
    if (document.hidden && (this.camera || this.isOpening)) {
      this.stopCamera();
      this.isResting = true;
    } else if (!document.hidden && this.isResting) {
      this.startCamera();
    }
  }

  #turn() {
    this.facing = this.facing === "user" ? "environment" : "user";
    this.stopCamera();
    this.startCamera({isTurn: true});
  }

  #show(what) {
    element("stage").dataset.shows = what;
    element("video").hidden = what !== "camera";
    element("photo").hidden = what !== "photo";
    const button = element("camera");
    button.textContent = what === "camera" ? "Stop the camera" : "Use the camera";
    button.setAttribute("aria-pressed", what === "camera");
  }

  /** Anywhere on the page: a photo that misses the frame would replace the page otherwise. */
  #takeDrops() {
    const look = element("look");
    document.addEventListener("dragover", (event) => {
      event.preventDefault();
      look.classList.add("over");
    });
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) look.classList.remove("over");
    });
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      look.classList.remove("over");
      const [file] = event.dataTransfer.files;
      const isOpen = !look.closest("[inert]"); // while something is measured it is not
      if (file && isOpen) this.onDrop(file);
    });
  }

  /** The drawings of what that model knows; null: as long as there is none. */
  offerSamples(model) {
    const fitting = samplesFor(model?.record.labels ?? []);
    if (fitting === this.samples) return; // a button that has the focus keeps it
    this.samples = fitting;
    element("samples").replaceChildren(...fitting.map(({file, shows}) => {
      const picture = Object.assign(new Image(72, 72), {src: `samples/${file}`, alt: ""});
      const button = Object.assign(document.createElement("button"), {type: "button"});
      button.setAttribute("aria-label", `Show it the drawing of ${shows}`);
      button.append(picture);
      button.onclick = () => this.showSample({file, shows});
      return button;
    }));
  }
}
