// What was translated, kept in this browser and nowhere else.

import { $, button, make } from "./dom.js";
import { choose } from "./languages.js";
import { direction, keep, kept, on, state } from "./state.js";
import { write } from "./translate.js";
import { named, say } from "./words.js";

const MOST = 50;
const past = () => kept("history", []).filter(entry => typeof entry?.text === "string");

function add() {
  const text = state.lines.map(line => line.text).join("\n").trim();
  const output = state.lines.map(line => line.output ?? "").join("\n").trim();
  if (!text || !output) return;
  const { source, target } = direction(), [last, ...older] = past();
  // typing goes on: one entry for a text as it grows, not one for each pause
  const alike = entry => entry?.source === source && entry.target === target;
  const grown = alike(last) && (text.startsWith(last.text) || last.text.startsWith(text));
  const rest = (grown || !last ? older : [last, ...older]).filter(e => !(alike(e) && e.text === text));
  keep("history", [{ source, target, text, output }, ...rest].slice(0, MOST));
  draw();
}

function draw() {
  const list = $("history").querySelector("ol"), entries = past();
  list.replaceChildren();
  if (!entries.length) make("li", say("history.none"), list, "about");
  for (const entry of entries) {
    const item = button(null, make("li", null, list), "entry", () => restore(entry));
    Object.assign(make("bdi", null, item), { textContent: entry.text, lang: entry.source });
    Object.assign(make("bdi", null, item, "quiet"), { textContent: entry.output, lang: entry.target });
    make("small", `${named(entry.source)} → ${named(entry.target)}`, item);
  }
  $("forget").hidden = !entries.length;
}

function restore({ source, target, text }) {
  choose(source, target);
  write(text);
  $("text").focus();
  $("desk").scrollIntoView({ block: "nearest" });
}

export function start() {
  on("settled kept", add);
  on("language", draw);
  $("forget").addEventListener("click", () => {
    keep("history", []);
    draw();
    $("text").focus();
  });
  draw();
}
