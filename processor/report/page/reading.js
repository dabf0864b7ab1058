// The left column: what was asked, what was answered, and what the answer was made from.
import { answer } from "./answer.js";
import { duration, el, inline, text } from "./dom.js";

const isAct = (step) => ["llm", "tool", "retriever"].includes(step.kind) || Boolean(step.tool);

// What it did: calls of models, tools and retrievers, and a failure that is not merely theirs, handed up.
const isTold = (step, i, all) => isAct(step) || (step.error && !all.some((other) => other !== step && other.error === step.error && isAct(other)));

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
    const body = context.text || "";
    const name = context.title || body.trim().split("\n", 1)[0] || context.id || "(empty)";
    const beside = `${context.id && context.id.length < 40 ? ` · ${context.id}` : ""} · ${body.length.toLocaleString("en")} characters`;
    return el("details", { class: "piece", open: i === 0 }, el("summary", {}, inline(name, 90), el("span", { class: "soft" }, inline(beside, 80))), text(body));
  });
}

function steps(item) {
  const told = item.steps.filter(isTold);
  const inner = item.steps.filter((step, i, all) => !isTold(step, i, all));
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
  return [list];
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
  const box = el("input", { type: "search", placeholder: "find in all of them   /", "aria-label": "Find in documents, steps and conversation",
    oninput: (event) => { const wanted = event.target.value.trim().toLowerCase(); const found = find(panels, wanted);
      said.textContent = wanted.length < 2 ? "" : `${found} found`;
      const hit = panels.findIndex((panel) => panel.querySelector("mark")); if (hit >= 0) show(hit); } });
  function show(number) {
    buttons.forEach((button, i) => { button.setAttribute("aria-selected", String(i === number)); button.tabIndex = i === number ? 0 : -1; });
    panels.forEach((panel, i) => (panel.hidden = i !== number));
  }
  const list = el("div", { role: "tablist", class: "tablist", "aria-label": "What the answer was made from",
    onkeydown: (event) => { const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]; if (!step) return;
      const next = (buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length; show(next); buttons[next].focus(); event.stopPropagation(); event.preventDefault(); } }, buttons);
  show(item.contexts.length ? 0 : item.steps.length ? 1 : item.history.length ? 2 : 3);
  const links = el("div");
  panels[3].append(links);
  // Where the run may be seen outside; comes with the reveal, since it shows what the checks said.
  const link = (urls) => links.replaceChildren(...urls.filter((url) => /^https?:\/\//.test(url)).map((url) => el("p", {}, el("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, "Open the trace"))));
  return { element: [el("div", { class: "tabs" }, list, said, box), panels], focus: () => box.focus(), open: (number) => { show(number); buttons[number].focus(); }, link };
}

const EARLIER_TURNS = 2;
const EARLIER_MAX = 280;

// The last turns are read with the question, cut; all of them are a tab.
function earlier(history, showAll) {
  const told = history.filter((turn) => turn.content);
  if (!told.length) return null;
  const rest = told.length - EARLIER_TURNS;
  return el("div", { class: "earlier", role: "group", "aria-label": "Earlier in this conversation" }, el("h2", {}, "Before that"),
    rest > 0 ? el("button", { type: "button", class: "link", onclick: showAll }, `${rest} earlier ${rest === 1 ? "message" : "messages"}`) : null,
    told.slice(-EARLIER_TURNS).map((turn) => el("p", {}, el("b", {}, `${turn.role || "somebody"}: `), inline(turn.content, EARLIER_MAX))));
}

// `said` is the question and the answer, `under` what stands behind them; `tell` is called with what the checks say.
export function reading(item) {
  const said = answer(item);
  const under = tabs(item);
  const who = item.service ? ["The agent answered · ", inline(item.service, 60)] : "The agent answered";
  return {
    said: el("section", { class: "said", "aria-label": "Question and answer" }, earlier(item.history || [], () => under.open(2)),
      el("h2", {}, "Somebody asked"), item.input ? text(item.input, { class: "card text", id: "question" }) : el("p", { class: "card none", id: "question" }, item.content_off ? "(no text of the question is kept here)" : "(question not recorded)"),
      el("h2", {}, who), said.element,
      item.content_off ? el("p", { class: "soft" }, "This installation keeps no texts (redaction.content: none): judge by what you know of the run.") : null),
    under: el("section", { class: "under", "aria-label": "What the answer was made from" }, under.element),
    answer: said, find: under.focus,
    tell(machine, links) { said.tell(machine); under.link(links || item.links || []); },
  };
}
