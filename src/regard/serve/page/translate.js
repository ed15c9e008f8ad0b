// Translate as you type: wait for a pause, give up the running request, and show what comes.

import { $, button, make } from "./dom.js";
import { detect, sources } from "./languages.js";
import { stream } from "./server.js";
import { direction, on, state, tell } from "./state.js";
import { say } from "./words.js";

const PAUSE = 300; // ms without a key
const EXAMPLES = {
  de: "Ein Hund rennt durch den Schnee.", en: "A dog runs through the snow.", es: "Un perro corre por la nieve.",
  fr: "Un chien court dans la neige.", ja: "犬が雪の中を走っている。", ko: "저는 어제 친구에게 책을 주었어요.",
};
let running = null, timer = 0;

export function fail(wrong) {
  $("error").textContent = wrong?.message ?? "";
  $("error").hidden = !wrong;
}

function busy(yes) {
  $("answer").classList.toggle("busy", yes);
  $("output").setAttribute("aria-busy", String(yes));
}

export function typed(pause = PAUSE) {
  clearTimeout(timer);
  timer = setTimeout(run, pause);
  $("empty").hidden = !$("text").value;
  examples();
  tell("typed");
}

// What stood at a line stays on the page, quieter, until its new answer grows there.
function lay(text) {
  const old = state.lines;
  state.lines = text.split("\n").map((line, i) => {
    const blank = !line.trim();
    return { text: line, output: blank ? "" : old[i]?.output ?? "", done: blank };
  });
  state.at = Math.max(0, state.lines.findIndex(line => !line.done));
  tell("lines");
}

async function run() {
  running?.abort();
  fail(null);
  const text = $("text").value, now = running = new AbortController();
  if (!text.trim()) {
    state.lines = [];
    busy(false);
    return tell("lines");
  }
  busy(true);
  try {
    await detect(text, now.signal);
    lay(text);
    for await (const event of stream("v1/stream", { q: text, ...direction() }, now.signal)) {
      if (event.end) break;
      const { line, text: output, done, score, confidence } = event;
      Object.assign(state.lines[line], { output, done, score, confidence });
      tell("lines");
    }
    if (now === running) tell("settled");
  } catch (wrong) {
    if (wrong.name !== "AbortError" && now === running) refused(wrong);
  } finally {
    if (now === running) busy(false);
  }
}

// A busy server says when it is worth asking again.
function refused(wrong) {
  if (wrong.status !== 429) return fail(wrong);
  fail({ message: say("error.busy", { seconds: wrong.wait }) });
  timer = setTimeout(run, wrong.wait * 1000);
}

export function write(text) {
  $("text").value = text;
  typed(0);
}

function examples() {
  const box = $("examples");
  box.replaceChildren();
  if ($("text").value) return;
  const codes = state.source === "auto" ? sources().map(language => language.code) : [state.source];
  for (const code of codes.filter(code => EXAMPLES[code]).slice(0, 2)) {
    if (!box.childNodes.length) make("span", say("try"), box);
    const take = () => { write(EXAMPLES[code]); $("text").focus(); };
    button(EXAMPLES[code], box, "plain example", take).lang = code;
  }
}

export function start() {
  $("text").addEventListener("input", () => typed());
  $("empty").addEventListener("click", () => { write(""); $("text").focus(); });
  on("direction", () => {
    $("text").maxLength = state.settings.charLimit > 0 ? state.settings.charLimit : 20_000;
    typed(0);
  });
  on("language", examples);
}
