// What the network looks at: nothing yet, a photo, or the camera.

import {Camera} from "./camera.js";
import {clearProblem} from "./notice.js";
import {Photo} from "./picture.js";
import {SAMPLES} from "./samples.js";

const element = (id) => document.getElementById(id);

export class Stage {
  constructor({onPhoto, onCamera, onNothing, onProblem}) {
    Object.assign(this, {onPhoto, onCamera, onNothing, onProblem});
    this.picture = null; // a Photo or a Frame: what is shown, for the network
    this.camera = null;
    this.facing = "environment";
    element("camera").onclick = () => (this.camera ? this.stopCamera() : this.startCamera());
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
    this.#offerSamples();
  }

  async showFile(file, alt = `Your photo ${file.name}`) {
    clearProblem();
    this.isResting = false;
    try {
      const picture = await Photo.open(file);
      this.stopCamera();
      this.picture = picture;
      const photo = element("photo");
      URL.revokeObjectURL(photo.src);
      photo.src = URL.createObjectURL(file);
      photo.alt = alt;
      this.#show("photo");
      await this.onPhoto();
    } catch (error) {
      this.onProblem(error);
    }
  }

  async startCamera() {
    clearProblem();
    this.isResting = false;
    const button = element("camera");
    button.disabled = true;
    try {
      const camera = await Camera.open(element("video"), this.facing, () => this.stopCamera());
      this.camera = camera;
      element("video").classList.toggle("mirrored", camera.isMirrored);
      this.#show("camera");
      element("turn").hidden = (await Camera.count()) < 2;
      this.onCamera(camera).catch(this.onProblem);
    } catch (error) {
      this.onProblem(error);
    } finally {
      button.disabled = false;
    }
  }

  stopCamera() {
    if (!this.camera) return;
    this.camera.stop();
    this.camera = null;
    this.picture = null;
    element("turn").hidden = true;
    this.#show("nothing");
    this.onNothing();
  }

  /** Mark what the network sees: this share of the middle square. */
  showCrop(share) {
    element("stage").style.setProperty("--rim", `${50 * (1 - share)}%`);
  }

  async takeFrame() {
    const {camera} = this;
    const frame = await camera.frame();
    if (this.camera === camera) this.picture = frame;
  }

  /** Nobody looks at a tab that is hidden: its camera is off until it is seen again. */
  #rest() {
    if (document.hidden && this.camera) {
      this.stopCamera();
      this.isResting = true;
    } else if (!document.hidden && this.isResting) {
      this.startCamera();
    }
  }

  #turn() {
    this.facing = this.facing === "user" ? "environment" : "user";
    this.stopCamera();
    this.startCamera();
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
    const stage = element("stage");
    document.addEventListener("dragover", (event) => {
      event.preventDefault();
      stage.classList.add("over");
    });
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) stage.classList.remove("over");
    });
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      stage.classList.remove("over");
      const [file] = event.dataTransfer.files;
      if (file) this.showFile(file);
    });
  }

  #offerSamples() {
    element("samples").replaceChildren(...SAMPLES.map(({file, shows}) => {
      const picture = Object.assign(new Image(72, 72), {src: `samples/${file}`, alt: ""});
      const button = Object.assign(document.createElement("button"), {type: "button"});
      button.setAttribute("aria-label", `Show it the drawing of ${shows}`);
      button.append(picture);
      button.onclick = async () => {
        const drawn = await (await fetch(picture.src)).blob();
        await this.showFile(new File([drawn], file), `Our drawing of ${shows}`);
      };
      return button;
    }));
  }
}
