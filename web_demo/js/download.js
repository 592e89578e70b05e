// Files of the page, unpacked, with word of how much has come.

import {Problem} from "./problem.js";
import {PACKED, WORKER} from "./site.js";

const ROOT = new URL("../", import.meta.url);
const AGAIN = WORKER
  ? "Reload the page; if it happens again, whoever publishes it should run `make web-site` again."
  : "Run `make web-demo` again: it puts the models beside the page.";
const REACH = WORKER
  ? "Is this device online? Then reload the page."
  : "Is `make web-demo` still running? Start it, then reload the page.";

/** What to do about a file that is missing or wrong. */
export const PREPARE = AGAIN;

/** The response for a file of the page, or a Problem. */
export async function get(url) {
  let response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new Problem(`${fileName(url)} could not be fetched: the server gives no answer.`,
      REACH, error);
  }
  if (response.ok) return response;
  throw new Problem(`${fileName(url)} is missing (the server says ${response.status}).`, PREPARE);
}

/**
 * A file as a stream of its bytes. `onPart(came, of)`: how many of its bytes are here, as they are
 * sent; `of` is 0 where nobody says how many there are.
 *
 * In a site large files are gzip under a name that no host takes for gzip, so that every host sends
 * them as they are.
 */
export async function stream(url, onPart = () => {}) {
  const packed = PACKED[decodeURIComponent(url.pathname.slice(ROOT.pathname.length))];
  const response = await get(packed ? new URL(`${url.href}.packed`) : url);
  const {headers} = response;
  const of = packed?.[0] ?? Number(headers.get("Content-Length") ?? 0);
  // Where the browser unpacks, what comes out here is more than what was sent.
  const unpacked = packed ? of : Number(headers.get("X-Unpacked-Length") ?? of);
  let came = 0;
  onPart(0, of);
  const counted = response.body.pipeThrough(new TransformStream({
    transform(part, controller) {
      came += part.length;
      onPart(unpacked ? (came * of) / unpacked : came, of);
      controller.enqueue(part);
    },
  }));
  return packed ? counted.pipeThrough(new DecompressionStream("gzip")) : counted;
}

/** The whole file. */
export async function download(url, onPart) {
  const whole = new Response(await stream(url, onPart));
  try {
    return new Uint8Array(await whole.arrayBuffer());
  } catch (error) {
    throw new Problem(`${fileName(url)} did not arrive whole.`, REACH, error);
  }
}

export const fileName = (url) => decodeURIComponent(url.pathname.split("/").at(-1));
