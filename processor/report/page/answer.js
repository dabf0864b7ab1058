// The answer as sentences that are walked by the arrow keys, chosen, and marked.
import { byCodePoints, el, text, visible, wholeEnd, SHOWN_MAX } from "./dom.js";

function missing(item) {
  if (item.output) return null;
  const failed = (item.steps || []).findLast((step) => step.error);
  if (item.content_off) return el("p", { class: "card none", id: "answer" }, "(no text of the answer is kept here)");
  return failed ? el("div", { class: "card none", id: "answer" }, el("b", {}, "The run ended without an answer:"), text(failed.error))
    : el("p", { class: "card none", id: "answer" }, "The run ended without an answer.");
}

// What is put beside a sentence after the reveal: where the checks found support, and where none.
function toldOf(evaluations, range) {
  for (const rule of evaluations)
    for (const one of rule.evidence || [])
      if (one.pointer === "/output" && one.start < range.end && one.end > range.start)
        return rule.outcome === "fail" || rule.outcome === "borderline" ? "lack" : "";
  return "";
}

export function answer(item) {
  const none = missing(item);
  if (none) return { element: none, walk: () => false, chosen: () => "", forbid: () => {}, tell: () => {} };
  const at = byCodePoints(item.output);
  const ranges = item.sentences && item.sentences.length ? item.sentences : [{ start: 0, end: Infinity }];
  const box = el("div", { class: "card answer text", id: "answer", role: "group", "aria-label": "The answer, sentence by sentence" });
  const sentences = [];
  const shown = Math.min(item.output.length, wholeEnd(item.output, SHOWN_MAX));
  let from = 0;
  let first = 0;
  let last = -1;
  const put = (end, range) => {
    const piece = item.output.slice(from, Math.min(end, shown));
    from = Math.max(from, Math.min(end, shown));
    if (!range || !piece.trim()) return visible(box, piece);
    const number = sentences.length;
    const span = el("span", { class: "sentence", tabindex: number === 0 ? 0 : -1, onfocus: () => choose(number, number), onclick: () => choose(number, number) });
    visible(span, piece);
    sentences.push({ span, range, text: piece.trim() });
    return box.append(span);
  };
  for (const range of ranges) {
    put(at(range.start), null);
    put(at(range.end), range);
  }
  put(item.output.length, null);
  if (shown < item.output.length) box.append(el("button", { type: "button", onclick: (event) => event.target.replaceWith(text(item.output.slice(shown))) }, "show more"));

  function choose(a, b) {
    first = a;
    last = b;
    sentences.forEach(({ span }, i) => {
      span.tabIndex = i === b ? 0 : -1;
      span.classList.toggle("chosen", i >= Math.min(a, b) && i <= Math.max(a, b));
    });
  }
  return {
    element: box,
    walk(step, isWide) {
      if (!sentences.length) return false;
      const to = Math.max(0, Math.min(sentences.length - 1, last < 0 ? 0 : last + step));
      const start = isWide && last >= 0 ? first : to;
      document.getSelection()?.removeAllRanges();
      sentences[to].span.focus();
      choose(start, to);
      return true;
    },
    // What is selected within the answer, else the sentences chosen.
    chosen() {
      const selection = document.getSelection();
      if (selection && !selection.isCollapsed && box.contains(selection.anchorNode) && box.contains(selection.focusNode)) return selection.toString().trim();
      if (last < 0) return "";
      const [a, b] = [Math.min(first, last), Math.max(first, last)];
      return sentences.slice(a, b + 1).map((one) => one.text).join(" ");
    },
    forbid(phrases) {
      sentences.forEach((one) => one.span.classList.toggle("forbidden", phrases.some((phrase) => one.text.includes(phrase) || (phrase.includes(one.text) && one.text.length > 3))));
    },
    tell(machine) {
      sentences.forEach((one) => one.span.classList.toggle("lack", toldOf(machine?.evaluations || [], one.range) === "lack"));
    },
  };
}
