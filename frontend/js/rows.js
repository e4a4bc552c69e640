// A click anywhere in a row of a list opens what its first cell links to; Ctrl, Shift and the middle button in a new tab.
// What can be pressed in the row stays what it is, as do rows of a form; who drags selects text.

const DRAGGED_PX = 4;
let pressed = { clientX: 0, clientY: 0 };

function linkOf(event) {
  const row = event.target.closest?.(".list tbody tr");
  const isPressable = event.target.closest?.("a, button, input, label, select, summary");
  const moved = Math.hypot(event.clientX - pressed.clientX, event.clientY - pressed.clientY);
  if (!row || isPressable || row.closest("form") || moved > DRAGGED_PX) return null;
  return row.querySelector("td.first a[href]");
}

document.addEventListener("mousedown", (event) => (pressed = event));
document.addEventListener("click", (event) => {
  const link = !event.defaultPrevented && linkOf(event);
  if (!link) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey) open(link.href, "_blank", "noopener");
  else link.click();
});
document.addEventListener("auxclick", (event) => {
  const link = event.button === 1 && linkOf(event);
  if (link) open(link.href, "_blank", "noopener");
});
