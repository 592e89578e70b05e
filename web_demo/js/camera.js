import {Frame} from "./picture.js";
import {Problem} from "./problem.js";

const WANTED = {width: {ideal: 640}, height: {ideal: 480}}; // plenty for a network of 96 pixels

/** A running camera, for a <video> element. */
export class Camera {
  /** `facing`: "environment" (away from the person) or "user"; `onEnd`: it was unplugged. */
  static async open(video, facing, onEnd) {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Problem("A browser gives its camera only to pages from https or localhost.",
        "Run `make web-demo ARGS=--https` and open the address that it prints.");
    }
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: false, video: {...WANTED, facingMode: {ideal: facing}},
      });
    } catch (error) {
      throw refusal(error);
    }
    return new Camera(video, stream, onEnd);
  }

  constructor(video, stream, onEnd) {
    this.video = video;
    this.stream = stream;
    const [track] = stream.getVideoTracks();
    track.addEventListener("ended", onEnd);
    // A computer's only camera says nothing and looks at the person.
    this.isMirrored = track.getSettings().facingMode !== "environment";
  }

  async play() {
    this.video.srcObject = this.stream;
    try {
      await this.video.play();
    } catch (error) {
      this.stop();
      throw refusal(error);
    }
  }

  static async count() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter((device) => device.kind === "videoinput").length;
  }

  /** The newest picture, never mirrored; null before the first one. */
  async frame() {
    if (!this.video.videoWidth) return null;
    return new Frame(await createImageBitmap(this.video, {colorSpaceConversion: "none"}));
  }

  /** Until the camera has another picture. */
  next() {
    return new Promise((resolve) => (this.video.requestVideoFrameCallback
      ? this.video.requestVideoFrameCallback(resolve)
      : requestAnimationFrame(resolve)));
  }

  stop() {
    for (const track of this.stream.getTracks()) track.stop();
    if (this.video.srcObject === this.stream) this.video.srcObject = null;
  }
}

function refusal(error) {
  switch (error.name) {
    case "NotAllowedError":
      return new Problem("The browser may not use the camera.",
        "Allow it beside the page's address, then try again; or choose a photo.", error);
    case "NotFoundError":
    case "OverconstrainedError":
      return new Problem("There is no camera.", "Plug one in, or choose a photo.", error);
    case "NotReadableError":
      return new Problem("The camera is there but gives no picture.",
        "Close what else uses it, then try again; or choose a photo.", error);
    default:
      return new Problem(`The camera failed: ${error.message}`, "Choose a photo instead.", error);
  }
}
