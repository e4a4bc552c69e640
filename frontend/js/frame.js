// Menus, switches and notices. Each acts on existing elements; none creates one.

const YEAR_SECONDS = 365 * 24 * 60 * 60;

function keep(name, value, seconds = YEAR_SECONDS) {
  document.cookie = `imsop_${name}=${value}; Path=/; SameSite=Lax; Max-Age=${seconds}`;
}

// A choice sets an attribute of the page at once, and a cookie that the server reads on the next request.
function choose(name, value) {
  const root = document.documentElement;
  if (value) root.dataset[name] = value;
  else delete root.dataset[name];
  keep(name, value, value ? YEAR_SECONDS : 0);
  for (const button of document.querySelectorAll(`[data-choose="${name}"]`)) {
    button.setAttribute("aria-pressed", String(button.value === value));
  }
  if (name === "theme") document.dispatchEvent(new Event("imsop:theme"));
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(except)) menu.open = false;
  }
}

document.addEventListener("click", ({ target }) => {
  closeMenus(target);
  const button = target.closest("button");
  if (!button) return;
  if (button.dataset.opens) document.getElementById(button.dataset.opens).showModal();
  if (button.dataset.choose) choose(button.dataset.choose, button.value);
  if (button.classList.contains("close")) button.closest(".note").remove();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details.menu[open]");
  if (document.querySelector("details.menu[open]")) event.preventDefault();
  closeMenus(null);
  menu?.querySelector("summary").focus();
});

document.addEventListener("change", ({ target }) => {
  if (target.closest("[data-submit-on-change]")) target.form.requestSubmit();
});

document.addEventListener("submit", (event) => {
  const list = event.target.dataset.columnsOf;
  if (!list) return;
  event.preventDefault();
  keep(`columns_${list}`, [...new FormData(event.target).keys()].join("."));
  location.reload();
});

// Empty filter fields are not submitted, to keep URLs short.
document.addEventListener("submit", ({ target }) => {
  if (target.method !== "get" || target.dataset.columnsOf) return;
  const empty = [...target.elements].filter((field) => field.name && !field.value && !field.disabled);
  for (const field of empty) field.disabled = true;
  setTimeout(() => empty.forEach((field) => (field.disabled = false)));
});

// After "back", reset filter fields to the URL: browsers restore what was selected before leaving.
addEventListener("pageshow", ({ persisted }) => {
  const [arrival] = performance.getEntriesByType("navigation");
  if (!persisted && arrival?.type !== "back_forward") return;
  for (const form of document.forms) if (form.method === "get") form.reset();
});
