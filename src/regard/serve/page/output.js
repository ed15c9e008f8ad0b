// The translation as it grows: every word can be pointed at, and gives way to another on a click.

import { open } from "./alternatives.js";
import { fits, named, sense, view } from "./align.js";
import { $, button, make, percent, rove, wordsOf } from "./dom.js";
import { goOn } from "./look.js";
import { on, state } from "./state.js";
import { fail } from "./translate.js";
import { say } from "./words.js";

const all = () => [...$("output").querySelectorAll(".word")];
const ofLine = at => [...($("output").children[at]?.querySelectorAll(".word") ?? [])];

function draw() {
  const box = $("output");
  if (!state.lines.length) box.replaceChildren(make("p", say("awaits"), null, "empty"));
  else if (box.querySelector(".empty")) box.replaceChildren();
  while (state.lines.length && box.children.length > state.lines.length) box.lastChild.remove();
  state.lines.forEach((line, at) => {
    const row = box.children[at] ?? make("p", null, box, "line");
    row.classList.toggle("going", !line.done);
    // a line that has not changed keeps its words, and the focus that is on them
    const print = JSON.stringify([line.output, line.prefix, line.done]);
    if (row.print !== print) fill(row, line, at);
    row.print = print;
  });
  const words = all();
  if (!words.some(word => word.tabIndex === 0)) rove(words, 0);
  foot();
}

function fill(row, line, at) {
  const set = wordsOf(line.prefix ?? "").length;
  row.replaceChildren();
  wordsOf(line.output ?? "").forEach((text, i) => {
    if (i) row.append(" ");
    const word = button(text, row, i < set ? "word set" : "word", () => line.done && open(word, at, i));
    word.tabIndex = -1;
    word.setAttribute("aria-haspopup", "dialog");
    sense(word, "target", () => at, i);
  });
  if (!row.childNodes.length) row.append("\u200b");
}

function label() {
  if (!fits()) return;
  ofLine(state.at).forEach((word, i) => word.setAttribute("aria-label", `${word.textContent}, ${named("target", i)}`));
}

// Under the translation: how sure, whether the reader has begun it, copy.
function foot() {
  const whole = state.lines.length > 0 && state.lines.every(line => line.done);
  const known = state.lines.map(line => line.confidence).filter(c => typeof c === "number");
  const least = Math.min(...known), begun = state.lines[state.at]?.prefix;
  $("copy").hidden = !whole;
  $("fixed").hidden = !begun;
  $("fixed").firstElementChild.textContent = say("fixed");
  $("sureness").hidden = !whole || !known.length;
  $("sureness").textContent = say("sure", { share: percent(known.length ? least : 0) });
  $("sureness").style.setProperty("--p", known.length ? least : 0);
  const several = known.length > 1 ? " " + say("sure.lines", { count: known.length }) : "";
  $("sureness-tip").textContent = say("sure.about") + several;
}

const answer = () => state.lines.map(line => line.output ?? "").join("\n");

async function copy() {
  try {
    await navigator.clipboard.writeText(answer());
    $("copy").textContent = $("heard").textContent = say("copied");
    setTimeout(() => { $("copy").textContent = say("copy"); }, 1500);
  } catch (wrong) { fail(wrong); }
}

// After a new beginning the focus goes to its last word.
function follow() {
  const begun = wordsOf(state.lines[state.at].prefix ?? "").length;
  const word = ofLine(state.at)[Math.max(0, begun - 1)];
  if (!word) return;
  rove(all(), all().indexOf(word));
  word.focus();
}

function walk(event) {
  const words = all(), here = words.indexOf(document.activeElement);
  const rtl = getComputedStyle($("output")).direction === "rtl" ? -1 : 1;
  const step = { ArrowLeft: -rtl, ArrowRight: rtl }[event.key];
  const next = step ? words[here + step] : { Home: words[0], End: words.at(-1) }[event.key];
  if (here < 0 || !next) return;
  event.preventDefault();
  rove(words, words.indexOf(next));
  next.focus();
}

export function start() {
  view(side => (side === "target" ? ofLine(state.at) : []));
  $("output").addEventListener("keydown", walk);
  $("copy").addEventListener("click", copy);
  $("fixed").querySelector("button").addEventListener("click", () => goOn(state.at, "").catch(fail));
  on("lines language", draw);
  on("look", label);
  on("kept", follow);
  on("direction", () => { $("output").lang = state.target; });
  on("settled", () => { $("heard").textContent = answer(); });
  draw();
}
