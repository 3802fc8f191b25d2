/** Draws figures as bars, as an SVG that suits light and dark pages. */

const WIDTH = 920;
const MARGIN = 24;
const GAP = 36; // between columns and between panels
const COLUMNS = 2;
const LABELS = 176; // of a panel, for the names of its bars
const NUMBERS = 92; // of a panel, for what stands behind its bars
const LINE = 21;
const BAR = 13;
const TITLE = 44;
const LEGEND = 30;
const FONT = "-apple-system, 'Segoe UI', Helvetica, Arial, sans-serif";

const STYLE = `
  .page { fill: #ffffff; stroke: #d1d9e0 }
  text { fill: #1f2328; font: 12px ${FONT} }
  .title { font-weight: 600; font-size: 13px }
  .faint { fill: #59636e; font-size: 11px }
  .number { font-variant-numeric: tabular-nums }
  .ours { fill: #0969da } .native { fill: #818b98 } .peer { fill: #bf8700 }
  .spread { stroke: #1f2328; stroke-opacity: 0.55 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; stroke: #3d444d }
    text { fill: #f0f6fc }
    .faint { fill: #9198a1 }
    .ours { fill: #4493f8 } .native { fill: #656c76 } .peer { fill: #d29922 }
    .spread { stroke: #f0f6fc }
  }`;

/**
 * @typedef {object} Bar
 * @property {string} label
 * @property {string} kind Its legend's.
 * @property {number} value
 * @property {[number, number]} range Of the runs that the value is the median of.
 * @property {string} text Stands behind it.
 *
 * @typedef {object} Panel
 * @property {string} title
 * @property {string} note Below the title.
 * @property {Bar[]} bars
 *
 * @param {object} plot
 * @param {string} plot.title For those who cannot see it.
 * @param {Panel[]} plot.panels
 * @param {Record<"ours" | "native" | "peer", string>} plot.legend What the colours mean, by kind.
 * @param {string} plot.note At the bottom.
 * @returns {string} The SVG.
 */
export function draw({ title, panels, legend, note }) {
  const width = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GAP) / COLUMNS;
  let y = MARGIN;
  const parts = [];
  for (let i = 0; i < panels.length; i += COLUMNS) {
    const row = panels.slice(i, i + COLUMNS);
    row.forEach((panel, column) => parts.push(move(MARGIN + column * (width + GAP), y, drawPanel(panel, width))));
    y += TITLE + LINE * Math.max(...row.map(({ bars }) => bars.length)) + GAP;
  }
  parts.push(move(MARGIN, y, drawLegend(legend, note)));
  const height = y + LEGEND + MARGIN / 2;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escape(title)}">
<style>${STYLE}
</style>
<rect class="page" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="6"/>
${parts.join("\n")}
</svg>
`;
}

/** @param {Panel} panel @param {number} width */
function drawPanel({ title, note, bars }, width) {
  const scale = (width - LABELS - NUMBERS) / Math.max(...bars.flatMap(({ value, range }) => [value, range[1]]));
  const lines = bars.map((bar, i) => move(0, TITLE + i * LINE, drawBar(bar, scale)));
  return [text(0, 12, title, "title"), text(0, 29, note, "faint"), ...lines].join("\n");
}

/** @param {Bar} bar @param {number} scale */
function drawBar({ label, kind, value, range, text: behind }, scale) {
  const [least, most] = range.map((number) => fixed(LABELS + number * scale));
  const middle = BAR / 2;
  return [
    text(LABELS - 8, BAR - 2, label, "", "end"),
    `<rect class="${kind}" x="${LABELS}" width="${fixed(Math.max(1, value * scale))}" height="${BAR}" rx="2"/>`,
    `<path class="spread" d="M${least} ${middle}H${most}M${least} ${middle - 3}v6M${most} ${middle - 3}v6"/>`,
    text(Math.max(most, LABELS + value * scale) + 6, BAR - 2, behind, "number"),
  ].join("");
}

/** @param {Record<string, string>} legend @param {string} note */
function drawLegend(legend, note) {
  let x = 0;
  const entries = Object.entries(legend).map(([kind, meaning]) => {
    const entry = move(x, 0, `<rect class="${kind}" width="11" height="11" rx="2"/>${text(17, 10, meaning)}`);
    x += 17 + meaning.length * 6.4 + 20;
    return entry;
  });
  return [...entries, text(WIDTH - 2 * MARGIN, 10, note, "faint", "end")].join("\n");
}

/** @param {number} x @param {number} y @param {string} content */
function move(x, y, content) {
  return `<g transform="translate(${fixed(x)} ${fixed(y)})">${content}</g>`;
}

/** @param {number} x @param {number} y @param {string} content */
function text(x, y, content, kind = "", anchor = "") {
  const attributes = `${kind && ` class="${kind}"`}${anchor && ` text-anchor="${anchor}"`}`;
  return `<text x="${fixed(x)}" y="${fixed(y)}"${attributes}>${escape(content)}</text>`;
}

/** @param {number} number */
function fixed(number) {
  return Number(number.toFixed(1));
}

/** @param {string} content */
function escape(content) {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
