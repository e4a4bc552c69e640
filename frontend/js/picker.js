// Fields that name another row, in forms and filters: arrows go through what was found, Enter or a click takes it, Escape leaves the field as typed.

import { current, move, select } from "./listbox.js";

const listOf = (field) => document.getElementById(field.getAttribute("aria-controls"));
const optionsOf = (field) => [...listOf(field).querySelectorAll("[role=option]:not([aria-disabled])")];

function close(field) {
  listOf(field).replaceChildren();
  field.setAttribute("aria-expanded", "false");
  select(field, [], null);
}

function take(field, option) {
  field.value = option.textContent;
  field.dispatchEvent(new Event("change", { bubbles: true }));
  close(field);
  if (field.form.method === "get") field.form.requestSubmit(); // A filter is applied as it is chosen.
}

const fieldOf = (element) => element.closest?.(".picker")?.querySelector("[role=combobox]");

document.addEventListener("keydown", (event) => {
  const field = event.target.matches?.(".picker [role=combobox]") && event.target;
  if (!field || event.isComposing) return; // Enter then ends a word of an input method.
  const options = optionsOf(field);
  const chosen = current(options);
  if (move(event, field, options)) return;
  if (event.key === "Enter" && chosen) {
    event.preventDefault();
    take(field, chosen);
  } else if (event.key === "Escape" && options.length) {
    event.stopPropagation();
    close(field);
  }
});

// A press would take the focus, and with it the list, before the click is there.
document.addEventListener("mousedown", (event) => {
  if (event.target.closest(".picker-found")) event.preventDefault();
});
document.addEventListener("click", ({ target }) => {
  const option = target.closest(".picker-found [role=option]:not([aria-disabled])");
  if (option) take(fieldOf(option), option);
});
document.addEventListener("focusout", ({ target }) => {
  if (target.matches?.(".picker [role=combobox]")) close(target);
});
document.addEventListener("htmx:after:swap", ({ target }) => {
  const field = fieldOf(target);
  if (!field) return;
  if (document.activeElement !== field) return close(field);
  field.setAttribute("aria-expanded", String(optionsOf(field).length > 0));
  select(field, optionsOf(field), null);
});
