// The API key, for a server that asks for one.

import { $ } from "./dom.js";
import { key } from "./server.js";
import { tell } from "./state.js";

export function start() {
  $("to-settings").addEventListener("click", () => {
    $("key").value = key.get();
    $("settings").showModal();
  });
  $("settings").addEventListener("close", () => {
    const changed = $("key").value.trim() !== key.get();
    key.set($("key").value.trim());
    if (changed) tell("key");
  });
}
