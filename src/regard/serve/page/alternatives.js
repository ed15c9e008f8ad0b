// What else could stand at a word of the translation, and going on from there.

import { $, button, make, minus, wordsOf } from "./dom.js";
import { goOn } from "./look.js";
import { post } from "./server.js";
import { direction, state } from "./state.js";
import { fail } from "./translate.js";
import { say } from "./words.js";

const COUNT = 8;
let running = null, opener = null;

export async function open(node, at, i) {
  const line = state.lines[at], words = wordsOf(line.output), before = words.slice(0, i).join(" ");
  running?.abort();
  const now = running = new AbortController();
  opener = node;
  $("others-title").textContent = say("others", { word: words[i] });
  tellAbout(say("waits"));
  place(node);
  try {
    const asked = { q: line.text, ...direction(), prefix: before, count: COUNT };
    const { alternatives } = await post("v1/alternatives", asked, now.signal);
    const found = alternatives.filter(a => a.word && a.word !== words[i]);
    if (now !== running) return;
    tellAbout(say(found.length ? "others.about" : "others.none"));
    found.forEach(a => offer(a, at, [before, a.word].filter(Boolean).join(" ")));
    place(node);
    $("others").querySelector("li button")?.focus();
  } catch (wrong) {
    if (wrong.name !== "AbortError") tellAbout(wrong.message);
  }
}

function tellAbout(text) {
  $("others").querySelector(".about").textContent = text;
  $("others").querySelector("ul").replaceChildren();
}

function offer({ word, text, score }, at, prefix) {
  const item = button(null, make("li", null, $("others").querySelector("ul")), "", () => take(at, prefix));
  make("bdi", word, item);
  make("small", minus(score), item, "score");
  make("bdi", text, item, "whole");
}

async function take(at, prefix) {
  close();
  $("answer").classList.add("busy");
  try { await goOn(at, prefix); } catch (wrong) { fail(wrong); }
  $("answer").classList.remove("busy");
}

function close() {
  $("others").hidePopover();
}

// Under the word, inside the window's width; above it where there is more room.
function place(node) {
  const menu = $("others");
  if (!menu.matches(":popover-open")) menu.showPopover();
  const word = node.getBoundingClientRect(), size = menu.getBoundingClientRect(), edge = 12;
  const room = document.documentElement.clientWidth - size.width - edge;
  const below = word.bottom + 6 + size.height <= innerHeight || word.top < size.height + 6;
  menu.style.left = Math.max(edge, Math.min(room, word.left)) + scrollX + "px";
  menu.style.top = (below ? word.bottom + 6 : word.top - size.height - 6) + scrollY + "px";
}

export function start() {
  const menu = $("others");
  menu.addEventListener("keydown", event => {
    const items = [...menu.querySelectorAll("li button")], here = items.indexOf(document.activeElement);
    const next = { ArrowDown: items[here + 1], ArrowUp: items[here - 1], Home: items[0], End: items.at(-1) }[event.key];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  menu.addEventListener("toggle", event => {
    if (event.newState !== "closed") return;
    running?.abort();
    if (opener?.isConnected && document.activeElement === document.body) opener.focus();
  });
}
