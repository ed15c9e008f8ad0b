// Which map of attention is shown: its kind, its layer, its head.

import { $, choices } from "./dom.js";
import { build, grid, paint, thumb } from "./heat.js";
import { on, state } from "./state.js";
import { say } from "./words.js";

const KINDS = ["cross", "self", "encoder"];
const view = { map: null, head: null }; // head null: the mean of all

function usual(maps) { // the same map as before, else the last layer that looks at the source
  const cross = maps.filter(m => m.kind === "cross");
  return maps.find(m => m.name === view.map?.name) ?? cross.at(-1) ?? maps[0] ?? null;
}

function kinds() {
  const maps = state.look?.maps ?? [];
  view.map = usual(maps);
  $("attention").hidden = !view.map;
  if (!view.map) return;
  const there = KINDS.filter(kind => maps.some(m => m.kind === kind));
  const options = there.map(kind => ({ value: kind, label: say("kind." + kind) }));
  choices($("kinds"), options, view.map.kind, kind => {
    const same = maps.filter(m => m.kind === kind);
    view.map = same.find(m => m.layer === view.map.layer) ?? same.at(-1);
    layers();
  });
  layers();
}

function layers() {
  const maps = state.look.maps.filter(m => m.kind === view.map.kind);
  const twice = new Set(maps.map(m => m.layer)).size < maps.length;
  const options = maps.map(m => ({ value: m, label: twice ? m.name : m.layer }));
  choices($("layers"), options, view.map, map => { view.map = map; heads(); });
  heads();
}

function heads() {
  if (view.head !== null && view.head >= view.map.weights.length) view.head = null;
  const options = [null, ...view.map.weights.keys()].map(value => ({
    value, label: value ?? say("mean"), picture: thumb(grid(view.map, value)),
  }));
  choices($("heads"), options, view.head, head => { view.head = head; paint(grid(view.map, head)); });
  build(view.map);
  paint(grid(view.map, view.head));
}

export function start() {
  on("look language", kinds);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", kinds);
}
