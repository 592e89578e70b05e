// A static host sends no headers of ours: in a site the service worker adds them.

import {WORKER} from "./site.js";

const ONCE = "reloaded for the service worker";

/**
 * Wait for the service worker; where the page came without it, load the page again, once. The page
 * works without (a private window, say): with a coarse clock, one thread, and no cache.
 */
export async function isolate() {
  if (!WORKER || !navigator.serviceWorker) return;
  try {
    const registration = await navigator.serviceWorker.register(WORKER);
    if (crossOriginIsolated) {
      sessionStorage.removeItem(ONCE);
      return;
    }
    if (sessionStorage.getItem(ONCE)) return;
    const worker = registration.active ?? registration.waiting ?? registration.installing;
    while (worker.state !== "activated") {
      if (worker.state === "redundant") throw new Error("it could not be installed");
      await new Promise((resolve) => worker.addEventListener("statechange", resolve, {once: true}));
    }
    sessionStorage.setItem(ONCE, "yes");
  } catch (error) {
    console.warn("no service worker:", error);
    return;
  }
  location.reload();
  await new Promise(() => {}); // nothing of this page is needed any more
}
