// The left column: what was asked, what was answered, and what the answer was made from.
import { byCodePoints, duration, el, inline, text, visible } from "./dom.js";

function answerOf(item) {
  if (item.output) return null;
  const failed = (item.steps || []).findLast((step) => step.error);
  return failed ? `The run ended without an answer: ${failed.error}` : "The run ended without an answer.";
}

// The answer as sentences that can be walked and marked. `marks` are told of each change.
export function answer(item, onMark) {
  const missing = answerOf(item);
  if (missing) return { element: text(missing, { class: "card text none" }), sentences: [], chosen: () => "" };
  const at = byCodePoints(item.output);
  const ranges = item.sentences && item.sentences.length ? item.sentences : [{ start: 0, end: Infinity }];
  const box = el("div", { class: "card answer text", role: "group", "aria-label": "The answer, sentence by sentence" });
  const sentences = [];
  let from = 0;
  let first = 0;
  let last = -1;
  const put = (end, isSentence) => {
    if (end <= from) return;
    const piece = item.output.slice(from, end);
    from = end;
    if (!isSentence || !piece.trim()) {
      visible(box, piece);
      return;
    }
    const number = sentences.length;
    const span = el("span", { class: "sentence", tabindex: number === 0 ? 0 : -1, onfocus: () => choose(number, number), onclick: () => choose(number, number) });
    visible(span, piece);
    sentences.push({ span, text: piece.trim() });
    box.append(span);
  };
  for (const range of ranges) {
    put(at(range.start), false);
    put(at(range.end), true);
  }
  put(item.output.length, false);

  function choose(a, b) {
    first = a;
    last = b;
    sentences.forEach(({ span }, i) => {
      span.tabIndex = i === b ? 0 : -1;
      span.classList.toggle("chosen", i >= Math.min(a, b) && i <= Math.max(a, b));
    });
    onMark();
  }
  return {
    element: box,
    sentences,
    walk(step, isWide) {
      if (!sentences.length) return false;
      const to = Math.max(0, Math.min(sentences.length - 1, last < 0 ? 0 : last + step));
      const start = isWide && last >= 0 ? first : to;
      choose(start, to);
      sentences[to].span.focus({ preventScroll: false });
      if (isWide) choose(start, to);
      return true;
    },
    // What the mouse has selected within the answer, else the sentences chosen.
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
  };
}

const isTold = (step) => step.error || ["llm", "tool", "retriever"].includes(step.kind) || step.tool;

function stepOf(step) {
  const title = [step.kind, " · ", inline(step.tool || step.name || "", 120)];
  if (step.duration_ms >= 0) title.push(el("span", { class: "soft" }, ` · ${step.duration_ms < 1000 ? `${Math.round(step.duration_ms)} ms` : duration(step.duration_ms / 1000)}`));
  if (step.error) title.push(el("span", { class: "bad" }, " · failed"));
  const parts = [];
  if (step.error) parts.push(text(step.error, { class: "text bad" }));
  for (const [name, value] of [["asked with", step.arguments], ["gave", step.output]])
    if (value) parts.push(el("p", { class: "soft" }, name), text(typeof value === "string" ? value : JSON.stringify(value, null, 1)));
  if (!parts.length) parts.push(el("p", { class: "soft" }, "nothing more was recorded"));
  return el("details", { class: "piece", open: Boolean(step.error) }, el("summary", {}, title), el("div", {}, parts));
}

function documents(item) {
  return item.contexts.map((context, i) => {
    const name = context.title || context.id || context.text.slice(0, 80);
    return el("details", { class: "piece", open: i === 0 }, el("summary", {}, inline(name, 120), el("span", { class: "soft" }, ` · ${context.text.length} characters`)), text(context.text));
  });
}

function steps(item) {
  const told = item.steps.filter(isTold);
  const inner = item.steps.filter((step) => !isTold(step));
  const box = el("div", {}, told.map(stepOf));
  if (inner.length)
    box.append(el("button", { type: "button", onclick: (event) => { event.target.remove(); box.append(...inner.map(stepOf)); } },
      `show ${inner.length} inner ${inner.length === 1 ? "step" : "steps"}`));
  return [box];
}

const turns = (history) => history.map((turn) => el("div", { class: "turn" }, el("b", {}, turn.role || "somebody"), text(turn.content || "")));

function details(item) {
  const rows = [["Run", item.trajectory_id], ["Record", item.record_id], ["Service", item.service], ["Started", item.started_at],
    ["Took", item.duration_ms >= 0 ? duration(item.duration_ms / 1000) : ""], ["Item", item.item_id]];
  const list = el("dl", {}, rows.filter(([, value]) => value).map(([name, value]) => [el("dt", { class: "soft" }, name), el("dd", {}, inline(String(value), 200))]));
  return [list, ...(item.links || []).filter((url) => /^https?:\/\//.test(url)).map((url) => el("p", {}, el("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, "Open the trace")))];
}

// Marks what is looked for, opens where it is found, and says how often.
function find(panels, wanted) {
  document.querySelectorAll("mark").forEach((mark) => mark.replaceWith(mark.textContent));
  let found = 0;
  if (wanted.length < 2) return found;
  for (const panel of panels) {
    const walker = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode()) nodes.push(walker.currentNode);
    for (let node of nodes) {
      for (let at; found < 500 && (at = node.data.toLowerCase().indexOf(wanted)) >= 0; ) {
        const hit = node.splitText(at);
        node = hit.splitText(wanted.length);
        const mark = el("mark");
        hit.replaceWith(mark);
        mark.append(hit);
        const piece = mark.closest("details");
        if (piece) piece.open = true;
        found++;
      }
    }
  }
  return found;
}

function tabs(item) {
  item = { ...item, contexts: item.contexts || [], steps: item.steps || [], history: item.history || [] };
  const all = [
    ["Documents", item.contexts.length, documents(item), "No document was recorded: nothing that the answer could rest on."],
    ["What it did", item.steps.filter(isTold).length, steps(item), "No step was recorded."],
    ["Conversation", item.history.length, turns(item.history), "Nothing was said before."],
    ["Details", null, details(item), ""],
  ];
  const panels = all.map(([name, , content, empty], i) => el("div", { role: "tabpanel", id: `panel-${i}`, "aria-label": name }, content.length ? content : el("p", { class: "soft" }, empty)));
  const buttons = all.map(([name, count], i) => el("button", { role: "tab", type: "button", id: `tab-${i}`, "aria-controls": `panel-${i}`, onclick: () => show(i) }, name, count === null ? "" : ` ${count}`));
  const said = el("span", { class: "soft", role: "status" });
  const box = el("input", { type: "search", placeholder: "find in all of them", "aria-label": "Find in documents, steps and conversation",
    oninput: (event) => { const wanted = event.target.value.trim().toLowerCase(); const found = find(panels, wanted);
      said.textContent = wanted.length < 2 ? "" : `${found} found`;
      const hit = panels.findIndex((panel) => panel.querySelector("mark")); if (hit >= 0) show(hit); } });
  function show(number) {
    buttons.forEach((button, i) => { button.setAttribute("aria-selected", String(i === number)); button.tabIndex = i === number ? 0 : -1; });
    panels.forEach((panel, i) => (panel.hidden = i !== number));
  }
  const list = el("div", { role: "tablist", "aria-label": "What the answer was made from",
    onkeydown: (event) => { const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]; if (!step) return;
      const next = (buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length; show(next); buttons[next].focus(); event.stopPropagation(); event.preventDefault(); } }, buttons);
  list.style.display = "contents";
  show(item.contexts.length ? 0 : item.steps.length ? 1 : 2);
  return { element: [el("div", { class: "tabs" }, list, said, box), panels], focus: () => box.focus() };
}

export function reading(item, onMark) {
  const said = answer(item, onMark);
  const under = tabs(item);
  const earlier = (item.history || []).filter((turn) => turn.content);
  const element = el("section", { class: "reading", "aria-label": "The run" },
    earlier.length ? el("details", { class: "piece" }, el("summary", {}, `Earlier in this conversation · ${earlier.length} ${earlier.length === 1 ? "message" : "messages"}`), el("div", {}, turns(earlier))) : null,
    el("h2", {}, "What was asked"),
    item.input ? text(item.input, { class: "card text" }) : el("p", { class: "card none" }, "(the question was not recorded)"),
    el("h2", {}, "What the agent answered"), said.element,
    item.content_off ? el("p", { class: "soft" }, "This installation keeps no texts (redaction.content: none): judge by what you know of the run.") : null,
    under.element);
  return { element, answer: said, find: under.focus };
}

