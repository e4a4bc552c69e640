// Forms that are guarded: what was typed is not lost by leaving the page, by pressing twice, or without a server.

const BUSY_AFTER_MS = 300;
const PATIENCE_MS = 8000;
let isLeaving = false;

const guarded = () => document.querySelector("form[data-guarded]");
const typedIn = (form) => [...new FormData(form)].map(([name, value]) => `${name}=${value}`).join("&");
const before = guarded() && typedIn(guarded());
const unanswered = document.querySelector("#no-answer");

addEventListener("beforeunload", (event) => {
  const form = guarded();
  if (form && !isLeaving && (form.dataset.guarded === "refused" || typedIn(form) !== before)) event.preventDefault();
});

async function answers() {
  try {
    const reply = await fetch("/health/live", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    return reply.ok;
  } catch {
    return false;
  }
}

function tell(form, isReachable) {
  document.querySelector(".no-answer")?.remove();
  if (!isReachable) form.prepend(unanswered.content.cloneNode(true));
}

// A browser that sends a form to a server which does not answer shows its own page, and what was typed is gone.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!("guarded" in form.dataset)) return void (isLeaving ||= form.method === "post");
  event.preventDefault();
  if (form.ariaBusy) return;
  form.ariaBusy = "true";
  const button = event.submitter ?? form.querySelector(".btn-primary");
  const late = setTimeout(() => button.classList.add("is-busy"), BUSY_AFTER_MS);
  const isReachable = await answers();
  tell(form, isReachable);
  if (isReachable) {
    isLeaving = true;
    form.submit();
  } else {
    clearTimeout(late);
    button.classList.remove("is-busy");
    form.ariaBusy = null;
  }
});

addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  isLeaving = false;
  for (const form of document.querySelectorAll("form[aria-busy]")) form.ariaBusy = null;
  for (const button of document.querySelectorAll(".is-busy")) button.classList.remove("is-busy");
});

// A typed password can be looked at. It is sent as one, as a browser remembers what is typed into other fields.
for (const button of document.querySelectorAll("[data-reveals]")) {
  const show = (isShown) => {
    button.ariaPressed = String(isShown);
    document.getElementById(button.dataset.reveals).type = isShown ? "text" : "password";
  };
  button.hidden = false;
  button.addEventListener("click", () => show(button.ariaPressed !== "true"));
  button.form.addEventListener("submit", () => show(false));
}
