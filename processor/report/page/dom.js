// Elements from data. Whatever a run holds becomes text nodes here and nothing else: no markup, no links, no images.

export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "disabled" || name === "open") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity))
    if (child !== null && child !== undefined && child !== false) element.append(child);
  return element;
}

export const key = (name) => el("kbd", { "aria-hidden": "true" }, name);

// Controls, bidirectional, zero-width and blank characters are shown, since they make a text look like another one.
const ODD = new RegExp("[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f"
  + "\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0e\\ufeff\\uffa0\\ufff0-\\ufffb\\ufffe\\uffff\\ud800-\\udfff\\u{e0000}-\\u{e0fff}]|\\r(?!\\n)", "gu");

function appendVisible(to, text) {
  let from = 0;
  for (const match of text.matchAll(ODD)) {
    if (match.index > from) to.append(text.slice(from, match.index));
    const code = match[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    to.append(el("span", { class: "odd" }, `‹U+${code}›`));
    from = match.index + match[0].length;
  }
  if (from < text.length) to.append(text.slice(from));
}

export const SHOWN_MAX = 200000;

// Where to cut, so that no character is halved.
export const wholeEnd = (value, end) => (value.charCodeAt(end) >= 0xdc00 && value.charCodeAt(end) <= 0xdfff ? end + 1 : end);

// A text as it is, within `attributes`; a very long one in pieces.
export function text(value, attributes = { class: "text" }) {
  const element = el("div", attributes);
  let shown = 0;
  const more = el("button", { type: "button", onclick: () => grow() }, "show more");
  function grow() {
    const end = wholeEnd(value, shown + SHOWN_MAX);
    more.remove();
    appendVisible(element, value.slice(shown, end));
    shown = end;
    if (shown < value.length) element.append(more);
  }
  grow();
  return element;
}

// The same without a box of its own.
export function inline(value, limit = 400) {
  const span = el("span");
  const line = value.length > limit ? value.slice(0, wholeEnd(value, limit)) + "…" : value;
  appendVisible(span, line.replace(/[ \t\r\n]+/g, " "));
  return span;
}

export function visible(span, value) {
  appendVisible(span, value);
  return span;
}

// Offsets of the server are code points; JavaScript's are UTF-16.
export function byCodePoints(value) {
  const at = [];
  for (let i = 0; i < value.length; i += value.codePointAt(i) > 0xffff ? 2 : 1) at.push(i);
  at.push(value.length);
  return (point) => at[Math.max(0, Math.min(point, at.length - 1))];
}

export function replace(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
}

let timer = 0;
export function say(message) {
  const live = document.getElementById("live");
  live.textContent = message;
  clearTimeout(timer);
  timer = setTimeout(() => (live.textContent = ""), 6000);
}

export function duration(seconds) {
  if (!(seconds >= 0)) return "";
  const units = [[86400, "d"], [3600, "h"], [60, "min"]];
  for (const [size, name] of units) if (seconds >= size) return `${Math.round(seconds / size)} ${name}`;
  return `${Math.round(seconds)} s`;
}
