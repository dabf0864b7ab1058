// Single keys, by the letter that is written or, where that is none, by the place of the key.

let handler = () => false;
let drawn = 0;
let off = sessionStorage.getItem("flywheel.keys") === "off";

export const areOff = () => off;
export function turn(isOff) {
  off = isOff;
  sessionStorage.setItem("flywheel.keys", isOff ? "off" : "on");
  document.body.classList.toggle("keys-off", isOff);
}

// An item that has just been drawn is not decided by a key that was meant for the one before.
export function settle() {
  drawn = performance.now();
}

export function use(next) {
  handler = next;
}

function nameOf(event) {
  if (/^(Digit|Numpad)[0-9]$/.test(event.code)) return event.code.slice(-1);
  if (/^[a-z]$/i.test(event.key)) return event.key.toLowerCase();
  if (event.key === "?" || event.key === "/" || event.key.length > 1) return event.key;
  return /^Key[A-Z]$/.test(event.code) ? event.code.slice(3).toLowerCase() : event.key;
}

const isWriting = (element) => element.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.repeat || document.querySelector("dialog[open]")) return;
  const isSave = event.ctrlKey && event.key === "Enter" && !event.altKey && !event.metaKey;
  if (!isSave) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.getModifierState("AltGraph")) return;
    if (isWriting(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (off && !event.key.startsWith("Arrow")) return;
    if (event.key === "Enter" && event.target.matches("button, a, summary, input")) return;
  }
  if (performance.now() - drawn < 300) return;
  if (handler(isSave ? "save" : nameOf(event), event)) event.preventDefault();
});
turn(off);
