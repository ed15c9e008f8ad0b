// The sheet that is written on: a mirror under the text area gives it its height and lights its words.

import { $, make } from "./dom.js";
import { leave, point, view } from "./align.js";
import { on, state } from "./state.js";

let spans = []; // by line, its words

// Where each word of a text stands, by line: {from, to}.
export function places(text) {
  let start = 0;
  return text.split("\n").map(line => {
    const found = [...line.matchAll(/\S+/g)].map(m => ({ from: start + m.index, to: start + m.index + m[0].length }));
    start += line.length + 1;
    return found;
  });
}

function draw() {
  const text = $("text").value, mirror = $("mirror");
  let done = 0;
  mirror.replaceChildren();
  spans = places(text).map(line => line.map(({ from, to }) => {
    mirror.append(text.slice(done, from));
    const span = document.createElement("span");
    span.textContent = text.slice(from, to);
    mirror.append(span);
    done = to;
    return span;
  }));
  mirror.append(text.slice(done), "\u200b"); // an empty last line has a height too
}

function under(event) {
  const { clientX: x, clientY: y } = event;
  const inside = r => x >= r.left && x <= r.right && y >= r.top && y <= r.bottom;
  for (const [at, line] of spans.entries()) {
    const i = line.findIndex(span => [...span.getClientRects()].some(inside));
    if (i >= 0) return { at, i };
  }
  return null;
}

function caret() {
  const here = $("text").selectionStart;
  for (const [at, line] of places($("text").value).entries()) {
    const i = line.findIndex(({ from, to }) => here >= from && here <= to);
    if (i >= 0) return point("source", at, i, 0);
  }
  leave();
}

export function start() {
  view(side => (side === "source" ? spans[state.at] ?? [] : []));
  let last = null;
  $("text").addEventListener("pointermove", event => {
    if (event.pointerType !== "mouse") return;
    const found = under(event);
    if (found?.at === last?.at && found?.i === last?.i) return;
    last = found;
    if (found) point("source", found.at, found.i); else leave();
  });
  $("text").addEventListener("pointerleave", () => { last = null; leave(); });
  $("text").addEventListener("click", caret);
  $("text").addEventListener("keyup", event => /^(Arrow|Home|End)/.test(event.key) && caret());
  on("typed", draw);
  draw();
}
