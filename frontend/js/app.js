import htmx from "htmx.org";

import "./forms.js";
import "./frame.js";
import "./live.js";
import "./picker.js";
import "./rows.js";
import "./search.js";
import "./shortcuts.js";

if (document.querySelector("[data-chart], [data-map]")) import("./charts.js");
if (document.querySelector("[data-counting]")) import("./counting.js");

// A failed fragment request keeps the old content and marks it; otherwise the error page would replace it.
htmx.config.noSwap = [204, 304, "4xx", "5xx"];
const toasts = document.querySelector("#toasts");
const forget = () => toasts?.querySelector(".part-failed")?.remove();
for (const kind of ["htmx:response:error", "htmx:error"]) {
  document.addEventListener(kind, () => {
    forget();
    toasts?.append(document.querySelector("#part-failed").content.cloneNode(true));
  });
}
document.addEventListener("htmx:after:request", ({ detail }) => detail.ctx.response.status < 400 && forget());
