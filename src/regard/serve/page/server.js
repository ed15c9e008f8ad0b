// Questions to the server that served this page, and its refusals in words.

import { say } from "./words.js";

export class Refused extends Error {
  constructor(message, status = 0, wait = 0) {
    super(message);
    Object.assign(this, { status, wait });
  }
}

export const key = {
  get: () => { try { return sessionStorage.getItem("regard.key") ?? ""; } catch { return ""; } },
  set: value => { try { sessionStorage.setItem("regard.key", value); } catch { /* forbidden */ } },
};
export const headers = () => (key.get() ? { Authorization: "Bearer " + key.get() } : {});

// The one sentence that says what was wrong.
export function refusal(status, body, wait) {
  let sentence = "";
  try { sentence = JSON.parse(body).error; } catch { /* a proxy may answer with a page */ }
  if (typeof sentence !== "string" || !sentence) sentence = say("error.status", { status });
  if (status === 401 || status === 403) sentence += " " + say("error.key");
  return new Refused(sentence, status, Math.max(1, Number(wait) || 1));
}

async function ask(path, body, signal) {
  const sent = body === undefined ? { headers: headers(), signal } : {
    method: "POST", headers: { "Content-Type": "application/json", ...headers() }, body: JSON.stringify(body), signal,
  };
  let answer;
  try { answer = await fetch(path, sent); } catch (wrong) {
    throw wrong.name === "AbortError" ? wrong : new Refused(say("error.away"));
  }
  if (!answer.ok) throw refusal(answer.status, await answer.text(), answer.headers.get("Retry-After"));
  return answer;
}

export const get = async path => (await ask(path)).json();
export const post = async (path, body, signal) => (await ask(path, body, signal)).json();

// The events of a stream, each as it comes.
export async function* stream(path, body, signal) {
  const answer = await ask(path, body, signal);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    let piece;
    try { piece = await reader.read(); } catch (wrong) {
      throw wrong.name === "AbortError" ? wrong : new Refused(say("error.away"));
    }
    const parts = (rest + (piece.value ?? "")).split(/\r?\n\r?\n/);
    rest = parts.pop();
    for (const part of parts) {
      const lines = part.split(/\r?\n/).filter(line => line.startsWith("data:"));
      const data = lines.map(line => line.slice(5)).join("\n");
      if (!data) continue;
      const event = JSON.parse(data);
      if (event.error) throw new Refused(event.error);
      yield event;
    }
    if (piece.done) return;
  }
}

// A file to be translated: `tell` hears the share that has been sent. Only this way reports it.
export function upload(path, form, tell) {
  return new Promise((good, bad) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.upload.onprogress = event => event.lengthComputable && tell(event.loaded / event.total);
    request.onerror = () => bad(new Refused(say("error.away")));
    request.onload = () => {
      const { status, responseText } = request;
      if (status !== 200) return bad(refusal(status, responseText, request.getResponseHeader("Retry-After")));
      try { good(JSON.parse(responseText)); } catch { bad(new Refused(say("error.status", { status }))); }
    };
    request.send(form);
  });
}
