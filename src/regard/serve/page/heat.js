// A heat map that is read by eye, by pointer and by keyboard.

import { $, make, token } from "./dom.js";
import { say } from "./words.js";

const SHADES = {
  light: [[241, 240, 234], [185, 195, 226], [59, 80, 160], [20, 26, 58]],
  dark: [[33, 35, 45], [51, 63, 117], [116, 138, 224], [240, 242, 255]],
};
const night = matchMedia("(prefers-color-scheme: dark)");
const shown = { map: null, rows: [], cell: null };

function shade(share) {
  const stops = SHADES[night.matches ? "dark" : "light"];
  const place = Math.min(0.9999, Math.max(0, share)) * (stops.length - 1), i = Math.floor(place), f = place - i;
  return stops[i].map((c, n) => Math.round(c + (stops[i + 1][n] - c) * f));
}
const css = share => `rgb(${shade(share).join(" ")})`;
const peak = rows => Math.max(1e-6, ...rows.map(row => Math.max(0, ...row)));
const decimals = w => w.toFixed(w && Math.abs(w) < 0.01 ? 4 : 2);

// Rows of one head's weights, or of the mean of all heads.
export function grid(map, head) {
  if (head !== null) return map.weights[head];
  const mean = (t, s) => map.weights.reduce((sum, h) => sum + h[t][s], 0) / map.weights.length;
  return map.rows.map((_, t) => map.columns.map((_, s) => mean(t, s)));
}

// A map as a small picture, one pixel a cell.
export function thumb(rows) {
  const top = peak(rows), canvas = document.createElement("canvas");
  canvas.width = Math.max(1, rows[0]?.length ?? 0);
  canvas.height = Math.max(1, rows.length);
  const pen = canvas.getContext("2d"), image = pen.createImageData(canvas.width, canvas.height);
  rows.forEach((row, t) => row.forEach((w, s) => image.data.set([...shade(w / top), 255], 4 * (t * canvas.width + s))));
  pen.putImageData(image, 0, 0);
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}

const table = () => $("frame").firstElementChild;

// The table of a map, to be coloured by `paint`.
export function build(map) {
  const head = make("thead"), line = make("tr", null, head), body = make("tbody");
  make("td", null, line);
  for (const label of map.columns) token(label, make("th", null, line), "", "span").title = label;
  map.rows.forEach((label, t) => {
    const row = make("tr", null, body);
    token(label, make("th", null, row), "", "span").title = label;
    map.columns.forEach((_, s) => { make("td", null, row).id = `cell-${t}-${s}`; });
  });
  table().replaceChildren(head, body);
  shown.map = map;
  fit();
}

// Cells as large as the width allows.
function fit() {
  if (!shown.map) return;
  const room = $("field").clientWidth - (table().querySelector("tbody th")?.offsetWidth ?? 0) - 8;
  const side = Math.floor(room / Math.max(1, shown.map.columns.length)) - 2;
  table().style.setProperty("--c", Math.max(20, Math.min(40, side)) + "px");
}

export function paint(rows) {
  const top = peak(rows), lines = table().querySelectorAll("tbody tr");
  shown.rows = rows;
  rows.forEach((row, t) => row.forEach((w, s) => { lines[t].cells[s + 1].style.background = css(w / top); }));
  const ramp = [0, 1 / 3, 2 / 3, 1].map(css).join(", ");
  $("scale").firstElementChild.style.background = `linear-gradient(to right, ${ramp})`;
  $("scale").querySelector("p").lastElementChild.textContent = top.toFixed(2);
  point(null);
}

// Marks a cell and tells its weight.
function point(cell) {
  const tip = $("cell");
  shown.cell = cell;
  table().querySelectorAll(".at").forEach(node => node.classList.remove("at"));
  tip.hidden = !cell;
  table().removeAttribute("aria-activedescendant");
  if (!cell) return;
  const { map, rows } = shown, lines = table().querySelectorAll("tr"), td = $(`cell-${cell.t}-${cell.s}`);
  for (const node of [td, lines[0].cells[cell.s + 1], lines[cell.t + 1].cells[0]]) node.classList.add("at");
  const weight = decimals(rows[cell.t][cell.s]);
  td.setAttribute("aria-label", say("cell", { row: map.rows[cell.t], column: map.columns[cell.s], weight }));
  table().setAttribute("aria-activedescendant", td.id);
  tip.replaceChildren();
  token(map.rows[cell.t], tip);
  tip.append(` ${say("looks")} `);
  token(map.columns[cell.s], tip);
  make("b", weight, tip);
  const box = td.getBoundingClientRect(), size = tip.getBoundingClientRect();
  const room = document.documentElement.clientWidth - size.width - 8;
  tip.style.left = Math.max(8, Math.min(room, box.left + box.width / 2 - size.width / 2)) + "px";
  tip.style.top = (box.top > size.height + 12 ? box.top - size.height - 8 : box.bottom + 8) + "px";
}

function cellOf(node) {
  const td = node instanceof Element && node.closest("tbody td");
  return td ? { t: td.parentNode.rowIndex - 1, s: td.cellIndex - 1 } : null;
}

function walk(event) {
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  if (event.key === "Escape") point(null);
  if (!step || !shown.rows.length || !shown.map.columns.length) return;
  event.preventDefault();
  const from = shown.cell ?? { t: -step[0], s: -step[1] };
  const clamp = (at, count) => Math.max(0, Math.min(count - 1, at));
  const cell = {
    t: clamp(from.t + step[0], shown.rows.length), s: clamp(from.s + step[1], shown.map.columns.length),
  };
  $(`cell-${cell.t}-${cell.s}`).scrollIntoView({ block: "nearest", inline: "nearest" });
  point(cell);
}

export function start() {
  const grid = table();
  grid.addEventListener("pointerover", event => point(cellOf(event.target)));
  grid.addEventListener("click", event => point(cellOf(event.target)));
  for (const gone of ["pointerleave", "blur"]) grid.addEventListener(gone, () => point(null));
  grid.addEventListener("keydown", walk);
  addEventListener("scroll", () => shown.cell && point(shown.cell), { passive: true, capture: true });
  addEventListener("resize", fit);
}
