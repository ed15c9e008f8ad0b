// A file in, the same file back with its translations.

import { $, make, percent } from "./dom.js";
import { upload } from "./server.js";
import { direction, on, state } from "./state.js";
import { say } from "./words.js";

const own = address => new URL(new URL(address, location.href).pathname.replace(/^\/+/, "/"), location.href).href;

function formats() {
  const kinds = state.settings.supportedFilesFormat ?? [];
  $("file").accept = kinds.join(",");
  $("kinds-of-file").textContent = kinds.map(kind => kind.replace(".", "").toUpperCase()).join(", ");
}

async function send(file) {
  const item = make("li"), line = make("div", null, item, "file");
  $("sent").prepend(item);
  make("bdi", file.name, line, "name");
  const told = make("span", null, line, "told"), bar = make("progress", null, item);
  told.setAttribute("role", "status");
  bar.setAttribute("aria-label", file.name);
  const form = new FormData(), { target } = direction();
  form.append("file", file);
  form.append("source", state.source === "auto" ? state.detected || "auto" : state.source);
  form.append("target", target);
  try {
    if (!target) throw new Error(say("files.where"));
    told.textContent = say("sending", { share: percent(0) });
    const answer = await upload("translate_file", form, share => {
      bar.value = share;
      told.textContent = share < 1 ? say("sending", { share: percent(share) }) : say("working");
      if (share >= 1) bar.removeAttribute("value"); // how long the model takes, nobody knows
    });
    const link = make("a", say("ready"), null, "strong");
    Object.assign(link, { href: own(answer.translatedFileUrl), download: "" });
    told.replaceChildren(link);
  } catch (wrong) {
    told.textContent = wrong.message;
    item.classList.add("wrong");
  }
  bar.remove();
}

export function start() {
  const drop = $("drop");
  on("direction", formats);
  $("file").addEventListener("change", () => {
    for (const file of $("file").files) send(file);
    $("file").value = "";
  });
  // a file that misses the box must not open instead of the page
  for (const name of ["dragover", "drop"]) addEventListener(name, event => event.preventDefault());
  addEventListener("dragover", () => drop.classList.add("over"));
  addEventListener("dragleave", event => event.relatedTarget || drop.classList.remove("over"));
  addEventListener("drop", event => {
    drop.classList.remove("over");
    for (const file of event.dataTransfer?.files ?? []) send(file);
  });
}
