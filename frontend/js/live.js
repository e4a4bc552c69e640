// What happens, as it happens: each event of the stream is one of the page, `imsop:KIND`, for any part to act on;
// a position moves the marker's row, and so its marker.

const sign = document.querySelector("[data-live]");
const AGAIN_MILLISECONDS = 5000; // after a refusal, such as of a proxy whose server starts: no browser tries again then

function follow() {
  const stream = new EventSource(sign.dataset.live);
  stream.addEventListener("open", () => (sign.dataset.state = "on"));
  let waiting;
  stream.addEventListener("error", () => {
    sign.dataset.state = "off";
    if (stream.readyState === EventSource.CLOSED) waiting = setTimeout(follow, AGAIN_MILLISECONDS);
  });
  stream.addEventListener("reload", () => location.reload());
  for (const kind of sign.dataset.kinds.split(" ")) {
    stream.addEventListener(kind, ({ data }) => {
      document.body.dispatchEvent(new CustomEvent(`imsop:${kind}`, { detail: JSON.parse(data) }));
    });
  }
  // A page that is left and kept for going back listens again when it is gone back to.
  addEventListener("pagehide", () => (clearTimeout(waiting), stream.close()), { once: true });
}

if (sign) {
  follow();
  addEventListener("pageshow", ({ persisted }) => persisted && follow());
  document.body.addEventListener("imsop:position", ({ detail }) => {
    const row = document.getElementById(`marker-${detail.shipment_id}`);
    if (!row || detail.longitude === null) return;
    row.dataset.longitude = detail.longitude;
    row.dataset.latitude = detail.latitude;
    row.cells[2].textContent = detail.location ?? `${detail.latitude}, ${detail.longitude}`;
  });
}
