// World map of the rows in the map's table: position, route, and whether late.
import { getMap, registerMap } from "echarts/core";

import { palette } from "./palette.js";

const MARGIN_DEGREES = 8;
const LEAST_SPAN = { longitude: 60, latitude: 30 }; // minimal initial extent, or one ship would fill the map
const EDGE = -168; // left edge, in the Bering Strait: longitudes west of it are drawn at the right

export async function prepareMap() {
  if (getMap("world")) return;
  const { default: world } = await import("virtual:world");
  registerMap("world", world);
}

const onMap = (longitude) => (longitude < EDGE ? longitude + 360 : longitude);

// Splits routes where they cross the edge; otherwise they would run across the whole map.
function pieces(route) {
  const cut = [[]];
  for (const [x, y] of route) {
    const last = cut.at(-1).at(-1);
    if (last && Math.abs(last[0] - x) > 180) {
      const turn = x < last[0] ? 360 : -360;
      const [here, there] = turn > 0 ? [EDGE + 360, EDGE] : [EDGE, EDGE + 360];
      const latitude = last[1] + ((here - last[0]) / (x + turn - last[0])) * (y - last[1]);
      cut.at(-1).push([here, latitude]);
      cut.push([[there, latitude]]);
    }
    cut.at(-1).push([x, y]);
  }
  return cut.filter((piece) => piece.length > 1);
}

function markers(figure) {
  return [...figure.querySelector("tbody").rows].map((row) => {
    const { longitude, latitude, tone, route } = row.dataset;
    const link = row.querySelector("a");
    return {
      tone,
      href: link.getAttribute("href"),
      words: [...row.cells].map((cell) => cell.textContent.trim()),
      position: [onMap(Number(longitude)), Number(latitude)],
      route: route.trim().split(" ").filter(Boolean).map((point) => {
        const [x, y] = point.split(",").map(Number);
        return [onMap(x), y];
      }),
    };
  });
}

function bounds(seen) {
  const points = seen.flatMap(({ position, route }) => [position, ...route]);
  if (!points.length) return [[-160, 75], [180, -55]];
  const range = (axis, least) => {
    const values = points.map((point) => point[axis]);
    const [low, high] = [Math.min(...values) - MARGIN_DEGREES, Math.max(...values) + MARGIN_DEGREES];
    const lacking = Math.max(least - (high - low), 0) / 2;
    return [low - lacking, high + lacking];
  };
  const [west, east] = range(0, LEAST_SPAN.longitude);
  const [south, north] = range(1, LEAST_SPAN.latitude);
  return [[west, Math.min(north, 80)], [east, Math.max(south, -58)]];
}

export function mapOption(figure) {
  const isLate = ({ tone }) => tone === "tone-bad";
  const seen = markers(figure).sort((one, other) => isLate(one) - isLate(other)); // late ones are drawn on top
  const colours = palette(figure);
  const isMouse = matchMedia("(pointer: fine)").matches;
  return {
    animation: false,
    textStyle: { color: colours.text, fontFamily: colours.font },
    tooltip: {
      renderMode: "richText",
      confine: true,
      backgroundColor: colours.card,
      borderColor: colours.line,
      textStyle: { color: colours.text, fontFamily: colours.font },
      formatter: ({ data }) => data.words.join("\n"),
    },
    geo: {
      map: "world",
      roam: isMouse ? "move" : false, // touch scrolls the page; the buttons zoom
      boundingCoords: bounds(seen),
      left: 0,
      top: 0,
      right: 0,
      bottom: 0,
      preserveAspect: "contain",
      silent: true,
      itemStyle: { areaColor: colours.land, borderColor: colours.shore, borderWidth: 0.5 },
    },
    series: [
      {
        type: "lines",
        coordinateSystem: "geo",
        polyline: true,
        silent: true,
        data: seen.flatMap(({ route, tone }) =>
          pieces(route).map((coords) => ({ coords, lineStyle: { color: colours[tone], width: 1.5, opacity: 0.65 } })),
        ),
      },
      {
        type: "scatter",
        coordinateSystem: "geo",
        data: seen.map(({ position, tone, href, words }) => ({
          value: position,
          href,
          words,
          symbol: isLate({ tone }) ? "triangle" : "circle", // shape as well as colour, for accessibility
          symbolSize: isLate({ tone }) ? 15 : 12,
          itemStyle: { color: colours[tone], borderColor: colours.card, borderWidth: 2, opacity: 1 },
        })),
      },
    ],
  };
}
