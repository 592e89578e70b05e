/** SHA-256 of bytes in hexadecimal. */
export async function sha256(bytes) {
  // A page that came over plain http from another machine has no crypto.subtle.
  const hash = globalThis.crypto?.subtle
    ? new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))
    : (await import("@noble/hashes/sha2.js")).sha256(bytes);
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
