// Live updates: each event of the stream is dispatched as a DOM event `imsop:KIND`, and those of a shipment as
// `imsop:KIND-ID`, too. A position updates the shipment's row in the map's table, which moves its marker.

const sign = document.querySelector("[data-live]");
const AGAIN_MILLISECONDS = 5000; // after an HTTP error, such as a proxy's 502: EventSource does not retry then

const tell = (what, detail) => document.body.dispatchEvent(new CustomEvent(`imsop:${what}`, { detail }));

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
      const detail = JSON.parse(data);
      tell(kind, detail);
      if (detail.shipment_id) tell(`${kind}-${detail.shipment_id}`, detail);
    });
  }
  // A page restored from the back/forward cache reconnects.
  addEventListener("pagehide", () => (clearTimeout(waiting), stream.close()), { once: true });
}

if (sign) {
  follow();
  addEventListener("pageshow", ({ persisted }) => persisted && follow());
  const unseen = new Set(); // shipments requested once each: the map does not show all of them
  document.body.addEventListener("imsop:position", ({ detail }) => {
    const { shipment_id: id, longitude, latitude, location: place, timestamp } = detail;
    const row = document.getElementById(`marker-${id}`);
    if (!row) {
      if (longitude === null) return;
      if (document.querySelector(`[data-unseen="${id}"]`)) location.reload();
      else if (!unseen.has(id)) tell("unseen", unseen.add(id));
      return;
    }
    if (Date.parse(timestamp) <= Date.parse(row.dataset.seen)) return; // positions may arrive out of order
    row.dataset.seen = timestamp;
    row.cells[2].textContent = place ?? `${latitude}, ${longitude}`;
    if (longitude === null) return;
    row.dataset.longitude = longitude;
    row.dataset.latitude = latitude;
    row.dataset.route += `${longitude},${latitude} `;
  });
}
