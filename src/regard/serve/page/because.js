// What each word counts for in an answer: by slopes on one side, by attention on the other.

import { $, choices, make, percent, rove, shown, signed } from "./dom.js";
import { on, state } from "./state.js";
import { say } from "./words.js";

const SIDES = [["gradient", "integrated"], ["attention", "rollout"]];
const view = SIDES.map(([first]) => first); // the method of each side
const chips = [[], []]; // [side][text][word]
let kept = null;

const found = () => state.judged?.because ?? null;
const told = (side, x) => (x === null ? say("because.unread") : side ? percent(x) : signed(x));
const value = (side, t, i) => found().methods[view[side]]?.[t]?.[i] ?? null;

function draw() {
  $("because").hidden = !found();
  if (!found()) return;
  kept = null;
  SIDES.forEach((methods, side) => {
    const box = $("side-" + side), there = methods.some(name => name in found().methods);
    box.querySelector(".none").hidden = there;
    for (const part of box.querySelectorAll("fieldset, .key, .body-of-text")) part.hidden = !there;
    chips[side] = [];
    if (!there) return;
    const options = methods.map(name => ({ value: name, label: say("because." + name) }));
    choices(box.querySelector("fieldset"), options, view[side], name => {
      view[side] = name;
      colour(side);
      light(kept);
    });
    const body = box.querySelector(".body-of-text");
    body.replaceChildren();
    chips[side] = found().texts.map((text, t) => sentence(text, t, side, body));
    rove(chips[side].flat(), 0);
    colour(side);
  });
  const cut = found().read ? "" : " " + say("because.cut");
  $("caveat").textContent = say("because.caveat") + cut;
  light(null);
}

// A text as it was written, each of its words a button.
function sentence(text, t, side, body) {
  const line = make("div", null, body, "sentence");
  line.dir = "auto";
  let at = 0;
  return found().words[t].map((word, i) => {
    const from = text.indexOf(word, at);
    line.append(text.slice(at, from));
    at = from + word.length;
    const chip = make("button", word, line, "word");
    chip.type = "button";
    const here = { t, i };
    chip.addEventListener("pointerenter", event => event.pointerType === "mouse" && light(here));
    chip.addEventListener("pointerleave", event => event.pointerType === "mouse" && light(kept));
    chip.addEventListener("focus", () => light(here));
    chip.addEventListener("blur", () => light(kept));
    chip.addEventListener("click", () => light(kept = kept?.t === t && kept.i === i ? null : here));
    chip.addEventListener("keydown", event => walk(event, side, chip));
    return chip;
  });
}

function walk(event, side, chip) {
  const row = chips[side].flat(), rtl = getComputedStyle(chip.parentNode).direction === "rtl" ? -1 : 1;
  const step = { ArrowLeft: -rtl, ArrowRight: rtl }[event.key];
  const next = step ? row[row.indexOf(chip) + step] : { Home: row[0], End: row.at(-1) }[event.key];
  if (!next) return;
  event.preventDefault();
  rove(row, row.indexOf(next));
  next.focus();
}

// The strongest word of a method has the whole colour.
function colour(side) {
  const rows = found().methods[view[side]];
  const top = Math.max(1e-9, ...rows.flat().map(x => Math.abs(x ?? 0)));
  rows.forEach((row, t) => row.forEach((x, i) => {
    const chip = chips[side][t][i];
    chip.classList.toggle("against", x < 0);
    chip.classList.toggle("unread", x === null);
    chip.style.setProperty("--s", Math.abs(x ?? 0) / top);
    chip.setAttribute("aria-label", `${shown(found().words[t][i])}: ${told(side, x)}`);
  }));
  key(side);
}

function key(side) {
  const line = $("side-" + side).querySelector(".key"), { height } = found();
  line.replaceChildren();
  const entry = (tone, text) => make("span", text, line, tone);
  if (side) entry("for", say("because.more"));
  else {
    entry("for", height ? say("because.higher") : say("because.for", { label: found().label }));
    entry("against", say(height ? "because.lower" : "because.against"));
  }
  entry("marks", say("because.marks", { value: told(side, found().marks[view[side]]) }));
}

function light(what) {
  for (const chip of chips.flat(2)) chip.classList.remove("lit");
  const said = $("because-said");
  said.textContent = what ? "" : say("because.point");
  if (!what) return;
  make("bdi", found().words[what.t][what.i], said);
  const parts = [];
  chips.forEach((texts, side) => {
    if (!texts.length) return;
    texts[what.t][what.i].classList.add("lit");
    parts.push(`${say("because." + view[side])} ${told(side, value(side, what.t, what.i))}`);
  });
  said.append(" — " + parts.join("; "));
}

export function start() {
  on("judged language", draw);
  draw();
}
