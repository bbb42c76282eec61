// Builds the bundle of the pages into src/promptuary/web/static/build: scripts, faces, and the licences of both.
//
// Scripts are named by their content; manifest.json tells which is which. A build replaces the one before it as a whole.

import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import subsetFont from "subset-font";

const HERE = dirname(fileURLToPath(import.meta.url));
const OUTPUT = join(HERE, "../src/promptuary/web/static/build");
const UNFINISHED = join(HERE, "unfinished");

// The ranges of static/css/fonts.css, but for a few signs that no face has.
const LATIN = characters([0x20, 0x7e], [0xa0, 0xff], [0x131], [0x152, 0x153], [0x160, 0x161], [0x178], [0x17d, 0x17e], [0x2c6],
  [0x2dc], [0x2010, 0x203a], [0x20ac], [0x2122], [0x2190, 0x2193], [0x2212]);
const EXTENDED = characters([0x100, 0x17f], [0x218, 0x21b], [0x1e80, 0x1e85], [0x1e9e]);

const FEATURES = ["ccmp", "kern", "liga", "locl", "mark", "mkmk", "pnum", "tnum"];

const FACES = [
  face("literata", "latin", "normal", { min: 400, max: 650 }),
  face("literata", "extended", "normal", { min: 400, max: 650 }),
  face("literata", "latin", "italic", 400),
  face("literata", "extended", "italic", 400),
  face("jetbrains-mono", "latin", "normal", { min: 400, max: 600 }),
  face("jetbrains-mono", "extended", "normal", { min: 400, max: 600 }),
];

function characters(...ranges) {
  return ranges
    .flatMap(([first, last = first]) => Array.from({ length: last - first + 1 }, (_, index) => String.fromCodePoint(first + index)))
    .join("");
}

function face(family, part, style, weight) {
  const folder = join(HERE, "node_modules/@fontsource-variable", family);
  return {
    source: join(folder, "files", `${family}-${part === "latin" ? "latin" : "latin-ext"}-wght-${style}.woff2`),
    target: `${family}${style === "italic" ? "-italic" : ""}-${part}.woff2`,
    text: part === "latin" ? LATIN : EXTENDED,
    weight,
  };
}

async function buildFaces() {
  for (const { source, target, text, weight } of FACES) {
    const subset = await subsetFont(await readFile(source), text, {
      targetFormat: "woff2",
      noHinting: true,
      keepFeatures: FEATURES,
      variationAxes: { wght: weight },
    });
    await writeFile(join(UNFINISHED, target), subset);
  }
}

async function buildScripts() {
  const { metafile } = await build({
    entryPoints: { app: join(HERE, "src/app.ts") },
    outdir: UNFINISHED,
    bundle: true,
    splitting: true,
    format: "esm",
    target: ["es2022"],
    minify: true,
    legalComments: "none",
    entryNames: "[name].[hash]",
    chunkNames: "[name].[hash]",
    metafile: true,
    absWorkingDir: HERE,
    logLevel: "warning",
  });
  const scripts = Object.entries(metafile.outputs);
  const entries = scripts.filter(([, output]) => output.entryPoint === "src/app.ts");
  await writeFile(
    join(UNFINISHED, "manifest.json"),
    `${JSON.stringify(Object.fromEntries(entries.map(([path]) => ["app.js", path.split("/").at(-1)])), null, 2)}\n`,
  );
  return new Set(scripts.flatMap(([, output]) => Object.entries(output.inputs)
    .filter(([, input]) => input.bytesInOutput > 0)
    .map(([path]) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1])
    .filter(Boolean)));
}

async function writeLicences(packages) {
  const texts = new Map();
  for (const name of [...packages, "@fontsource-variable/jetbrains-mono", "@fontsource-variable/literata"].sort()) {
    const folder = join(HERE, "node_modules", name);
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((each) => /^licen[cs]e/i.test(each));
    const text = (await readFile(join(folder, file), "utf8")).trim();
    const key = createHash("sha256").update(text).digest("hex");
    const known = texts.get(key) ?? { text, names: [] };
    known.names.push(`${name} ${version}`);
    texts.set(key, known);
  }
  const parts = [...texts.values()].map(({ names, text }) => `${names.join("\n")}\n\n${text}\n`);
  await writeFile(join(UNFINISHED, "licences.txt"), `The scripts and faces of these pages contain:\n\n${parts.join(`\n${"-".repeat(80)}\n\n`)}`);
}

await rm(UNFINISHED, { recursive: true, force: true });
await mkdir(UNFINISHED, { recursive: true });
await buildFaces();
await writeLicences(await buildScripts());
await rm(OUTPUT, { recursive: true, force: true });
await rename(UNFINISHED, OUTPUT);
