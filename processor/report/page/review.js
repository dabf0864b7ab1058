// One item in three steps: is it right, what is wrong, and what would catch it next time.
import { call, mayAdjudicate, patiently, who } from "./api.js";
import { el, inline, key, replace, say, text } from "./dom.js";
import * as keys from "./keys.js";
import { reading } from "./reading.js";

const VERDICTS = [["pass", "Right", "P"], ["fail", "Wrong", "F"], ["unsure", "I can't tell", "U"]];
const FIRST_LABELS = 6;

let view = null; // of the item that is open
let before = null; // the one judged last, for Z

const draftName = (item) => `flywheel.draft.${who().name}.${item.content_digest || item.item_id}`;

function newDraft(item) {
  const mine = item.mine || {};
  return {
    step: item.machine ? 3 : 1, verdict: mine.verdict || item.first?.verdict || "", labels: mine.labels || item.first?.labels || [],
    not: mine.must_not_include || [], must: mine.must_include || [], expected: mine.expected_response || "", comment: mine.comment || "",
    approve: mine.approve ?? true, machine: item.machine || null, supersedes: mine.result_id || "", result_id: crypto.randomUUID(), started_at: new Date().toISOString(),
  };
}

function loadDraft(item) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(draftName(item)));
    if (kept && kept.supersedes === (item.mine?.result_id || "")) return kept;
  } catch {
    // As if there was none.
  }
  return newDraft(item);
}

function keepDraft() {
  sessionStorage.setItem(draftName(view.item), JSON.stringify(view.draft));
}

const labelsOf = (verdict) => (who().labels || []).filter((label) => !label.implies || !verdict || verdict === "unsure" || label.implies === verdict);
const labelName = (id) => (who().labels || []).find((label) => label.id === id)?.name || id;
const verdictName = (verdict) => VERDICTS.find(([id]) => id === verdict)?.[1] || "";

/* --- what is done --- */

function decide(verdict) {
  const { draft } = view;
  draft.verdict = verdict;
  draft.labels = draft.labels.filter((id) => labelsOf(verdict).some((label) => label.id === id));
  if (draft.step === 1) draft.step = 2;
  changed();
}

function toggle(id) {
  const { draft } = view;
  draft.labels = draft.labels.includes(id) ? draft.labels.filter((other) => other !== id) : [...draft.labels, id];
  changed();
}

function changed() {
  keepDraft();
  draw();
}

async function compare() {
  const { draft, item } = view;
  if (!draft.verdict) return say("First say whether the answer is right: P, F or U.");
  if (!draft.machine)
    try {
      const told = await call("POST", `/api/v1/review/items/${item.item_id}/reveal`, { verdict: draft.verdict, labels: draft.labels });
      draft.machine = told.machine || told;
    } catch (error) {
      return trouble(error);
    }
  draft.step = 3;
  changed();
  document.querySelector(".steps").scrollTop = 0;
  document.querySelector(".machine")?.focus();
}

// "Must not say": what is marked in the answer; "must say": what is selected anywhere, or typed.
function forbid() {
  const phrase = view.read.answer.chosen();
  if (view.draft.step !== 3) return say("That comes after the comparison: press Enter first.");
  if (!phrase) return say("Choose a sentence of the answer with the arrow keys, or select a part of it.");
  addCheck("not", phrase);
}

function demand() {
  const selected = document.getSelection()?.toString().trim();
  if (view.draft.step !== 3) return say("That comes after the comparison: press Enter first.");
  if (selected) addCheck("must", selected);
  else document.getElementById("must")?.focus();
}

function addCheck(kind, phrase) {
  if (new TextEncoder().encode(phrase).length > 512) return say("A phrase has at most 512 bytes: mark the part that matters.");
  if (view.draft[kind].length === 16) return say("Sixteen of them are the most.");
  if (!view.draft[kind].some((check) => check.includes(phrase))) view.draft[kind].push([phrase]);
  changed();
}

const trouble = (error) => {
  view.error = error.status === 409 && error.outcome === "stale" ? "You have judged this item in another tab meanwhile. Your draft is below; saving takes the place of that result." : error.message;
  view.errorField = error.field;
  if (error.status === 409) refresh();
  draw();
  say(view.error);
};

// After another tab: what stands there now is what this draft follows.
async function refresh() {
  try {
    const item = await call("GET", `/api/v1/review/items/${view.item.item_id}`);
    view.draft.supersedes = item.mine?.result_id || "";
    view.draft.result_id = crypto.randomUUID();
    keepDraft();
  } catch {
    // The next attempt says it.
  }
}

function resultOf(extra) {
  const { item, draft } = view;
  const result = {
    schema: "flywheel.result/v1", result_id: draft.result_id, record_id: item.record_id, status: "completed", verdict: draft.verdict, labels: draft.labels,
    approve: draft.approve && draft.verdict !== "unsure", started_at: draft.started_at, completed_at: new Date().toISOString(), label_set: who().label_set,
  };
  if (item.state === "disputed" && mayAdjudicate()) result.role = "adjudicator";
  if (draft.supersedes) result.supersedes = draft.supersedes;
  if (draft.verdict === "fail" && draft.not.length) result.must_not_include = draft.not;
  if (draft.must.length) result.must_include = draft.must;
  if (draft.expected.trim()) result.expected_response = draft.expected;
  if (draft.comment.trim()) result.comment = draft.comment;
  return { ...result, ...extra };
}

async function send(result, message) {
  view.isSending = true;
  view.error = "";
  draw();
  try {
    const answer = await patiently("POST", "/api/v1/results", result, (error) => { view.error = `Not saved yet, trying again: ${error.message}`; draw(); });
    sessionStorage.removeItem(draftName(view.item));
    before = view.item.item_id;
    say(answer.row_id ? `${message} It is an example of the dataset now.` : message);
    return true;
  } catch (error) {
    view.isSending = false;
    if (error.status === 409 && error.outcome === "conflict") view.draft.result_id = crypto.randomUUID();
    trouble(error);
    return false;
  }
}

async function save() {
  if (view.isSending) return;
  if (!view.draft.verdict) return say("First say whether the answer is right: P, F or U.");
  if (view.draft.step !== 3 && !view.draft.machine) return compare();
  if (await send(resultOf({}), "Saved.")) view.next();
}

async function skip() {
  if (view.isSending) return;
  const sheet = document.getElementById("sheet");
  const reasons = [["not_me", "Not for me: somebody else knows this"], ["cannot_tell", "Nobody can tell from what is here"], ["out_of_scope", "Not a case for review"], ["sensitive", "It holds what I should not read"]];
  replace(sheet, el("h3", {}, "Skip, because"), el("div", { class: "choices" },
    reasons.map(([id, name], i) => el("button", { type: "button", onclick: () => { sheet.close(); leave(id); } }, name, key(String(i + 1)))),
    el("button", { type: "button", onclick: () => sheet.close() }, "No, go back", key("Esc"))));
  sheet.onkeydown = (event) => { const number = Number(event.key); if (number >= 1 && number <= reasons.length) { sheet.close(); leave(reasons[number - 1][0]); } };
  sheet.showModal();
}

async function leave(reason) {
  const { item, draft } = view;
  const result = { schema: "flywheel.result/v1", result_id: draft.result_id, record_id: item.record_id, status: "skipped", skip_reason: reason };
  if (draft.supersedes) result.supersedes = draft.supersedes;
  if (await send(result, "Skipped.")) view.next();
}

async function withdraw() {
  const { item, draft } = view;
  if (!confirm("Take your result back? It is counted no more, and the item is open again.")) return;
  const result = { schema: "flywheel.result/v1", result_id: crypto.randomUUID(), record_id: item.record_id, status: "withdrawn", supersedes: draft.supersedes };
  if (await send(result, "Taken back.")) view.next();
}

/* --- what is shown --- */

const button = (name, letter, run, more = {}) => el("button", { type: "button", onclick: run, disabled: view.isSending, ...more }, name, letter ? key(letter) : null);

function verdicts(isSmall) {
  return VERDICTS.map(([id, name, letter]) => button(isSmall && id === "unsure" ? "Can't tell" : name, isSmall ? "" : letter, () => decide(id), { "aria-pressed": String(view.draft.verdict === id) }));
}

function labelChoice() {
  const all = labelsOf(view.draft.verdict);
  if (view.draft.verdict === "" || !all.length) return [];
  const shown = view.areAllLabels ? all : all.slice(0, FIRST_LABELS);
  const question = view.draft.verdict === "fail" ? "2  What is wrong?" : view.draft.verdict === "pass" ? "2  Anything special? (optional)" : "2  What makes it hard? (optional)";
  return [el("h3", {}, question),
    el("div", { class: "choices" }, shown.map((label, i) => button(label.name || label.id, i < 9 ? String(i + 1) : "", () => toggle(label.id), { "aria-pressed": String(view.draft.labels.includes(label.id)), title: label.description || null }))),
    all.length > shown.length ? el("p", {}, button(`more labels (${all.length - shown.length})`, "", () => { view.areAllLabels = true; draw(); })) : null];
}

function ruleLine(rule) {
  const value = rule.value === undefined || rule.value === null ? "no value" : typeof rule.value === "number" ? String(Math.round(rule.value * 100) / 100) : String(rule.value);
  const wanted = rule.threshold === undefined || rule.threshold === null ? "" : `, wanted ${rule.threshold}`;
  return el("li", {}, el("b", { class: rule.outcome === "fail" ? "bad" : null }, rule.name || rule.rule), `: ${rule.outcome} (`, inline(value, 60), `${wanted})`,
    rule.explanation ? [el("br"), inline(rule.explanation, 300)] : null);
}

function machine() {
  const { draft } = view;
  const told = draft.machine;
  if (!told) return [];
  const rules = told.evaluations || [];
  const order = { fail: 0, borderline: 1, error: 2, pass: 3, na: 4 };
  const sorted = [...rules].sort((a, b) => (order[a.outcome] ?? 5) - (order[b.outcome] ?? 5));
  const shown = sorted.filter((rule) => rule.outcome === "fail" || rule.outcome === "borderline");
  const agrees = told.verdict === draft.verdict ? "The checks agree" : "The checks say otherwise";
  return [el("div", { class: "machine", tabindex: -1 },
    el("b", {}, `You: ${verdictName(draft.verdict).toLowerCase()}${draft.labels.length ? `, ${draft.labels.map(labelName).join(", ").toLowerCase()}` : ""}. `), `${agrees}: ${told.verdict}.`,
    told.summary ? el("div", { class: "soft" }, inline(told.summary, 400)) : null,
    el("ul", {}, (shown.length ? shown : sorted.slice(0, 3)).map(ruleLine)),
    sorted.length > shown.length && shown.length ? el("details", {}, el("summary", {}, `all ${sorted.length} checks`), el("ul", {}, sorted.map(ruleLine))) : null,
    el("p", {}, button("Change my verdict", "V", () => { draft.step = 2; changed(); })))];
}

function chips(kind, mark) {
  const { draft } = view;
  const words = { not: "must not say", must: "must say" }[kind];
  return el("div", { class: "chips" }, draft[kind].map((check, i) => el("span", { class: `chip ${kind}` }, `${mark} `, check.map((phrase, j) => [j ? " or " : "", inline(phrase, 160)]),
    el("button", { type: "button", "aria-label": `other words for: ${words} ${check[0]}`, title: "other words for it", onclick: () => alternative(kind, i) }, "+"),
    el("button", { type: "button", "aria-label": `remove: ${words} ${check[0]}`, onclick: () => { draft[kind].splice(i, 1); changed(); } }, "×"))));
}

function alternative(kind, i) {
  const phrase = (prompt("Other words that say the same:", view.draft[kind][i].at(-1)) || "").trim();
  if (phrase && view.draft[kind][i].length < 8 && !view.draft[kind][i].includes(phrase)) view.draft[kind][i].push(phrase);
  changed();
}

function typed(id, kind, placeholder, label) {
  const add = () => { const input = document.getElementById(id); const phrase = input.value.trim(); if (phrase) { addCheck(kind, phrase); document.getElementById(id)?.focus(); } };
  return el("div", { class: "row" }, el("input", { type: "text", id, placeholder, "aria-label": label, maxlength: 512, spellcheck: "false", autocomplete: "off",
    onkeydown: (event) => { if (event.key === "Enter" && !event.ctrlKey) { event.preventDefault(); add(); } } }), el("button", { type: "button", onclick: add }, "add"));
}

function writing(id, name, letter, field, open) {
  return el("details", { class: "more", open: open || Boolean(view.draft[field]) }, el("summary", {}, name, key(letter)),
    el("textarea", { id, "aria-label": name, spellcheck: "false", autocomplete: "off", value: view.draft[field], oninput: (event) => { view.draft[field] = event.target.value; keepDraft(); } }));
}

function test() {
  const { draft } = view;
  if (draft.step !== 3) return [];
  const parts = [];
  if (draft.verdict === "fail")
    parts.push(el("h3", {}, "3  Make it a test ", el("span", { class: "soft" }, "so that it is caught next time")),
      el("div", {}, el("b", {}, "Must not say "), el("span", { class: "soft" }, "choose a sentence of the answer, then", key("X"))), chips("not", "✗"),
      typed("not", "not", "or type a part of the answer", "Must not say"),
      el("div", {}, el("b", {}, "Must say "), el("span", { class: "soft" }, "type it, or select it in a document, then", key("M"))), chips("must", "✓"),
      typed("must", "must", "what a right answer says", "Must say"));
  else parts.push(el("p", { class: "soft" }, draft.verdict === "pass" ? "Nothing more is needed: save it." : "Somebody else will look at it, too."));
  if (draft.verdict === "fail") parts.push(writing("expected", "Write the whole right answer (optional)", "E", "expected", view.openField === "expected"));
  parts.push(writing("comment", "Comment (optional)", "C", "comment", view.openField === "comment"));
  if (draft.verdict !== "unsure")
    parts.push(el("label", { class: "checkbox" }, el("input", { type: "checkbox", checked: draft.approve, onchange: (event) => { draft.approve = event.target.checked; keepDraft(); } }), "use it as an example in the dataset"));
  if (draft.supersedes) parts.push(el("p", {}, button("Take my result back", "", withdraw)));
  return parts;
}

function others() {
  const results = view.item.results || [];
  if (!results.length || view.item.state === "open") return [];
  return [el("h3", {}, view.item.state === "disputed" ? "The reviewers differ" : "What others said"), el("div", { class: "sides" }, results.map((result, i) => el("div", { class: "card" },
    el("b", {}, `${String.fromCharCode(65 + (i % 26))}: ${verdictName(result.verdict)}`), el("div", { class: "soft" }, (result.labels || []).map(labelName).join(", ") || "no label"),
    result.expected_response ? [el("p", { class: "soft" }, "right would be"), text(result.expected_response)] : null, result.comment ? [el("p", { class: "soft" }, "comment"), text(result.comment)] : null)))];
}

function instructions() {
  const { item } = view;
  if (!item.instructions) return null;
  return el("details", { class: "more", open: !sessionStorage.getItem("flywheel.told") }, el("summary", { onclick: () => sessionStorage.setItem("flywheel.told", "1") }, "How to judge"), text(item.instructions));
}

function draw() {
  if (!view) return;
  const { draft, item } = view;
  const kept = { id: document.activeElement?.id, at: view.steps.scrollTop };
  replace(view.steps,
    view.error ? el("div", { class: "error", role: "alert" }, inline(view.error, 300), view.errorField ? el("div", { class: "soft" }, view.errorField) : null) : null,
    item.notice ? el("div", { class: "error" }, inline(item.notice, 300)) : null,
    others(), draft.step === 3 ? machine() : null,
    draft.step < 3 ? [el("h3", { class: "verdicts" }, "1  Is this answer right?"), el("div", { class: "choices verdicts" }, verdicts(false)), labelChoice(), instructions()] : null,
    test());
  const isReady = draft.step === 3 || Boolean(draft.machine);
  replace(view.bar,
    draft.step < 3 ? el("div", { class: "verdicts-small" }, verdicts(true)) : null,
    isReady && draft.step === 3 ? button(view.isSending ? "Saving…" : "Save and next", "Ctrl Enter", save, { class: "primary" })
      : button("Compare with the checks", "Enter", compare, { class: "primary", "aria-disabled": draft.verdict ? null : "true" }),
    button("Skip", "S", skip), before && before !== item.item_id ? button("Last one", "Z", () => (location.hash = `#/item/${before}`)) : null);
  view.read.answer.forbid(draft.step === 3 ? draft.not.flat() : []);
  if (kept.id) document.getElementById(kept.id)?.focus();
  view.steps.scrollTop = kept.at;
}

function open(field) {
  if (view.draft.step !== 3) return false;
  view.openField = field;
  draw();
  document.getElementById(field)?.focus();
  return true;
}

function onKey(name, event) {
  const { draft } = view;
  const verdict = VERDICTS.find(([, , letter]) => letter.toLowerCase() === name);
  if (name === "save") save();
  else if (verdict && draft.step < 3) decide(verdict[0]);
  else if (/^[1-9]$/.test(name) && draft.step === 2) { const label = labelsOf(draft.verdict)[Number(name) - 1]; if (label) toggle(label.id); }
  else if (name === "Enter" && draft.step < 3) compare();
  else if (name === "v" && draft.step === 3) { draft.step = 2; changed(); }
  else if (name === "x") forbid();
  else if (name === "m") demand();
  else if (name === "e") return open("expected");
  else if (name === "c") return open("comment");
  else if (name === "s") skip();
  else if (name === "z" && before) location.hash = `#/item/${before}`;
  else if (name === "/") view.read.find();
  else if (name === "ArrowDown" || name === "ArrowRight") { if (event.target.closest("[role=tablist]")) return false; return view.read.answer.walk(1, event.shiftKey); }
  else if (name === "ArrowUp" || name === "ArrowLeft") { if (event.target.closest("[role=tablist]")) return false; return view.read.answer.walk(-1, event.shiftKey); }
  else return false;
  return true;
}

// Shows an item; `next` is called when it is done with.
export function show(main, item, next) {
  view = { item, draft: loadDraft(item), next, error: "", areAllLabels: false, isSending: false };
  view.read = reading(item, () => {});
  view.steps = el("div", { class: "steps" });
  view.bar = el("div", { class: "bar", role: "group", "aria-label": "Actions" });
  replace(main, el("div", { class: "review" }, view.read.element, el("section", { class: "deciding", "aria-label": "Your judgement" }, view.steps, view.bar)));
  keys.use(onKey);
  keys.settle();
  draw();
  main.focus();
}

export function close() {
  view = null;
  keys.use(() => false);
}
