// A combobox and the options of its list: which is current, and the arrow keys that move it.

export const current = (options) => options.find((option) => option.getAttribute("aria-selected") === "true");

export function select(box, options, option) {
  for (const other of options) other.setAttribute("aria-selected", String(other === option));
  if (option) {
    box.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    box.removeAttribute("aria-activedescendant");
  }
}

// True if the key was an arrow that moved to another option, round the ends.
export function move(event, box, options) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !options.length) return false;
  event.preventDefault();
  const place = options.indexOf(current(options));
  const from = place < 0 && step < 0 ? 0 : place;
  select(box, options, options[(from + step + options.length) % options.length]);
  return true;
}
