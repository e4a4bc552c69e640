// The palette: "/" or Ctrl K opens it, arrows go through what it offers, Enter opens, Escape closes.

import { current, move, select } from "./listbox.js";

const box = document.querySelector("#search");
const typing = (element) => element.closest?.("input, textarea, select, [contenteditable]");
let left = null; // What had the focus before.

function found() {
  return [...document.querySelectorAll("#search-results [role=option]:not([aria-disabled])")];
}

function open() {
  if (document.activeElement !== box) left = document.activeElement;
  box.focus();
  box.select();
}

function close() {
  box.blur();
  left?.focus?.();
  left = null;
}

function onKey(event) {
  if (event.isComposing) return; // Enter then ends a word of an input method.
  const options = found();
  const chosen = current(options);
  if (move(event, box, options)) return;
  if (event.key === "Enter" && chosen && (chosen.dataset.foundFor ?? "") === box.value.trim()) {
    event.preventDefault(); // What was found for other letters is not opened: the search page answers.
    chosen.click();
  } else if (event.key === "Escape") {
    event.preventDefault();
    close();
  }
}

if (box) {
  document.addEventListener("keydown", (event) => {
    const isCtrlK = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey;
    const isSlash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target);
    if (!isCtrlK && !isSlash) return;
    event.preventDefault();
    open();
  });
  box.addEventListener("keydown", onKey);
  document.addEventListener("htmx:after:swap", () => {
    const options = found();
    box.setAttribute("aria-expanded", String(options.length > 0));
    select(box, options, box.value.trim() ? options[0] : null);
  });
}
