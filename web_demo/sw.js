// The service worker of a site: adds the headers that isolate the page, and keeps its files.
//
// A file is kept under its SHA-256, and asked for again when another one stands in FILES, which
// `make web-site` fills in. A newer worker waits until every tab of the older one is closed.

const FILES = {}; // path from the page's folder -> SHA-256
const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};
const SCOPE = new URL(registration.scope);
const CACHE = `ghostnet ${SCOPE.pathname}`; // another site of this host has its own

addEventListener("activate", (event) => event.waitUntil(forget()));

addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== SCOPE.origin || !url.pathname.startsWith(SCOPE.pathname)) return;
  const path = decodeURIComponent(url.pathname.slice(SCOPE.pathname.length)) || "index.html";
  if (event.request.method === "GET" && Object.hasOwn(FILES, path)) {
    event.respondWith(answer(event, path));
  }
});

async function answer(event, path) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(key(FILES[path]));
  if (kept) return isolated(kept);
  // Not out of the browser's own cache, in which an older one may lie.
  const response = await fetch(new URL(path, SCOPE), {cache: "no-cache"});
  if (response.ok) event.waitUntil(keep(cache, response.clone(), FILES[path]));
  return isolated(response);
}

/** A host that is just being written to may send a newer file, which belongs to a newer worker. */
async function keep(cache, response, sha256) {
  const bytes = await response.arrayBuffer();
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const found = Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== sha256) return;
  const {headers} = response;
  await cache.put(key(sha256), new Response(bytes, {
    headers: {"Content-Type": headers.get("Content-Type") ?? "application/octet-stream"},
  }));
}

function isolated(response) {
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
  const {status, statusText} = response;
  return new Response(response.body, {status, statusText, headers});
}

async function forget() {
  const cache = await caches.open(CACHE);
  const wanted = new Set(Object.values(FILES).map(key));
  for (const {url} of await cache.keys()) if (!wanted.has(url)) await cache.delete(url);
}

const key = (sha256) => new URL(`kept/${sha256}`, SCOPE).href;
