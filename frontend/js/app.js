import "htmx.org";

import "./frame.js";
import "./live.js";
import "./search.js";

if (document.querySelector("[data-chart], [data-map]")) import("./charts.js");
