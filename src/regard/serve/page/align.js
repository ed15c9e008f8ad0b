// One word in the light, and its partners on the other side as bright as their weight.

import { percent, shown } from "./dom.js";
import { lookAt } from "./look.js";
import { on, state, tell } from "./state.js";
import { say } from "./words.js";

export const other = { source: "target", target: "source" };
export const light = { on: null, kept: null }; // {side, i} of the line that is looked into
const views = []; // side -> its word nodes in that line, wherever words are shown

export const view = words => views.push(words);

// Does the look tell of what the page shows now?
export function fits() {
  const line = state.lines[state.at];
  if (!state.look || !line?.done) return false;
  return state.look.source.trim() === line.text.trim() && state.look.target === line.output;
}

export function partners(side, i) {
  const [here, there] = side === "source" ? [0, 1] : [1, 0];
  return (state.look?.alignment ?? []).filter(link => link[here] === i)
    .map(link => ({ at: link[there], weight: link[2] })).sort((a, b) => b.weight - a.weight);
}

export function strongest() {
  return Math.max(1e-9, ...(state.look?.alignment ?? []).map(link => link[2]));
}

export function named(side, i) {
  const names = partners(side, i).map(p => shown(state.look[other[side] + "_words"][p.at]) + " " + percent(p.weight));
  return names.length ? say("aligned", { names: names.join(", ") }) : say("alone");
}

export function shine(what) {
  light.on = what && fits() ? what : null;
  const { on: lit } = light, found = lit ? partners(lit.side, lit.i) : [], most = strongest();
  for (const words of views) {
    for (const side of ["source", "target"]) {
      words(side).forEach((node, i) => {
        const partner = lit && side !== lit.side && found.find(p => p.at === i);
        node.classList.toggle("on", !!lit && side === lit.side && i === lit.i);
        node.classList.toggle("by", !!partner);
        if (partner) node.style.setProperty("--s", 0.25 + 0.75 * partner.weight / most);
        else node.style.removeProperty("--s");
      });
    }
  }
  document.body.classList.toggle("lit", !!lit);
  tell("lit");
}

let dwell = 0;

// A word of any line is pointed at; another line than the one looked into is looked into first.
export function point(side, at, i, wait = 180) {
  clearTimeout(dwell);
  if (at === state.at) return shine({ side, i });
  dwell = setTimeout(() => lookAt(at).then(() => at === state.at && shine({ side, i })), wait);
}

export function leave() {
  clearTimeout(dwell);
  shine(light.kept);
}

// A node that stands for word `i` of line `at()`.
export function sense(node, side, at, i) {
  node.addEventListener("pointerenter", event => event.pointerType === "mouse" && point(side, at(), i));
  node.addEventListener("pointerleave", event => event.pointerType === "mouse" && leave());
  node.addEventListener("focus", () => point(side, at(), i, 0));
  node.addEventListener("blur", leave);
}

export function start() {
  on("look lines", () => { light.kept = null; shine(light.on); });
  document.addEventListener("keydown", event => {
    if (event.key !== "Escape") return;
    light.kept = null;
    shine(null);
  });
}
