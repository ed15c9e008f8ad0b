// Small tools for building a page. Whatever a user or a model wrote becomes text, never markup.
// A saved page holds this file; the server's page imports it.

export const $ = id => document.getElementById(id);

// What has no shape gets one: a tab, a line's end, a blank.
export function shown(text) {
  const plain = String(text ?? "")
    .replace(/[\u0000-\u001f]/g, c => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/\u007f/g, "\u2421").replace(/[\u0080-\u009f\u2028\u2029]/g, "\ufffd");
  return plain.trim() ? plain : "␣";
}

export function make(tag, text, parent, name) {
  const node = document.createElement(tag);
  if (text != null) node.textContent = shown(text);
  if (name) node.className = name;
  if (parent) parent.append(node);
  return node;
}

// A token: the mark of a word's beginning is there, but quiet.
export function token(text, parent, name, tag = "bdi") {
  const node = make(tag, null, parent, name), plain = shown(text), mark = /^[▁Ġ]*/.exec(plain)[0];
  if (mark) make("i", mark, node, "gap");
  node.append(plain.slice(mark.length));
  return node;
}

export function button(text, parent, name, run) {
  const node = make("button", text, parent, name);
  node.type = "button";
  if (run) node.addEventListener("click", run);
  return node;
}

// A row of radio buttons in a fieldset; `picture` of a choice goes above its label.
export function choices(box, options, current, choose) {
  box.querySelectorAll(".pick").forEach(node => node.remove());
  for (const { value, label, picture } of options) {
    const pick = make("label", null, box, "pick"), input = make("input", null, pick);
    Object.assign(input, { type: "radio", name: box.id, checked: value === current });
    input.addEventListener("change", () => choose(value));
    if (picture) pick.append(picture);
    make("span", label, pick);
  }
}

// One stop for the tab key; the arrows go on from there.
export function rove(nodes, at) {
  nodes.forEach((node, i) => { node.tabIndex = i === at ? 0 : -1; });
}

export const percent = p => (p > 0 && p < 0.01 ? "<1" : p < 1 && p > 0.99 ? ">99" : Math.round(p * 100)) + "\u2009%";
export const signed = x => (x < 0 ? "\u2212" : "+") + Math.abs(x).toFixed(Math.abs(x) < 0.1 ? 3 : 2);
export const minus = (number, places = 2) => number.toFixed(places).replace("-", "\u2212");
export const wordsOf = text => text.split(/\s+/).filter(Boolean);
