// Draws each chart and map from its own table, which is the source of truth; a change of the table redraws it.
import { BarChart, LineChart, LinesChart, ScatterChart } from "echarts/charts";
import { GeoComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

import { mapOption, prepareMap } from "./map.js";
import { palette } from "./palette.js";

use([
  BarChart, LineChart, LinesChart, ScatterChart, GeoComponent, GridComponent, LegendComponent, TooltipComponent,
  CanvasRenderer,
]);

const language = document.documentElement.lang;
const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });

function readTable(table) {
  const [, ...heads] = table.tHead.rows[0].cells;
  const rows = [...table.tBodies[0].rows];
  return {
    places: rows.map((row) => row.cells[0].textContent.trim()),
    series: heads.map((head, place) => {
      const cells = rows.map((row) => row.cells[place + 1]);
      return {
        label: head.textContent.trim(),
        tone: head.dataset.tone,
        isLimit: "limit" in head.dataset,
        values: cells.map(({ dataset }) => (dataset.value === "" ? null : Number(dataset.value))),
        written: cells.map((cell) => cell.textContent.trim()),
      };
    }),
  };
}

function seriesOption({ label, tone, isLimit, values }, kind, colours) {
  const color = colours[tone];
  const isLine = isLimit || kind === "line" || kind === "step";
  return {
    name: label,
    data: values,
    type: isLine ? "line" : "bar",
    step: kind === "step" && !isLimit ? "end" : false,
    stack: kind === "stacked" && !isLimit ? "all" : undefined,
    barCategoryGap: kind === "histogram" ? "4%" : "35%",
    barMaxWidth: 48,
    color,
    showSymbol: false,
    lineStyle: { width: isLimit ? 1.5 : 2, type: isLimit ? "dashed" : "solid" },
    areaStyle: isLine && !isLimit ? { opacity: 0.1 } : undefined,
    itemStyle: isLine ? {} : { borderRadius: kind === "stacked" ? 0 : [3, 3, 0, 0] },
    emphasis: { disabled: true },
  };
}

function chartOption(figure) {
  const { places, series } = readTable(figure.querySelector("table"));
  const colours = palette(figure);
  const text = { color: colours.text, fontFamily: colours.font };
  return {
    animation: false,
    textStyle: text,
    grid: { left: 8, right: 16, top: series.length > 1 ? 40 : 16, bottom: 8, containLabel: true },
    legend: { show: series.length > 1, top: 4, left: 8, icon: "roundRect", itemWidth: 12, itemHeight: 4, textStyle: text },
    // Rich text on the canvas and not HTML: the content security policy forbids inline styles.
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      backgroundColor: colours.card,
      borderColor: colours.line,
      textStyle: text,
      formatter: (points) => {
        const place = points[0].dataIndex;
        return [places[place], ...points.map((point) => `${point.seriesName}: ${series[point.seriesIndex].written[place]}`)].join("\n");
      },
    },
    xAxis: {
      type: "category",
      data: places,
      boundaryGap: figure.dataset.chart !== "line" && figure.dataset.chart !== "step",
      axisLabel: { color: colours.quiet, hideOverlap: true },
      axisLine: { lineStyle: { color: colours.line } },
      axisTick: { show: false },
    },
    yAxis: {
      type: "value",
      minInterval: series.every(({ values }) => values.every(Number.isInteger)) ? 1 : 0, // counts get no fractional ticks
      axisLabel: { color: colours.quiet, formatter: (value) => short.format(value) },
      splitLine: { lineStyle: { color: colours.line } },
    },
    series: series.map((one) => seriesOption(one, figure.dataset.chart, colours)),
  };
}

const paper = matchMedia("print");

async function show(figure) {
  const isMap = "map" in figure.dataset;
  const canvas = figure.querySelector(".chart-canvas");
  if (isMap) await prepareMap();
  const chart = init(canvas, null, { locale: language.toUpperCase() });
  const option = isMap ? mapOption : chartOption;
  const draw = () => chart.setOption(option(figure), { notMerge: !isMap, lazyUpdate: !paper.matches });
  draw();
  if (isMap) onMap(chart, figure, canvas);
  new ResizeObserver(() => paper.matches || chart.resize()).observe(canvas); // print scales the existing drawing
  new MutationObserver(draw).observe(figure.querySelector("tbody"), { attributes: true, childList: true, subtree: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  paper.addEventListener("change", draw); // redraw in print colours, and back
  document.addEventListener("imsop:theme", draw);
}

function onMap(chart, figure, canvas) {
  chart.on("click", ({ data }) => data?.href && location.assign(data.href));
  figure.addEventListener("click", ({ target }) => {
    const factor = Number(target.closest("[data-zoom]")?.dataset.zoom ?? NaN);
    if (Number.isNaN(factor)) return;
    const [zoom, center] = factor ? [(chart.getOption().geo[0].zoom ?? 1) * factor, undefined] : [1, null];
    chart.setOption({ geo: { zoom: Math.max(zoom, 1), ...(center === null && { center: null }) } });
  });
  canvas.dataset.drawn = "";
}

for (const figure of document.querySelectorAll("[data-chart], [data-map]")) show(figure);
