// What the parts of the page share, and how they hear of a change.

export const state = {
  settings: {}, // of /frontend/settings: what the server takes
  languages: [], // of /languages: {code, name, targets}
  runs: [], // of /v1/runs: {name, verb, directions, engine, confidence, heads}
  mode: "", // the run that judges; none: the page translates
  judged: null, // {answer, because}: of /v1/classify and /v1/attribute
  source: "auto",
  target: "",
  detected: "", // the language found where `source` is "auto"
  lines: [], // {text, output, score, confidence, prefix, done}
  at: 0, // the line that is looked into
  look: null, // of /v1/look, for that line
};

const bus = new EventTarget();
export const tell = name => bus.dispatchEvent(new Event(name));
export const on = (names, run) => names.split(" ").forEach(name => bus.addEventListener(name, run));

// The direction as the server wants it.
export function direction() {
  return { source: state.source === "auto" ? state.detected : state.source, target: state.target };
}

// What only this browser keeps. A browser may refuse to keep anything: then nothing is kept.
export function kept(name, otherwise) {
  try { return JSON.parse(localStorage.getItem("regard." + name)) ?? otherwise; } catch { return otherwise; }
}
export function keep(name, value) {
  try { localStorage.setItem("regard." + name, JSON.stringify(value)); } catch { /* full, or forbidden */ }
}
