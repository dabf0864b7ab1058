// One item in three steps: is it right, what is wrong, and what would catch it next time.
import { call, mayAdjudicate, patiently, who } from "./api.js";
import { checks } from "./checks.js";
import { ask } from "./dialogs.js";
import { el, inline, key, replace, say, text } from "./dom.js";
import * as drafts from "./draft.js";
import { labelName, labelsOf, VERDICTS, verdictName } from "./draft.js";
import * as keys from "./keys.js";
import { machine } from "./machine.js";
import { reading } from "./reading.js";

const FIRST_LABELS = 6;
const MEANING = { pass: "Whoever asked is well served by it", fail: "It misleads, leaves out what matters, or is no answer", unsure: "It takes somebody who knows more" };

let view = null; // of the item that is open

/* --- what is done --- */

function changed() {
  if (!view) return;
  drafts.keep(view.item, view.draft);
  draw();
}

function decide(verdict) {
  const { draft } = view;
  draft.verdict = verdict;
  draft.labels = draft.labels.filter((id) => labelsOf(verdict).some((label) => label.id === id));
  if (draft.step === 1) draft.step = 2;
  changed();
  view.steps.querySelector(".what")?.scrollIntoView({ block: "nearest" });
}

function toggle(id) {
  const { draft } = view;
  draft.labels = draft.labels.includes(id) ? draft.labels.filter((other) => other !== id) : [...draft.labels, id];
  changed();
}

async function compare() {
  const { draft, item } = view;
  if (view.isSending) return;
  if (!draft.verdict) return say("First say whether the answer is right: P, F or U.");
  if (!draft.machine) {
    const opened = view;
    try {
      const told = await patiently("POST", `/api/v1/review/items/${item.item_id}/reveal`, { verdict: draft.verdict, labels: draft.labels }, waits);
      draft.machine = told.machine || { verdict: "", evaluations: [] };
      if (told.links) item.links = told.links;
    } catch (error) {
      if (view === opened) trouble(error);
      return;
    }
    drafts.keep(item, draft);
    if (view !== opened) return;
  }
  view.error = "";
  draft.step = 3;
  changed();
  view.checks.tryThem();
  view.steps.scrollTop = 0;
  view.steps.querySelector(".machine")?.focus();
}

// "Must not say": what is chosen in the answer; "must say": what is selected anywhere, or typed.
function forbid() {
  const phrase = view.read.answer.chosen();
  if (view.draft.step !== 3) return say("That comes after the comparison: press Enter first.");
  if (view.draft.verdict !== "fail") return say("A test is made of a wrong answer.");
  if (!phrase) return say("Choose a sentence of the answer with the arrow keys, or select a part of it.");
  view.checks.add("not", phrase);
}

function demand() {
  const selected = document.getSelection()?.toString().trim();
  if (view.draft.step !== 3) return say("That comes after the comparison: press Enter first.");
  if (view.draft.verdict !== "fail") return say("A test is made of a wrong answer.");
  if (selected) view.checks.add("must", selected);
  else document.getElementById("must")?.focus();
}

/* --- what is sent --- */

const waits = (error) => {
  if (!view) return;
  view.error = `Not saved yet, trying again: ${error.message}`;
  draw();
};

const TROUBLE = {
  stale: "You have judged this item in another tab meanwhile. Your draft is kept; saving takes the place of that result.",
  check_does_not_separate: "A test that does not tell this answer from a right one tests nothing: change or remove what is marked.",
  own_review: "You have reviewed this item yourself: somebody else decides it.",
};

function trouble(error) {
  view.error = TROUBLE[error.outcome] || (error.status === 503 || error.status === 0 || error.status === 429 ? `Not saved. Your draft is kept: try again. (${error.message})` : error.message);
  view.errorField = error.field;
  if (error.status === 409) refresh();
  draw();
}

// After another tab: what stands there now is what this draft follows.
async function refresh() {
  const { item, draft } = view;
  try {
    const now = await call("GET", `/api/v1/review/items/${item.item_id}`);
    draft.supersedes = now.mine?.result_id || "";
    draft.result_id = drafts.newId();
    drafts.keep(item, draft);
  } catch {
    // The next attempt says it.
  }
}

function resultOf() {
  const { item, draft } = view;
  const result = {
    schema: "flywheel.result/v1", result_id: draft.result_id, record_id: item.record_id, status: "completed", verdict: draft.verdict, labels: draft.labels,
    approve: draft.approve && draft.verdict !== "unsure", started_at: draft.started_at, completed_at: new Date().toISOString(), label_set: who().label_set,
  };
  if (item.state === "disputed" && mayAdjudicate()) result.role = "adjudicator";
  if (draft.supersedes) result.supersedes = draft.supersedes;
  if (draft.verdict === "fail") {
    if (draft.not.length) result.must_not_include = draft.not;
    if (draft.must.length) result.must_include = draft.must;
    if (draft.expected.trim()) result.expected_response = draft.expected;
  }
  if (draft.comment.trim()) result.comment = draft.comment;
  return result;
}

const SAID = { outdated: "Saved for the run as you saw it; a newer revision waits for review.", late: "Saved, after the item had expired.", extra: "Saved: others had decided meanwhile.", pending: "Saved; it counts as soon as its record is there." };

// A result that follows none would take the place of one that another tab has sent since: so it is looked for first.
async function otherTab(item, result) {
  if (result.supersedes) return; // then the server looks
  const now = await call("GET", `/api/v1/review/items/${item.item_id}`).catch(() => null);
  const there = now?.mine?.result_id;
  if (there && there !== result.result_id) throw Object.assign(new Error(), { status: 409, outcome: "stale" });
}

async function send(result, message) {
  const { item } = view;
  view.isSending = true;
  view.error = "";
  draw();
  try {
    await otherTab(item, result);
    const answer = await patiently("POST", "/api/v1/results", result, waits);
    drafts.drop(item);
    if (drafts.remembered("at") === item.item_id) drafts.remember("at", "");
    drafts.remember("before", item.item_id);
    say((SAID[answer.outcome] || message) + (answer.row_id ? " It is an example of the dataset now." : ""));
    return true;
  } catch (error) {
    if (!view) return false; // signed out meanwhile: the draft is there
    view.isSending = false;
    if (error.status === 409 && error.outcome === "conflict") view.draft.result_id = drafts.newId();
    trouble(error);
    return false;
  }
}

async function save() {
  if (view.isSending) return;
  if (!view.draft.verdict) return say("First say whether the answer is right: P, F or U.");
  if (view.draft.step !== 3 && !view.draft.machine) return compare();
  if (view.waitingPhrase()) return say("What you typed is not added yet: press Enter there, or clear it.");
  const { next } = view;
  if (await send(resultOf(), "Saved.")) next();
}

async function skip() {
  if (view.isSending) return;
  const reason = await ask("Skip this one, because", [["not_me", "Somebody else knows this better"], ["cannot_tell", "Nobody can tell from what is here"], ["out_of_scope", "It is no case for review"], ["sensitive", "It holds what I should not read"]]);
  if (!reason || !view) return;
  const { item, draft, next } = view;
  const result = { schema: "flywheel.result/v1", result_id: draft.result_id, record_id: item.record_id, status: "skipped", skip_reason: reason };
  if (draft.supersedes) result.supersedes = draft.supersedes;
  if (await send(result, "Skipped.")) next();
}

async function withdraw() {
  const { item, draft, next } = view;
  const answer = await ask("Take your result back? It counts no more, and the item is open again.", [["yes", "Take it back"]]);
  if (!answer || !view) return;
  if (await send({ schema: "flywheel.result/v1", result_id: drafts.newId(), record_id: item.record_id, status: "withdrawn", supersedes: draft.supersedes }, "Taken back.")) next();
}

/* --- what is shown --- */

const button = (id, name, letter, run, more = {}) => el("button", { type: "button", id, onclick: run, disabled: view.isSending, ...more }, name, letter ? key(letter) : null);

// Large until one is chosen, then in a row; on a small screen always in the bar.
function verdicts(where) {
  const isLarge = where === "steps" && !view.draft.verdict;
  return VERDICTS.map(([id, name, letter]) => el("button", { type: "button", id: `${where}-${id}`, disabled: view.isSending, "aria-pressed": String(view.draft.verdict === id), onclick: () => decide(id) },
    el("span", {}, where === "bar" && id === "unsure" ? "Can't tell" : name, isLarge ? el("span", { class: "meaning" }, MEANING[id]) : null), where === "bar" ? null : key(letter)));
}

function labelChoice() {
  const all = labelsOf(view.draft.verdict);
  if (!view.draft.verdict || !all.length) return [];
  const shown = view.areAllLabels ? all : all.slice(0, FIRST_LABELS);
  const question = { fail: "What is wrong?", pass: "Anything special?", unsure: "What makes it hard?" }[view.draft.verdict];
  return el("div", { class: "what" }, el("h3", {}, el("span", { class: "number" }, "2"), question, el("span", { class: "soft" }, view.draft.verdict === "fail" ? " all that fits" : " if so")),
    el("div", { class: "choices labels" }, shown.map((label, i) => el("button", { type: "button", id: `label-${i}`, disabled: view.isSending, "aria-pressed": String(view.draft.labels.includes(label.id)), onclick: () => toggle(label.id), title: label.description || null },
      el("span", {}, label.name || label.id, label.description ? el("span", { class: "meaning" }, inline(label.description, 110)) : null), i < 9 ? key(String(i + 1)) : null))),
    all.length > shown.length ? el("p", {}, button("all-labels", `${all.length - shown.length} more`, "", () => { view.areAllLabels = true; draw(); })) : null);
}

function writing(id, name, letter) {
  const { draft, item } = view;
  return el("details", { class: "more", open: view.openField === id || Boolean(draft[id]) }, el("summary", {}, name, el("span", { class: "soft" }, " optional"), key(letter)),
    el("textarea", { id, "aria-label": name, spellcheck: "false", autocomplete: "off", value: draft[id], disabled: view.isSending, oninput: (event) => { draft[id] = event.target.value; drafts.keep(item, draft); }, onchange: () => id === "expected" && view.checks.tryThem() }));
}

function test() {
  const { draft, item } = view;
  const isWrong = draft.verdict === "fail";
  return [
    isWrong ? [el("h3", {}, el("span", { class: "number" }, "3"), "Make it a test", el("span", { class: "soft" }, " so that it is caught next time; or just save")), view.checks.element()]
      : el("p", {}, draft.verdict === "pass" ? "Nothing more is needed: save it." : "Somebody else will look at it, too: save it."),
    isWrong ? writing("expected", "Write the whole right answer", "E") : null, writing("comment", "Comment", "C"),
    draft.verdict === "unsure" ? null : el("label", { class: "checkbox" }, el("input", { type: "checkbox", id: "approve", checked: draft.approve, onchange: (event) => { draft.approve = event.target.checked; drafts.keep(item, draft); } }), "use it as an example in the dataset"),
    item.mine?.status === "completed" || item.mine?.verdict ? el("p", {}, button("withdraw", "Take my result back", "", withdraw)) : null];
}

function others() {
  const results = view.item.results || [];
  if (!results.length || view.item.state === "open") return null;
  return [el("h3", {}, view.item.state === "disputed" ? "The reviewers differ: you decide" : "What others said"), el("div", { class: "sides" }, results.map((result, i) => el("div", { class: "card" },
    el("b", {}, `${String.fromCharCode(65 + (i % 26))}: ${verdictName(result.verdict)}`), el("div", { class: "soft" }, (result.labels || []).map(labelName).join(", ") || "no label"),
    (result.must_not_include || []).map((check) => el("div", {}, "✗ ", inline(check.join(" or "), 160))), (result.must_include || []).map((check) => el("div", {}, "✓ ", inline(check.join(" or "), 160))),
    result.expected_response ? [el("div", { class: "soft" }, "right would be"), text(result.expected_response)] : null, result.comment ? [el("div", { class: "soft" }, "comment"), text(result.comment)] : null)))];
}

function howTo() {
  const { item, draft } = view;
  if (!item.instructions) return null;
  return el("details", { class: "more", open: draft.step === 1 && sessionStorage.getItem("flywheel.told") !== "1" },
    el("summary", { onclick: () => sessionStorage.setItem("flywheel.told", "1") }, "How to judge"), text(item.instructions));
}

function steps() {
  const { draft, item } = view;
  if (draft.step === 3) return [machine(draft, () => { draft.step = 2; changed(); }, view.isSending), others(), test()];
  return [others(), el("h3", {}, el("span", { class: "number" }, "1"), "Is this answer right?"), el("div", { class: `choices verdicts${draft.verdict ? " in-row" : ""}` }, verdicts("steps")), labelChoice(), howTo(),
    draft.machine && item.machine && !item.first ? machine(draft, null, true) : null];
}

function bar() {
  const { draft, item } = view;
  const before = drafts.remembered("before");
  const primary = draft.step === 3 ? button("primary", view.isSending ? "Saving…" : "Save and next", "Ctrl Enter", save, { class: "primary" })
    : button("primary", draft.machine && item.machine ? "Go on" : "Compare with the checks", "↵", compare, { class: draft.verdict ? "primary" : "primary later", "aria-disabled": draft.verdict ? null : "true" });
  return [draft.step < 3 ? [el("div", { class: "ask", "aria-hidden": "true" }, "Is this answer right?"), el("div", { class: "verdicts-small" }, verdicts("bar"))] : null, primary,
    draft.step === 3 ? null : button("skip", "Skip", "S", skip), before && before !== item.item_id ? button("undo", "Undo", "Z", undo, { title: "Open the one before again: what you said of it stands until you save it anew." }) : null];
}

const TYPED = ["not", "must", "other-words"];

function draw() {
  if (!view) return;
  const { draft, item } = view;
  const active = document.activeElement;
  const typed = TYPED.map((id) => [id, document.getElementById(id)?.value || ""]);
  const at = view.steps.scrollTop;
  replace(view.steps,
    view.error ? el("div", { class: "error", role: "alert" }, inline(view.error, 300), view.errorField ? el("div", { class: "soft" }, view.errorField) : null) : null,
    item.notice ? el("div", { class: "error" }, inline(item.notice, 300)) : null, steps());
  replace(view.bar, bar());
  view.read.answer.forbid(draft.step === 3 ? draft.not.flat() : []);
  view.read.tell(draft.step === 3 ? draft.machine : null, draft.step === 3 ? item.links : []);
  for (const [id, value] of typed) if (value && document.getElementById(id)) document.getElementById(id).value = value;
  if (active?.id && active !== document.activeElement && !view.wasClicked) document.getElementById(active.id)?.focus({ preventScroll: true });
  view.steps.scrollTop = at;
}

/* --- keys --- */

function undo() {
  const before = drafts.remembered("before");
  if (before && before !== view.item.item_id) location.hash = `#/item/${before}`;
}

function open(field) {
  if (view.draft.step !== 3 || (field === "expected" && view.draft.verdict !== "fail")) return;
  view.openField = field;
  draw();
  document.getElementById(field)?.focus();
}

function digit(number) {
  const { draft } = view;
  const shown = view.areAllLabels ? 9 : FIRST_LABELS;
  const label = draft.step === 2 && number <= shown && labelsOf(draft.verdict)[number - 1];
  if (label) toggle(label.id);
}

const isOfTabs = (event) => Boolean(event.target.closest("[role=tablist]"));
const ACTIONS = {
  save, Enter: () => view.draft.step < 3 && compare(), v: () => { if (view.draft.step === 3) { view.draft.step = 2; changed(); } }, x: forbid, m: demand, e: () => open("expected"), c: () => open("comment"),
  s: () => view.draft.step < 3 && skip(), z: undo, "/": () => view.read.find(),
};
const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

function onKey(name, event) {
  view.wasClicked = false;
  if (view.isSending) return false;
  if (STEPS[name]) return !isOfTabs(event) && view.read.answer.walk(STEPS[name], event.shiftKey);
  const verdict = VERDICTS.find(([, , letter]) => letter.toLowerCase() === name);
  if (verdict) { if (view.draft.step < 3) decide(verdict[0]); }
  else if (/^[1-9]$/.test(name)) digit(Number(name));
  else if (ACTIONS[name]) ACTIONS[name]();
  else return false;
  return true;
}

// Shows an item; `next` is called when it is done with.
export function show(main, item, next) {
  view = { item, draft: drafts.load(item), next, error: "", errorField: "", areAllLabels: false, isSending: false, wasClicked: false, openField: "" };
  const opened = view;
  view.waitingPhrase = () => TYPED.some((id) => document.getElementById(id)?.value.trim());
  view.read = reading(item);
  view.checks = checks(item, view.draft, { changed: () => view === opened && changed(), say, take: { not: forbid, must: demand } });
  view.steps = el("div", { class: "steps" });
  view.bar = el("div", { class: "bar", role: "group", "aria-label": "Actions" });
  // After a click the focus is not given back: Enter then means the next step, not the same button.
  const deciding = el("section", { class: "deciding", "aria-label": "Your judgement", onclick: (event) => { opened.wasClicked = event.detail > 0; } }, view.steps, view.bar);
  deciding.addEventListener("pointerdown", () => { opened.wasClicked = true; });
  deciding.addEventListener("keydown", () => { opened.wasClicked = false; }, true);
  replace(main, el("div", { class: "review" }, el("h1", { class: "unseen" }, "Review of one run"), view.read.said, deciding, view.read.under));
  keys.use(onKey);
  keys.settle();
  draw();
  if (view.draft.step === 3) view.checks.tryThem();
  main.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

export function close() {
  view = null;
  keys.use(() => false);
}
