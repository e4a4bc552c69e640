// node build.mjs OUT [--watch]: builds the assets with content hashes in their names, compressed, and manifest.json.
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import * as esbuild from "esbuild";
import { PurgeCSS } from "purgecss";
import { feature } from "topojson-client";

const here = import.meta.dirname;
const out = resolve(process.argv[2]);
const pages = resolve(here, "../src/imsop");
const MODULES = join(here, "node_modules");
const TARGET = ["chrome123", "firefox128", "safari17.5"]; // the oldest versions with light-dark() and the other features in use
const COMPRESSED = new Set([".css", ".js", ".svg"]);

function packageFile(name) {
  return readFileSync(join(MODULES, name), "utf8");
}

// The country outlines, without Antarctica. Rings that cross 180° are unwrapped to avoid streaks.
function worldMap() {
  const topology = JSON.parse(packageFile("world-atlas/countries-110m.json"));
  const countries = feature(topology, topology.objects.countries).features;
  const unwrapped = (ring) => {
    let turn = 0;
    return ring.map(([longitude, latitude], place) => {
      const step = place ? longitude - ring[place - 1][0] : 0;
      if (Math.abs(step) > 180) turn -= Math.sign(step) * 360;
      return [Math.round((longitude + turn) * 100) / 100, Math.round(latitude * 100) / 100];
    });
  };
  const east = (polygon) => (polygon[0].every(([longitude]) => longitude < -168) ? polygon.map((ring) => ring.map(([x, y]) => [x + 360, y])) : polygon);
  return {
    type: "FeatureCollection",
    features: countries
      .filter((country) => country.properties.name !== "Antarctica")
      .map(({ properties, geometry }) => {
        const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
        const coordinates = polygons.map((polygon) => east(polygon.map(unwrapped)));
        return { type: "Feature", properties: { name: properties.name }, geometry: { type: "MultiPolygon", coordinates } };
      }),
  };
}

// The SVG content of each icon in icons.json, which the server inlines into pages.
function icons() {
  const nodes = JSON.parse(packageFile("@tabler/icons/tabler-nodes-outline.json"));
  const names = JSON.parse(readFileSync(join(here, "icons.json"), "utf8"));
  return Object.fromEntries(
    names.map((name) => {
      if (!nodes[name]) throw new Error(`icons.json: Tabler has no icon ${name}`);
      const drawn = nodes[name].map(([tag, attributes]) => {
        const given = Object.entries(attributes).map(([key, value]) => ` ${key}="${value}"`);
        return `<${tag}${given.join("")}/>`;
      });
      return [name, drawn.join("")];
    }),
  );
}

// Licences require their text to accompany the code.
function licences() {
  const { dependencies } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
  return Object.keys({ ...dependencies, zrender: "" })
    .sort()
    .map((name) => {
      const [file] = globSync("{LICENSE,LICENCE,license}*", { cwd: join(MODULES, name) });
      const { version, license } = JSON.parse(packageFile(`${name}/package.json`));
      return `${name} ${version} (${license})\n\n${file ? packageFile(`${name}/${file}`) : ""}`;
    })
    .join(`\n${"-".repeat(80)}\n\n`);
}

// Drops CSS rules whose classes occur in no template or script.
async function styles(fonts) {
  const bundled = await esbuild.build({
    entryPoints: [join(here, "css/app.css")],
    outdir: out,
    assetNames: "[name]-[hash]",
    publicPath: "/assets",
    loader: { ".woff2": "file" },
    bundle: true,
    write: false,
    target: TARGET,
    legalComments: "none",
  });
  fonts.push(...bundled.outputFiles.filter((file) => file.path.endsWith(".woff2")));
  const [purged] = await new PurgeCSS().purge({
    content: [`${pages}/ui/templates/**/*.html`, `${pages}/web/pages/**/*.html`, `${here}/js/**/*.js`],
    css: [{ raw: bundled.outputFiles.find((file) => file.path.endsWith(".css")).text }],
    variables: true,
    keyframes: true,
    safelist: { variables: [/^--(?!tblr)/] }, // our own variables: charts read them by name
    dynamicAttributes: ["data-theme", "data-density", "data-state", "open", "aria-current", "aria-invalid", "aria-sort"],
  });
  return (await esbuild.transform(purged.css, { loader: "css", minify: true, target: TARGET })).code;
}

// Pages load app.js, which imports charts.js if there is a chart, which imports the world if there is a map.
// Two builds: in a single one, shared code would become a chunk that every page has to wait for.
async function scripts() {
  const world = (build) => {
    build.onResolve({ filter: /^virtual:world$/ }, () => ({ path: "world", namespace: "world" }));
    build.onLoad({ filter: /.*/, namespace: "world" }, () => ({
      contents: `export default JSON.parse(${JSON.stringify(JSON.stringify(worldMap()))})`,
    }));
  };
  const charts = await bundle("charts", world);
  const named = basename(charts.find((file) => basename(file.path).startsWith("charts-")).path);
  const later = (build) => build.onResolve({ filter: /^\.\/charts\.js$/ }, () => ({ path: `./${named}`, external: true }));
  return [...charts, ...(await bundle("app", later))];
}

async function bundle(name, setup) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [join(here, `js/${name}.js`)],
    outdir: out,
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    plugins: [{ name: "ours", setup }],
    bundle: true,
    splitting: true,
    format: "esm",
    minify: true,
    write: false,
    target: TARGET,
    legalComments: "none",
  });
  return outputFiles;
}

async function build() {
  const manifest = {};
  const made = [];
  const add = (logical, contents, hashed) => {
    const digest = createHash("sha256").update(contents).digest("hex").slice(0, 10);
    const extension = extname(logical);
    manifest[logical] = hashed ?? `${basename(logical, extension)}-${digest}${extension}`;
    made.push([manifest[logical], Buffer.from(contents)]);
  };
  const fonts = [];
  add("app.css", await styles(fonts));
  for (const file of [...fonts, ...(await scripts())]) {
    const hashed = basename(file.path);
    add(hashed.replace(/-[A-Z0-9]{8}(?=\.\w+$)/, ""), file.contents, hashed);
  }
  add("mark.svg", readFileSync(join(here, "mark.svg")));
  const next = `${out}.next`;
  rmSync(next, { recursive: true, force: true });
  mkdirSync(next, { recursive: true });
  for (const [name, contents] of made) {
    writeFileSync(join(next, name), contents);
    if (!COMPRESSED.has(extname(name))) continue;
    writeFileSync(join(next, `${name}.gz`), gzipSync(contents, { level: 9 }));
    const size = { [constants.BROTLI_PARAM_SIZE_HINT]: contents.length };
    writeFileSync(join(next, `${name}.br`), brotliCompressSync(contents, { params: size }));
  }
  writeFileSync(join(next, "icons.json"), JSON.stringify(icons()));
  writeFileSync(join(next, "licences.txt"), licences());
  writeFileSync(join(next, "manifest.json"), JSON.stringify(manifest, null, 1));
  // Two renames, so that a running server sees an incomplete folder only for an instant.
  const last = `${out}.last`;
  rmSync(last, { recursive: true, force: true });
  if (existsSync(out)) renameSync(out, last);
  renameSync(next, out);
  rmSync(last, { recursive: true, force: true });
  const sizes = readdirSync(out).filter((name) => name.endsWith(".br")).map((name) => `${name.slice(0, -3)} ${Math.ceil(readFileSync(join(out, name)).length / 1024)} KB`);
  console.log(`assets: ${sizes.join(", ")}`);
}

await build();
if (process.argv.includes("--watch")) {
  let waiting;
  const changed = (_, file) => {
    if (!file || !/^(css|js)\/|\.html$|icons\.json$|mark\.svg$/.test(file) || file.includes("node_modules")) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => build().catch((error) => console.error(error.message)), 50);
  };
  for (const folder of [here, pages]) watch(folder, { recursive: true }, changed);
  console.log("watching; Ctrl-C ends it");
}
