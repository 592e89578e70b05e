// Where the page's files lie. `make web-site` writes this file anew for its folder.

export const PACKAGES = new URL("../node_modules/", import.meta.url);
export const WORKER = null; // the service worker's URL, where the page is a site
export const PACKED = {}; // path from the page's folder -> [bytes of its .packed file, bytes in it]
