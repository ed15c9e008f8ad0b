// From which language into which: the chooser, the swap, and finding the language by itself.

import { $, make } from "./dom.js";
import { get, post } from "./server.js";
import { direction, keep, kept, on, state, tell } from "./state.js";
import { named, say } from "./words.js";

const AUTO = "auto";
const LIKELY = 10; // percent; what is less likely is not taken for the reader's language
const from = code => state.languages.find(language => language.code === code);
const into = code => (from(code)?.targets ?? []).filter(target => target !== code);
export const sources = () => state.languages.filter(language => into(language.code).length);
const nameOf = code => named(code, from(code)?.name);

// What can be translated into: from the chosen source, or from any.
function targets() {
  const all = state.source === AUTO ? state.languages.flatMap(l => into(l.code)) : into(state.source);
  return [...new Set(all)];
}

export async function load() {
  const asked = ["frontend/settings", "languages", "v1/runs"].map(get);
  [state.settings, state.languages, state.runs] = await Promise.all(asked);
  const past = kept("direction", {}), known = past.source === AUTO || into(past.source).length > 0;
  state.source = known ? past.source : sources().length === 1 ? sources()[0].code : AUTO;
  state.target = targets().includes(past.target) ? past.target : targets()[0] ?? "";
  settled();
  tell("runs");
}

function option(select, code, name, chosen) {
  const node = make("option", name, select);
  node.value = code;
  node.selected = chosen;
}

function draw() {
  for (const id of ["from", "to"]) $(id).replaceChildren();
  option($("from"), AUTO, say("auto"), state.source === AUTO);
  for (const { code } of sources()) option($("from"), code, nameOf(code), code === state.source);
  for (const code of targets()) option($("to"), code, nameOf(code), code === state.target);
  const { source } = direction(), found = state.source === AUTO && state.detected;
  $("swap").disabled = !into(state.target).includes(source);
  $("detected").textContent = found ? say("detected", { language: nameOf(found) }) : "";
}

function settled() {
  keep("direction", { source: state.source, target: state.target });
  draw();
  tell("direction");
}

export function choose(source, target) {
  state.source = source;
  state.detected = "";
  state.target = targets().includes(target) ? target : targets()[0] ?? "";
  settled();
}

// Whose words these are, where the reader leaves it open. The target follows if it has to.
export async function detect(text, signal) {
  if (state.source !== AUTO) return;
  const found = (await post("detect", { q: text }, signal)).sort((a, b) => b.confidence - a.confidence);
  const known = found.find(l => l.confidence >= LIKELY && into(l.language).length);
  if (!known) throw new Error(say("error.language", { language: nameOf(found[0]?.language ?? "und") }));
  state.detected = known.language;
  if (!into(known.language).includes(state.target)) state.target = into(known.language)[0];
  draw();
}

export function start() {
  $("from").addEventListener("change", () => choose($("from").value, state.target));
  $("to").addEventListener("change", () => choose(state.source, $("to").value));
  $("swap").addEventListener("click", () => {
    const answer = state.lines.map(line => line.output ?? "").join("\n");
    if (answer.trim()) $("text").value = answer;
    choose(state.target, direction().source);
  });
  on("language", draw);
}
