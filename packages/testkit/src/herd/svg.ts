/** A few elements of SVG as text. Law: numbers are rounded to a tenth, so the same data draws the same file everywhere. */

export const attribute = (value: number): string => String(Math.round(value * 10) / 10);

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
export const escaped = (text: string): string => text.replace(/[&<>"]/g, (char) => escapes[char] ?? char);

export const line = (x1: number, y1: number, x2: number, y2: number, style: string): string =>
  `<line x1="${attribute(x1)}" y1="${attribute(y1)}" x2="${attribute(x2)}" y2="${attribute(y2)}" class="${style}"/>`;

export const text = (x: number, y: number, words: string, style: string): string =>
  `<text x="${attribute(x)}" y="${attribute(y)}" class="${style}">${escaped(words)}</text>`;

/** A line through points. */
export const path = (points: readonly (readonly [number, number])[], style: string): string =>
  `<path d="${points.map(([x, y], at) => `${at === 0 ? "M" : "L"}${attribute(x)} ${attribute(y)}`).join("")}" class="${style}"/>`;

/** Bars of one width that stand on `floor`: one path, for a bar of its own each would be ten times the file. */
export const bars = (
  tops: readonly (readonly [number, number])[],
  width: number,
  floor: number,
  style: string,
): string =>
  `<path d="${tops.map(([x, y]) => `M${attribute(x)} ${attribute(floor)}V${attribute(y)}h${attribute(width)}V${attribute(floor)}z`).join("")}" class="${style}"/>`;

/** The whole picture. `label` is what a reader who sees none is told. */
export const picture = (
  width: number,
  height: number,
  label: string,
  style: string,
  inside: readonly string[],
): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(label)}">`,
    `<style>${style}</style>`,
    `<rect width="${width}" height="${height}" class="paper"/>`,
    ...inside,
    "</svg>",
    "",
  ].join("\n");
