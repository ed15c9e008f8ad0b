// How sure the model was of each token of its answer.

import { $, make, percent, token } from "./dom.js";
import { on, state } from "./state.js";

function draw() {
  const scores = state.look?.token_scores ?? [], list = $("certain").querySelector("ol");
  $("certain").hidden = !scores.length;
  list.replaceChildren();
  for (const [text, p] of scores) {
    const item = make("li", null, list, p < 0.5 ? "low" : "");
    token(text, item).title = text;
    make("i", null, item).style.setProperty("--p", Math.min(1, p));
    make("small", percent(p), item);
  }
}

export const start = () => on("look", draw);
