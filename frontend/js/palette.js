// Resolves the page's CSS colours to RGB: a canvas supports neither light-dark() nor var(), ECharts no oklch().

const NAMES = {
  "tone-good": "--good-shape", "tone-warning": "--warning-shape", "tone-bad": "--bad-shape",
  "tone-active": "--active-shape", "tone-quiet": "--quiet-shape", quiet: "--quiet", text: "--tblr-body-color", card: "--card", line: "--tblr-border-color",
  land: "--land", shore: "--shore",
};

const paper = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
paper.canvas.width = paper.canvas.height = 1;

function numbers(colour) {
  paper.clearRect(0, 0, 1, 1);
  paper.fillStyle = colour;
  paper.fillRect(0, 0, 1, 1);
  const [red, green, blue] = paper.getImageData(0, 0, 1, 1).data;
  return `rgb(${red}, ${green}, ${blue})`;
}

export function palette(element) {
  const probe = element.appendChild(document.createElement("span"));
  const style = getComputedStyle(probe);
  const colours = { font: style.fontFamily };
  for (const [name, variable] of Object.entries(NAMES)) {
    probe.style.color = `var(${variable})`;
    colours[name] = numbers(style.color);
  }
  probe.remove();
  return colours;
}
