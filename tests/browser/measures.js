// What the tests measure in the page: each function returns what is wrong, or a fact.

const said = node => node.outerHTML.slice(0, 120);
const box = node => node.getBoundingClientRect();
const all = selector => [...document.querySelectorAll(selector)];

// Siblings whose boxes share more than a hair, unless one is meant to lie upon the other.
function overlaps() {
  const options = { visibilityProperty: true, opacityProperty: true };
  const seen = n => n.checkVisibility(options) && box(n).width > 2 && box(n).height > 2;
  const lies = n => ["absolute", "fixed", "sticky"].includes(getComputedStyle(n).position);
  const flows = n => getComputedStyle(n).display === "inline"; // lines of text may be close
  const shared = (a, b) => [
    Math.min(a.right, b.right) - Math.max(a.left, b.left),
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top),
  ];
  const found = [];
  for (const parent of all("body, body *:not(svg, svg *, #sheet, select)")) {
    const children = [...parent.children].filter(n => seen(n) && !lies(n));
    children.forEach((a, i) => children.slice(i + 1).forEach(b => {
      const most = flows(a) && flows(b) ? 8 : 1.5;
      for (const one of a.getClientRects()) {
        for (const two of b.getClientRects()) {
          const [w, h] = shared(one, two);
          if (w > 1.5 && h > most) found.push([said(a), said(b), w, h]);
        }
      }
    }));
  }
  return found;
}

// Text that is cut off, where no title tells the whole; the history is short on purpose.
function clipped() {
  return all("body *:not(script, style, option, .heard, .heard *, svg *)").filter(n => {
    const style = getComputedStyle(n);
    const hidden = way => ["hidden", "clip"].includes(style["overflow" + way]);
    if (!n.checkVisibility() || style.webkitLineClamp !== "none") return false;
    if (n.title || n.querySelector("[title]")) return false;
    return (hidden("X") && n.scrollWidth > n.clientWidth + 1)
      || (hidden("Y") && n.scrollHeight > n.clientHeight + 1);
  }).map(said);
}

// What stands outside the window, where nothing scrolls.
function outside() {
  const scrolls = n => n && (/auto|scroll/.test(getComputedStyle(n).overflowX) || scrolls(n.parentElement));
  return all("main *, header *")
    .filter(n => n.checkVisibility() && !n.closest(".heard, svg, select, .tip") && !scrolls(n))
    .filter(n => box(n).width > 0 && (box(n).left < -1 || box(n).right > innerWidth + 1))
    .map(said);
}

function wide() {
  return document.scrollingElement.scrollWidth > innerWidth;
}

// In which ways the text area and the mirror under it are set differently.
function unlike() {
  const text = document.getElementById("text"), mirror = document.getElementById("mirror");
  const [one, two] = [text, mirror].map(n => getComputedStyle(n));
  const names = ["font", "letterSpacing", "padding", "wordBreak", "overflowWrap", "whiteSpace", "textAlign"];
  const found = names.filter(name => one[name] !== two[name]);
  if (Math.abs(text.scrollHeight - mirror.scrollHeight) > 1) found.push("height");
  return found;
}

// What has the focus, and whether one can see that.
function focused() {
  const node = document.activeElement;
  const ring = n => n && getComputedStyle(n).outlineStyle !== "none" && getComputedStyle(n).outlineWidth !== "0px";
  const near = [node, node.querySelector(".row"), node.parentElement, node.parentElement?.lastElementChild];
  const line = getComputedStyle(document.getElementById("sheet"), "::after").content;
  const name = node.id || node.classList[0] || node.tagName;
  return [name, near.some(ring) || (node.id === "text" && line !== "none")];
}

function nameless() {
  const quiet = ["status", "alert", "tooltip"];
  return all("button, select, textarea, input, table, dialog, [role]")
    .filter(n => n.checkVisibility() && !quiet.includes(n.getAttribute("role")))
    .filter(n => !n.getAttribute("aria-label") && !n.textContent.trim() && !n.labels?.length)
    .map(said);
}

function moving() {
  const styles = n => [null, "::before", "::after"].map(part => getComputedStyle(n, part));
  const long = style => style.transitionDuration.split(", ").some(d => parseFloat(d) > 0);
  return all("*").flatMap(styles).filter(s => s.animationName !== "none" || long(s)).length;
}

// From now on, each state of the first line: [still growing, its text].
function watch() {
  window.states = [];
  new MutationObserver(() => {
    const line = document.querySelector("#output .line");
    if (line) window.states.push([line.classList.contains("going"), line.textContent]);
  }).observe(document.getElementById("output"), { subtree: true, childList: true, attributes: true });
}

// The sum of red, green and blue of each cell of the heat map.
function brightness() {
  const sum = colour => colour.match(/\d+/g).reduce((a, b) => a + Number(b), 0);
  return all("#frame tbody td").map(n => sum(getComputedStyle(n).backgroundColor));
}

function paste(text) {
  const box = document.getElementById("text");
  box.value = text;
  box.dispatchEvent(new Event("input"));
}
