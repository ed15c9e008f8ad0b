// Looks into the model at work on one line, each asked for once.

import { $ } from "./dom.js";
import { post } from "./server.js";
import { direction, on, state, tell } from "./state.js";
import { fail } from "./translate.js";

const MOST = 60; // looks that are remembered
const seen = new Map();

// The look at a line, its translation begun by `prefix` or made without the heads `off`.
export async function look(text, { prefix = "", off = [] } = {}, signal) {
  const question = { q: text, ...direction(), off };
  if (prefix) question.prefix = prefix;
  const name = JSON.stringify(question);
  if (!seen.has(name)) {
    const answer = await post("v1/look", question, signal);
    seen.set(name, answer);
    if (seen.size > MOST) seen.delete(seen.keys().next().value);
  }
  return seen.get(name);
}

let running = null;

// Looks into line `at`; the pictures of the last one stay until the new ones are there.
export async function lookAt(at) {
  const line = state.lines[at];
  if (!line?.done || !line.text.trim()) return;
  running?.abort();
  const now = running = new AbortController();
  state.at = at;
  $("inside").setAttribute("aria-busy", "true");
  try {
    const found = await look(line.text, { prefix: line.prefix }, now.signal);
    if (now !== running) return;
    state.look = found;
    tell("look");
  } catch (wrong) {
    if (wrong.name === "AbortError" || now !== running) return;
    fail(wrong);
    state.look = null;
    tell("look");
  } finally {
    if (now === running) $("inside").setAttribute("aria-busy", "false");
  }
}

// Goes on from a beginning that the reader chose; an empty one lets the model choose again.
export async function goOn(at, prefix) {
  const line = state.lines[at], found = await look(line.text, { prefix });
  if (state.lines[at] !== line) return;
  Object.assign(line, { output: found.target, prefix, score: found.meta.score, confidence: found.confidence });
  state.at = at;
  state.look = found;
  for (const name of ["lines", "look", "kept"]) tell(name);
}

export function start() {
  on("settled", () => lookAt(state.at));
  on("lines", () => {
    if (state.lines.length || !state.look) return;
    running?.abort();
    state.look = null;
    tell("look");
  });
}
