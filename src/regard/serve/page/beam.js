// The beam as a tree: what was chosen, what else was tried on the way, what was pruned and why.

import { $, make, minus, token } from "./dom.js";
import { on, state } from "./state.js";
import { say } from "./words.js";
import { tree } from "./tree.js";

// The cut-off of each step: the lowest score that stayed.
function cutoffs(nodes, step = 0, lows = []) {
  for (const node of nodes) {
    if (node.fate !== "pruned") lows[step] = Math.min(lows[step] ?? Infinity, node.score);
    cutoffs(node.children, step + 1, lows);
  }
  return lows;
}

const stays = node => node.fate !== "pruned";
const fallen = (nodes, step, after) => nodes.filter(node => !stays(node)).map(node => ({ node, step, after }));

// A branch is one line until it parts: {run: nodes, from: step, pruned, children: branches}.
function branch(node, step) {
  const run = [node], pruned = [];
  for (;;) {
    const below = run.at(-1).children, next = step + run.length, stayed = below.filter(stays);
    pruned.push(...fallen(below, next, run.at(-1).text));
    if (stayed.length !== 1) {
      return { run, from: step, pruned, children: stayed.map(child => branch(child, next)) };
    }
    run.push(stayed[0]);
  }
}

// The path that was chosen, cut where it parts: what else was tried there hangs below each piece.
function path(roots) {
  const pieces = [];
  let piece = { run: [], from: 0, pruned: [], children: [] };
  for (let nodes = roots, step = 0; ; step += 1) {
    const next = nodes.find(node => node.chosen), others = nodes.filter(node => node !== next);
    piece.pruned.push(...fallen(others, step, piece.run.at(-1)?.text ?? ""));
    piece.children = others.filter(stays).map(node => branch(node, step));
    if (!next || piece.children.length) pieces.push(piece);
    if (!next) return pieces;
    if (piece.children.length) piece = { run: [], from: step, pruned: [], children: [] };
    piece.run.push(next);
    nodes = next.children;
  }
}

function item({ run, from, pruned, children }, lows) {
  const last = run.at(-1), row = make("span");
  for (const node of run) token(node.text, row, node.chosen ? "yes" : "");
  if (!last) make("span", say("start"), row, "count"); // before the first token
  else make("small", minus(last.score), row, "score");
  if (last?.fate === "finished") make("em", say("finished"), row);
  if (last?.chosen && !last.children.some(node => node.chosen)) make("em", say("chosen"), row, "yes");
  const ended = last?.fate === "kept" && !last.children.some(stays) && from + run.length < lows.length;
  if (ended) make("em", say("ended"), row, "quiet");
  return { row, open: true, children: [...children.map(child => item(child, lows)), ...dropped(pruned, lows)] };
}

function dropped(pruned, lows) {
  if (!pruned.length) return [];
  const row = make("span", say("pruned", { count: pruned.length }), null, "count");
  const children = pruned.map(p => ({ row: lost(p, lows[p.step]), children: [] }));
  return [{ row, open: false, kind: "group", children }];
}

// Why a candidate fell away: its score, and the lowest that stayed.
function lost({ node, step, after }, cut) {
  const row = make("span", null, null, "lost");
  if (after) token(after, row);
  token(node.text, row, "", "s");
  const values = { score: minus(node.score), step: step + 1, cut: minus(cut ?? 0) };
  make("small", say(node.score < cut ? "why" : "why.not", values), row);
  return row;
}

function draw() {
  const roots = state.look?.beam ?? [], lows = cutoffs(roots);
  $("beam").hidden = !roots.length;
  tree($("tree"), path(roots).map(piece => item(piece, lows)), say("beam"));
  $("unfold").setAttribute("aria-pressed", "false");
  best();
}

function best() {
  const found = state.look?.n_best ?? [];
  $("best").hidden = $("best").previousElementSibling.hidden = !found.length;
  $("best").replaceChildren();
  for (const { text, score } of found) {
    const line = make("li", null, $("best"));
    make("bdi", text, line);
    make("small", minus(score), line, "score");
  }
}

export function start() {
  on("look language", draw);
  $("unfold").addEventListener("click", () => {
    const open = $("unfold").getAttribute("aria-pressed") !== "true";
    $("unfold").setAttribute("aria-pressed", String(open));
    for (const node of $("tree").querySelectorAll(".group")) node.setAttribute("aria-expanded", String(open));
  });
}
