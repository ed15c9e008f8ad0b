// Source and translation as words with lines between them, and what the lit word is aligned with.

import { fits, light, named, other, partners, point, sense, shine, strongest, view } from "./align.js";
import { open } from "./alternatives.js";
import { $, button, make, percent, rove } from "./dom.js";
import { direction, on, state } from "./state.js";
import { say } from "./words.js";

const words = { source: [], target: [] };

function build() {
  for (const side of ["source", "target"]) {
    const texts = state.look?.[side + "_words"] ?? [];
    $(side).lang = direction()[side];
    $(side).replaceChildren();
    words[side] = texts.map((text, i) => {
      const chip = button(text, $(side), "word", () => click(chip, side, i));
      chip.setAttribute("aria-label", `${chip.textContent}, ${named(side, i)}`);
      chip.addEventListener("keydown", event => walk(event, side, i));
      sense(chip, side, () => state.at, i);
      return chip;
    });
    rove(words[side], 0);
  }
  shine(null);
}

function click(chip, side, i) {
  const same = light.kept?.side === side && light.kept.i === i;
  light.kept = same ? null : { side, i };
  point(side, state.at, i);
  if (side === "target" && fits()) open(chip, state.at, i);
}

function walk(event, side, i) {
  const rtl = getComputedStyle($(side)).direction === "rtl" ? -1 : 1;
  const step = { ArrowLeft: -rtl, ArrowRight: rtl }[event.key];
  const across = { ArrowDown: "target", ArrowUp: "source" }[event.key];
  const next = step ? words[side][i + step]
    : across && across !== side ? words[across][partners(side, i)[0]?.at ?? 0]
      : { Home: words[side][0], End: words[side].at(-1) }[event.key];
  if (!next) return;
  event.preventDefault();
  const row = words[across && across !== side ? across : side];
  rove(row, row.indexOf(next));
  next.focus();
}

function tellWords() {
  const said = $("said"), { on: lit } = light;
  said.textContent = lit || !state.look?.alignment.length ? "" : say("point");
  if (!lit) return;
  make("bdi", state.look[lit.side + "_words"][lit.i], said);
  const found = partners(lit.side, lit.i);
  said.append(" — ", found.length ? "" : say("alone"));
  found.forEach(({ at, weight }, n) => {
    if (n) said.append(", ");
    make("bdi", state.look[other[lit.side] + "_words"][at], said);
    said.append(" " + percent(weight));
  });
}

// Lines between the words, unless a sentence takes several rows: they would run through the text.
function strands() {
  const rows = side => new Set(words[side].map(chip => chip.offsetTop)).size;
  const wrapped = rows("source") > 1 || rows("target") > 1, paths = [], most = strongest();
  $("pair").classList.toggle("wrapped", wrapped);
  const base = $("pair").getBoundingClientRect();
  for (const [s, t, weight] of wrapped || !state.look ? [] : state.look.alignment) {
    const a = words.source[s]?.getBoundingClientRect(), b = words.target[t]?.getBoundingClientRect();
    if (!a || !b) continue;
    const x0 = a.left + a.width / 2 - base.left, x1 = b.left + b.width / 2 - base.left;
    const y0 = a.bottom - base.top + 2, y1 = b.top - base.top - 2, middle = (y0 + y1) / 2;
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    const strength = Math.max(0, weight / most), lit = light.on;
    const on = lit && (lit.side === "source" ? s : t) === lit.i;
    path.setAttribute("d", `M${x0} ${y0}C${x0} ${middle} ${x1} ${middle} ${x1} ${y1}`);
    path.setAttribute("stroke-width", 0.7 + 1.9 * strength);
    path.setAttribute("opacity", on ? 0.25 + 0.75 * strength : (0.1 + 0.45 * strength) * (lit ? 0.25 : 1));
    paths.push(path);
  }
  $("links").replaceChildren(...paths);
}

export function start() {
  view(side => words[side]);
  on("look language", () => {
    $("inside").hidden = !state.look;
    build();
  });
  on("lit", () => { tellWords(); strands(); });
  addEventListener("resize", strands);
  document.fonts?.ready.then(strands);
}
