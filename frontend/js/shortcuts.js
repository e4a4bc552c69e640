// Keys. Whatever has data-shortcut is pressed by it ("c", or "g p": one after the other) and says so in its tooltip.

const WITHIN_MS = 1500;
let prefix = "";
let forget = 0;

const root = document.documentElement;
const list = document.querySelector("#shortcuts");
const isTyping = (element) => element.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
const isOpen = () => document.querySelector("dialog[open], details.menu[open], :popover-open, .picker-found > *, .search:focus-within");

for (const element of document.querySelectorAll("[data-shortcut]")) {
  element.title ||= `${element.textContent.trim()} (${element.dataset.shortcut})`;
}

// The main button of the form that has the focus, or of the page.
function save(event) {
  const form = document.activeElement.closest?.("form[method=post]") ?? document.querySelector("main form[data-guarded]");
  const button = form?.querySelector(".btn-primary");
  if (!button) return;
  event.preventDefault();
  button.click();
}

function moveToRow(step) {
  const rows = [...document.querySelectorAll("main tbody tr")].filter((row) => row.querySelector("a[href]"));
  const place = rows.findIndex((row) => row.contains(document.activeElement));
  const row = rows[place < 0 ? (step > 0 ? 0 : -1) : place + step];
  row?.querySelector("a[href]").focus();
  row?.scrollIntoView({ block: "nearest" });
}

const COMMANDS = {
  j: () => moveToRow(1),
  k: () => moveToRow(-1),
  "?": () => list.showModal(),
  "[": () => document.querySelector(`[data-choose="frame"][value="${root.dataset.frame ? "" : "folded"}"]`).click(),
  Escape: () => [...document.querySelectorAll(".crumbs a")].at(-1)?.click(),
};

function press(keys) {
  const element = [...document.querySelectorAll("[data-shortcut]")].find((one) => one.dataset.shortcut === keys);
  if (element) element.click();
  else COMMANDS[keys]?.();
  return Boolean(element ?? COMMANDS[keys]);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented) return;
  if ((event.ctrlKey || event.metaKey) && (event.key === "s" || event.key === "Enter")) return save(event);
  if (root.dataset.keys === "off" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target) || isOpen()) return;
  const keys = prefix + event.key;
  prefix = "";
  clearTimeout(forget);
  if (event.key === "g" && keys === "g") {
    prefix = "g ";
    forget = setTimeout(() => (prefix = ""), WITHIN_MS);
  } else if (press(keys)) {
    event.preventDefault();
  }
});
