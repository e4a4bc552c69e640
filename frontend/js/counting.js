// Counting goods that come or go: fills what is open, counts what is scanned, and says what will be posted.
// The form names its inputs per line in data-counting: what is counted, then what is set apart, if anything.

const form = document.querySelector("[data-counting]");
const [counted, apart] = (form?.dataset.counting ?? "").split(" ");
const SCAN_GAP = 50; // Milliseconds between the keys of a scanner at most: people type slower.
const SHORTEST = 6;

const rowsOf = () => [...form.querySelectorAll("[data-codes]")];
const fieldOf = (row, what) => row.querySelector(`[name^=${what}-]`);

// As imsop.documents.quantities: 120, 5p, 5x24, = for all that is open; NaN for anything else.
function units(row, text) {
  const typed = text.trim();
  const packs = /^(\d+)\s*p$/i.exec(typed);
  const times = /^(\d+)\s*[x*\u00d7]\s*(\d+)$/i.exec(typed);
  if (!typed) return 0;
  if (typed === "=") return Number(row.dataset.open);
  if (packs) return Number(packs[1]) * Number(row.dataset.pack);
  if (times) return Number(times[1]) * Number(times[2]);
  return /^\d+$/.test(typed) ? Number(typed) : NaN;
}

function sum() {
  const line = form.querySelector("[data-sums]");
  if (!line) return;
  const total = { counted: 0, apart: 0, open: 0 };
  for (const row of rowsOf()) {
    const [here, there] = [counted, apart].map((what) => (what ? units(row, fieldOf(row, what).value) : 0));
    total.counted += here;
    total.apart += there;
    total.open += Math.max(Number(row.dataset.open) - here - there, 0);
  }
  const said = Object.values(total).some(Number.isNaN) || !(total.counted + total.apart);
  line.textContent = said
    ? ""
    : line.dataset.said.replace(/\{(\w+)\}/g, (_, name) =>
        total[name].toLocaleString(document.documentElement.lang),
      );
}

// A GTIN is 14 digits, however many zeros or which GS1 prefix it was scanned with.
function isCode(row, scanned) {
  const plain = scanned.replace(/^\][A-Za-z]\d/, "").replace(/^\(?01\)?(?=\d{14})/, "");
  return row.dataset.codes
    .split(" ")
    .some((code) => code.toLowerCase() === plain.toLowerCase() || (/^\d{8,14}$/.test(plain) && code === plain.padStart(14, "0")));
}

function count(scanned) {
  const row = rowsOf().find((one) => isCode(one, scanned));
  const said = form.querySelector("[data-scanned]");
  if (!row) {
    said.textContent = said.dataset.unknown.replace("{code}", scanned);
    said.hidden = false;
    return;
  }
  const field = fieldOf(row, counted);
  field.value = String((units(row, field.value) || 0) + 1);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
  field.select();
  said.hidden = true;
}

function listen() {
  let keys = "";
  let last = 0;
  let before = null;
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const now = performance.now();
    if (now - last > SCAN_GAP) {
      keys = "";
      before = event.target.matches?.("input") ? [event.target, event.target.value] : null;
    }
    last = now;
    if (event.key.length === 1) keys += event.key;
    else if (event.key === "Enter" && keys.length >= SHORTEST) {
      // What the scanner typed into a field is taken out again, and its Enter presses no button.
      event.preventDefault();
      event.stopPropagation();
      if (before) before[0].value = before[1];
      count(keys);
      keys = "";
    }
  }, true);
}

if (form) {
  const all = form.querySelector("[data-fills-all]");
  all.hidden = false;
  all.addEventListener("click", () => {
    for (const row of rowsOf()) {
      if (!apart || !fieldOf(row, apart).value) fieldOf(row, counted).value = row.dataset.open;
    }
    sum();
  });
  form.addEventListener("input", sum);
  listen();
  sum();
}
