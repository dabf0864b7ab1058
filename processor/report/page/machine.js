// What the checks said, beside what the reviewer did: shown after the reviewer has decided.
import { el, inline, key } from "./dom.js";
import { labelName, verdictName } from "./draft.js";

const ORDER = { fail: 0, borderline: 1, error: 2, pass: 3, na: 4 };
const WORDS = { fail: "failed", borderline: "borderline", error: "could not be run", pass: "passed", na: "did not apply" };
const VERDICT_WORDS = { fail: "wrong", pass: "right", borderline: "borderline", unscored: "nothing: no check applied" };
const AGREES = { pass: "pass", fail: "fail" };

const number = (value) => (typeof value === "number" ? String(Math.round(value * 1000) / 1000) : String(value));

// "0.6, fails below 0.7 (by 0.1)"
function figures(rule) {
  if (rule.value === undefined || rule.value === null) return rule.na_reason ? ` (${rule.na_reason.replaceAll("_", " ")})` : "";
  if (rule.threshold === undefined || rule.threshold === null) return `: ${number(rule.value)}`;
  const margin = typeof rule.margin === "number" && rule.margin !== 0 ? ` (${rule.margin < 0 ? "by" : "room"} ${number(Math.abs(rule.margin))})` : "";
  return `: ${number(rule.value)}, fails ${rule.direction || "at"} ${number(rule.threshold)}${margin}`;
}

const line = (rule) => el("li", {}, el("b", { class: rule.outcome === "fail" ? "bad" : null }, rule.name || rule.rule), ` ${WORDS[rule.outcome] || rule.outcome}`, inline(figures(rule), 120),
  rule.explanation ? el("div", { class: "soft" }, inline(rule.explanation, 300)) : null);

export function machine(draft, change, isStill) {
  const told = draft.machine;
  if (!told) return null;
  const sorted = [...(told.evaluations || [])].sort((a, b) => (ORDER[a.outcome] ?? 5) - (ORDER[b.outcome] ?? 5));
  const failed = sorted.filter((rule) => rule.outcome === "fail" || rule.outcome === "borderline");
  const shown = failed.length ? failed : sorted.slice(0, 3);
  const labels = draft.labels.map(labelName).join(", ").toLowerCase();
  const agrees = !told.verdict ? "The checks" : AGREES[told.verdict] === draft.verdict ? "The checks agree" : "The checks say";
  const words = !told.verdict ? " of this run are kept no more." : AGREES[told.verdict] === draft.verdict ? "." : ` ${VERDICT_WORDS[told.verdict] || told.verdict}.`;
  return el("div", { class: "machine", tabindex: -1, role: "group", "aria-label": "What the checks said" },
    el("div", {}, draft.verdict ? el("b", {}, `You: ${verdictName(draft.verdict).toLowerCase()}${labels ? `, ${labels}` : ""}. `) : null, agrees, words,
      change ? el("button", { type: "button", id: "change", class: "link", disabled: isStill, onclick: change }, "Change my verdict", key("V")) : null),
    told.summary && !failed.length ? el("div", { class: "soft" }, inline(told.summary, 400)) : null,
    el("ul", {}, shown.map(line)),
    sorted.length > shown.length ? el("details", {}, el("summary", {}, `all ${sorted.length} checks`), el("ul", {}, sorted.filter((rule) => !shown.includes(rule)).map(line))) : null);
}
