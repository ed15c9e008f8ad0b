// Heads switched off, and what that changes.

import { differ } from "./differ.js";
import { $, button, make, minus } from "./dom.js";
import { look } from "./look.js";
import { direction, on, state } from "./state.js";
import { say } from "./words.js";

const off = new Map(); // "decoder.0.cross 2" -> {map, head}
let running = null;

const heads = () => {
  const { source, target } = direction();
  return state.runs.find(run => run.directions.includes(`${source}-${target}`))?.heads ?? {};
};

// "decoder.0.cross" in its parts; what an encoder has is of one kind.
function parts(map) {
  const [side, layer, what] = map.split(".");
  return { kind: say("kind." + (side === "encoder" ? "encoder" : what)), layer };
}

// A group for each kind of attention, in it a row for each layer.
function board() {
  const boards = Object.entries(heads()), box = $("boards"), groups = new Map();
  for (const [name, { map, head }] of off) if (!(head < heads()[map])) off.delete(name);
  box.replaceChildren();
  if (!boards.length) make("p", say("switches.none"), box, "about");
  for (const [map, count] of boards) {
    const { kind } = parts(map);
    if (!groups.has(kind)) make("h3", kind, groups.set(kind, make("div", null, box)).get(kind));
    row(groups.get(kind), map, count);
  }
  $("all-on").hidden = !off.size;
}

function row(group, map, count) {
  const line = make("div", null, group, "board"), name = say("board", parts(map));
  line.setAttribute("role", "group");
  line.setAttribute("aria-label", name);
  make("span", say("board.layer", parts(map)), line);
  for (let head = 0; head < count; head += 1) {
    const which = `${map} ${head}`, key = button(head, line, "head", () => flip(key, which, { map, head }));
    key.setAttribute("aria-pressed", String(!off.has(which)));
    key.setAttribute("aria-label", say("switch", { head, board: name }));
  }
}

function flip(key, name, which) {
  if (!off.delete(name)) off.set(name, which);
  key.setAttribute("aria-pressed", String(!off.has(name)));
  $("all-on").hidden = !off.size;
  compare();
}

async function compare() {
  const box = $("changed"), base = state.look, line = state.lines[state.at];
  running?.abort();
  if (!base || !off.size) return box.replaceChildren();
  const now = running = new AbortController();
  box.setAttribute("aria-busy", "true");
  try {
    const found = await look(line.text, { prefix: line.prefix, off: [...off.values()] }, now.signal);
    if (now === running) show(box, base, found);
  } catch (wrong) {
    if (wrong.name !== "AbortError" && now === running) box.replaceChildren(make("p", wrong.message, null, "wrong"));
  } finally {
    if (now === running) box.removeAttribute("aria-busy");
  }
}

function show(box, base, found) {
  const words = differ(base.target_words, found.target_words), changed = words.some(w => w.fate !== "same");
  box.replaceChildren();
  const rows = [[say("before"), "new", "del"], [say("after", { count: off.size }), "gone", "ins"]];
  for (const [title, gone, tag] of rows) {
    make("h3", title, box);
    const line = make("p", null, box, "sentence");
    for (const { word, fate } of words.filter(w => w.fate !== gone)) {
      if (line.childNodes.length) line.append(" ");
      make(fate === "same" ? "bdi" : tag, word, line);
    }
    if (!line.childNodes.length) line.append("␣");
  }
  const [before, after] = [base.meta.score, found.meta.score], change = after - before;
  const sign = change > 0 ? "+" : "";
  const values = { before: minus(before), after: minus(after), change: sign + minus(change) };
  const score = say("score", values);
  make("p", (changed ? "" : say("same") + " ") + score, box, "about score");
}

export function start() {
  on("direction look language", board);
  on("look language", compare);
  $("all-on").addEventListener("click", () => {
    off.clear();
    board();
    compare();
    $("boards").querySelector("button")?.focus();
  });
}
