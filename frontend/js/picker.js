// Fields that name another row: arrows go through what was found, Enter or a click takes it, Escape leaves the field as typed.

const listOf = (field) => document.getElementById(field.getAttribute("aria-controls"));
const optionsOf = (field) => [...listOf(field).querySelectorAll("[role=option]:not([aria-disabled])")];

function select(field, option) {
  for (const other of optionsOf(field)) other.setAttribute("aria-selected", String(other === option));
  if (option) {
    field.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    field.removeAttribute("aria-activedescendant");
  }
}

function close(field) {
  listOf(field).replaceChildren();
  field.setAttribute("aria-expanded", "false");
  select(field, null);
}

function take(field, option) {
  field.value = option.textContent;
  field.dispatchEvent(new Event("change", { bubbles: true }));
  close(field);
}

const fieldOf = (element) => element.closest?.(".picker")?.querySelector("[role=combobox]");

document.addEventListener("keydown", (event) => {
  const field = event.target.matches?.(".picker [role=combobox]") && event.target;
  if (!field) return;
  const options = optionsOf(field);
  const place = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && options.length) {
    event.preventDefault();
    select(field, options[(place + step + options.length + (place < 0 && step < 0 ? 1 : 0)) % options.length]);
  } else if (event.key === "Enter" && place >= 0) {
    event.preventDefault();
    take(field, options[place]);
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
  select(field, null);
});
