// "/" focuses the search box; arrow keys move through its results, Enter opens one, Escape closes them.

const box = document.querySelector("#search");
const typing = (element) => element.closest?.("input, textarea, select, [contenteditable]");

function found() {
  return [...document.querySelectorAll("#search-results [role=option]")];
}

function select(option) {
  for (const other of found()) other.setAttribute("aria-selected", String(other === option));
  if (option) {
    box.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    box.removeAttribute("aria-activedescendant");
  }
}

function onKey(event) {
  const options = found();
  const place = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && options.length) {
    event.preventDefault();
    select(options[(place + step + options.length + (place < 0 && step < 0 ? 1 : 0)) % options.length]);
  } else if (event.key === "Enter" && place >= 0) {
    event.preventDefault();
    options[place].click();
  } else if (event.key === "Escape") {
    box.blur();
  }
}

if (box) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    event.preventDefault();
    box.focus();
    box.select();
  });
  box.addEventListener("keydown", onKey);
  document.addEventListener("htmx:after:swap", () => {
    box.setAttribute("aria-expanded", String(found().length > 0));
    select(null);
  });
}
