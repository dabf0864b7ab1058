// How much the reviews say, for whoever adjudicates: measures, agreement, what the rules are worth, what is not covered. Every share
// stands with its interval and what it was made of; what is not known says why.
import { call } from "./api.js";
import { duration, el, inline, replace } from "./dom.js";

const percent = (value, digits = 1) => (typeof value === "number" ? `${(100 * value).toFixed(digits)}\u00a0%` : "–");
const number = (value) => (typeof value === "number" ? value.toFixed(2) : "–");
const words = (name) => name.replaceAll("_", " ");
const range = (one, show) => (typeof one.low === "number" && typeof one.high === "number" ? `${show(one.low)} to ${show(one.high)}` : "");
const why = (one) => (typeof one.value === "number" ? "" : words(one.reason || "not known"));
const made = (one) => (one.denominator === undefined ? "" : `${one.numerator} of ${one.denominator}`);

function table(caption, heads, rows, nothing) {
  return el("table", { class: "numbers" }, el("caption", {}, caption), el("thead", {}, el("tr", {}, heads.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, rows.length ? rows.map((cells) => el("tr", {}, cells.map((cell, at) => el(at ? "td" : "th", at ? {} : { scope: "row" }, cell)))) : el("tr", {}, el("td", { colspan: heads.length }, nothing))));
}

const share = (name, one) => [name, percent(one.value), range(one, percent), made(one), why(one)];

function measures(document) {
  const all = document.overall || {};
  const { queue_age: age = {}, throughput = {}, evaluator_lift: lift = {}, regression_escape_rate: escape = {} } = all;
  const rows = [share("Failed or disputed runs that became a row", all.trace_to_row || {}), share("Items decided", all.queue_progress || {}), share("Rows that left to every exporter", all.export_rate || {}),
    ["Age of what waits, 95th percentile", duration(age.p95_s), "", `${age.open || 0} wait`, `${age.over_due || 0} over due`],
    ["Decisions an hour", number(throughput.decisions_per_hour), "", `${throughput.decisions || 0} decisions, ${throughput.results || 0} results`, ""],
    [escape.release ? ["Known failures that came back in ", inline(escape.release, 60)] : "Known failures that came back", percent(escape.value, 2), range(escape, percent),
      escape.runs === undefined ? "" : `${escape.hits} seen by the regression set, ${escape.escaped} of ${escape.reviewed} reviewed others`, why(escape)]];
  return [table(`Measures of ${document.window}`, ["Measure", "Value", "95 %", "Made of", "Note"], rows), lift.subjects && lift.subjects.length
    ? table("Pass share against the baseline, in points", ["Rule", "Raw", "At the same mix", "Runs", "Note"], lift.subjects.map((one) => {
      const points = (value) => (typeof value === "number" ? (100 * value).toFixed(1) : "–");
      return [inline(one.rule || words(one.measure), 60), points(one.lift.value), points(one.lift_mix_adjusted.value), `${one.before.n}, ${one.after.n}`, why(one.lift)];
    })) : null];
}

function agreement(document) {
  const cell = (one) => (typeof one.value === "number" ? `${number(one.value)} (${range(one, number) || "no interval"})` : `– ${words(one.reason || "")}`);
  const rows = (document.subjects || []).filter((one) => one.subject !== "human_machine").map((one) => [one.label ? ["Label ", inline(one.label, 60)] : "Verdict", String(one.doubled),
    percent(one.raw && one.raw.value), cell(one.ac1 || {}), cell(one.alpha || {}), cell(one.kappa || {}), one.low ? "low" : ""]);
  return table(`Agreement of reviewers, ${document.window}`, ["Subject", "Reviewed twice", "Raw", "AC1", "Alpha", "Kappa", "Note"], rows, "No item was decided yet.");
}

function calibration(document) {
  const all = document.overall || {};
  const ratio = (one) => (one ? `${percent(one.value)}${typeof one.value === "number" ? ` (${range(one, percent)})` : ` ${words(one.reason || "")}`}` : "–");
  const note = (one) => [why(one), one.few && "few reviews", one.low_response && "less than half was reviewed"].filter(Boolean).join("; ");
  const named = (cohort) => inline(Object.entries(cohort).map(([name, value]) => `${words(name)} ${value}`).join(", "), 80);
  return [table(`Fail rate as people see it, ${document.window}`, ["Runs", "Value", "95 %", "Made of", "Note"],
    [["All", all], ...(document.cohorts || []).filter((one) => typeof one.value === "number").map((one) => [named(one.cohort), one])].map(([name, one]) =>
      [name, percent(one.value), range(one, percent), `${one.reviewed} reviews for ${one.runs} runs`, note(one)])),
    table("What a rule's word is worth", ["Rule", "Precision", "Recall", "Reviewed", "Note"], (document.rules || []).map((one) =>
      [inline(one.rule, 60), ratio(one.precision), ratio(one.recall), `${one.fired} fired, ${one.bad} bad, of ${one.reviewed}`, one.precision && one.precision.few ? "few reviews" : ""]), "No run was reviewed yet.")];
}

function coverage(document) {
  const rows = (document.dimensions || []).map((one) => {
    const open = (one.uncovered || []).slice(0, 5);
    return [words(one.dimension), percent(one.share_thin.value), open.flatMap((value, at) => [at ? ", " : "", inline(value.value, 40), ` (${value.runs})`]), why(one.share_thin)];
  });
  const signatures = document.should_become_tests || [];
  return [table("Runs whose value has fewer than five decided items", ["Dimension", "Share of runs", "Values with most runs", "Note"], rows, "No run in the window."),
    table("Which trace should become a test", ["Signature", "Items", "Runs, estimated", "Newest"],
      signatures.slice(0, 10).map((one) => [one.signature, String(one.items), number(one.estimated_runs), el("a", { href: `#/item/${one.newest_item_id}` }, one.newest_trajectory_id)]), "Every failing signature has a regression row.")];
}

const PARTS = [["measures", "/api/v1/measures", measures], ["calibration", "/api/v1/calibration", calibration], ["agreement", "/api/v1/agreement", agreement], ["coverage", "/api/v1/dataset_coverage", coverage]];

// Draws, and gives back what ends it. Figures of human pace: read once, and again when asked.
export function show(main) {
  let isClosed = false;
  const places = PARTS.map(([name]) => el("section", { id: name, "aria-busy": "true" }, el("p", { class: "soft" }, "Reading…")));
  replace(main, el("div", { class: "wide" }, el("h1", {}, "Figures"), el("p", { class: "soft" }, "What reviews say of runs, rules and reviewers. Counted at most ten seconds ago."), places));
  PARTS.forEach(async ([, path, draw], at) => {
    let shown;
    try {
      shown = draw(await call("GET", path));
    } catch (error) {
      shown = el("p", { class: "bad", role: "alert" }, error.message);
    }
    if (isClosed) return;
    replace(places[at], shown);
    places[at].removeAttribute("aria-busy");
  });
  return () => { isClosed = true; };
}
