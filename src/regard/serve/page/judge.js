// A text, or a pair, judged as one types: its label, and how probable each label is.

import { $, make, percent } from "./dom.js";
import { judge } from "./modes.js";
import { post } from "./server.js";
import { on, state, tell } from "./state.js";
import { say } from "./words.js";

const PAUSE = 300; // ms without a key
let running = null, timer = 0;

const pair = () => judge()?.reads === "pairs";
const given = () => [$("judged").value, ...(pair() ? [$("judged-2").value] : [])];

function fail(wrong) {
  $("judge-error").textContent = wrong?.message ?? "";
  $("judge-error").hidden = !wrong;
}

function typed(pause = PAUSE) {
  clearTimeout(timer);
  timer = setTimeout(run, pause);
  $("judge-empty").hidden = !given().join("");
}

async function run() {
  running?.abort();
  fail(null);
  const texts = given(), used = judge(), now = running = new AbortController();
  const blank = !used || texts.some(text => !text.trim());
  $("verdict").setAttribute("aria-busy", String(!blank));
  if (blank) return show(null, null);
  const asked = { run: used.name, ...(pair() ? { pairs: [texts] } : { texts }) };
  try {
    const { answers: [answer] } = await post("v1/classify", asked, now.signal);
    show(answer, state.judged?.because ?? null);
    $("heard").textContent = answer.label;
    show(answer, await post("v1/attribute", { run: used.name, texts }, now.signal));
  } catch (wrong) {
    if (wrong.name !== "AbortError" && now === running) refused(wrong);
  } finally {
    if (now === running) $("verdict").setAttribute("aria-busy", "false");
  }
}

// A busy server says when it is worth asking again.
function refused(wrong) {
  show(null, null);
  if (wrong.status !== 429) return fail(wrong);
  fail({ message: say("error.busy", { seconds: wrong.wait }) });
  timer = setTimeout(run, wrong.wait * 1000);
}

function show(answer, because) {
  state.judged = answer && { answer, because };
  draw();
  tell("judged");
}

function draw() {
  const answer = state.judged?.answer, list = $("chances");
  $("label").replaceChildren();
  make("bdi", answer ? answer.label : say("judge.awaits"), $("label"), answer ? "" : "empty");
  list.replaceChildren();
  for (const [label, p] of Object.entries(answer?.probabilities ?? {})) {
    const item = make("li", null, list, label === answer.label ? "most" : "");
    make("bdi", label, item);
    make("i", null, item).style.setProperty("--p", p);
    make("small", percent(p), item);
  }
}

function mode() {
  $("judged-2").hidden = !pair();
  $("judged").setAttribute("aria-label", say(pair() ? "judge.first" : "judge.text"));
  const most = state.settings.charLimit > 0 ? state.settings.charLimit : 20_000;
  for (const id of ["judged", "judged-2"]) $(id).maxLength = most;
  show(null, null);
  if (judge()) typed(0);
}

export function start() {
  for (const id of ["judged", "judged-2"]) $(id).addEventListener("input", () => typed());
  $("judge-empty").addEventListener("click", () => {
    for (const id of ["judged", "judged-2"]) $(id).value = "";
    typed(0);
    $("judged").focus();
  });
  on("mode", mode);
  on("language", () => { mode(); });
  draw();
}
