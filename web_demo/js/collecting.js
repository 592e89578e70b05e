// Runs beside the sound itself, and passes on what comes, in larger pieces.

const PIECE = 256; // samples: 32 ms at 8,000 a second

registerProcessor("collecting", class extends AudioWorkletProcessor {
  #piece = new Float32Array(PIECE);
  #n = 0;

  process([[samples]]) {
    for (const sample of samples ?? []) {
      this.#piece[this.#n++] = sample;
      if (this.#n < PIECE) continue;
      this.port.postMessage(this.#piece.slice());
      this.#n = 0;
    }
    return true;
  }
});
