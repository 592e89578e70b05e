// Before anything large is asked for: a page that is loaded a second time loads this little twice.

import {isolate} from "./isolation.js";

await isolate();
await import("./main.js");
