// What the page is for just now: translating, or judging texts by one of the runs that do.

import { $, choices } from "./dom.js";
import { keep, kept, on, state, tell } from "./state.js";
import { say } from "./words.js";

const translates = () => state.runs.some(run => run.verb === "translate");
const judges = () => state.runs.filter(run => run.verb === "classify");
export const judge = () => judges().find(run => run.name === state.mode);

function draw() {
  const options = judges().map(({ name }) => ({ value: name, label: name }));
  if (translates()) options.unshift({ value: "", label: say("mode.translate") });
  $("modes").hidden = options.length < 2;
  choices($("modes"), options, state.mode, choose);
}

function choose(name) {
  state.mode = name;
  keep("mode", name);
  show();
}

function show() {
  const judging = Boolean(judge());
  document.documentElement.classList.toggle("judging", judging);
  $("lead").dataset.say = judging ? "lead.judge" : "lead";
  $("lead").textContent = say($("lead").dataset.say);
  document.querySelector(".skip").href = judging ? "#judged" : "#text";
  tell("mode");
}

export function start() {
  on("runs", () => {
    const past = kept("mode", ""), names = judges().map(run => run.name);
    const first = translates() ? "" : names[0] ?? "";
    state.mode = names.includes(past) ? past : first;
    draw();
    show();
    const nowhere = [document.body, $("text")].includes(document.activeElement);
    if (judge() && nowhere) $("judged").focus({ preventScroll: true });
  });
  on("language", draw);
}
