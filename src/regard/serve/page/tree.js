// A tree that opens and closes, by pointer and with the keys that such trees have everywhere.

import { make, rove } from "./dom.js";

// Draws items {row, children, open, kind} into `box`.
export function tree(box, items, label) {
  const root = make("ul");
  root.setAttribute("role", "tree");
  root.setAttribute("aria-label", label);
  grow(root, items, 1);
  box.replaceChildren(root);
  rove([...root.querySelectorAll("li")], 0);
  root.addEventListener("keydown", walk);
  root.addEventListener("click", event => {
    const item = event.target.closest("li");
    if (item && event.target.closest(".row")?.parentNode === item) toggle(item);
    if (item) focus(item);
  });
}

function grow(list, items, level) {
  for (const { row, children, open, kind } of items) {
    const item = make("li", null, list, kind);
    item.setAttribute("role", "treeitem");
    item.setAttribute("aria-level", level);
    row.classList.add("row");
    item.append(row);
    if (!children.length) continue;
    item.setAttribute("aria-expanded", String(!!open));
    const below = make("ul", null, item);
    below.setAttribute("role", "group");
    grow(below, children, level + 1);
  }
}

const expanded = item => item.getAttribute("aria-expanded");

function toggle(item, open = expanded(item) !== "true") {
  if (expanded(item) !== null) item.setAttribute("aria-expanded", String(open));
}

function focus(item) {
  rove([...item.closest("[role=tree]").querySelectorAll("li")], -1);
  item.tabIndex = 0;
  item.focus();
}

function walk(event) {
  const item = event.target.closest("li"), root = item?.closest("[role=tree]");
  if (!item || event.altKey || event.ctrlKey || event.metaKey) return;
  const seen = [...root.querySelectorAll("li")].filter(li => !li.parentNode.closest("li[aria-expanded=false]"));
  const at = seen.indexOf(item), state = expanded(item);
  const parent = item.parentNode.closest("li"), child = item.querySelector("li");
  const go = {
    ArrowDown: () => seen[at + 1], ArrowUp: () => seen[at - 1], Home: () => seen[0], End: () => seen.at(-1),
    ArrowRight: () => (state === "false" ? toggle(item, true) : child),
    ArrowLeft: () => (state === "true" ? toggle(item, false) : parent),
    Enter: () => toggle(item), " ": () => toggle(item),
  }[event.key];
  if (!go) return;
  event.preventDefault();
  const next = go();
  if (next) focus(next);
}
