// Step 3, "Make it a test": what a wrong answer says and a right one must say, tried on this answer at once.
import { call } from "./api.js";
import { el, inline, key } from "./dom.js";

const PHRASE_BYTES_MAX = 512;
const CHECKS_MAX = 16;
const ALTERNATIVES_MAX = 8;

export const KINDS = {
  not: { name: "Must not say", mark: "✗", key: "X", hint: "mark it in the answer", placeholder: "or type a part of the answer", field: "must_not_include" },
  must: { name: "Must say", mark: "✓", key: "M", hint: "mark it in a document", placeholder: "or type what a right answer says", field: "must_include" },
};

// Why the phrase cannot be taken; "": it can.
function refusal(list, max, phrase) {
  if (new TextEncoder().encode(phrase).length > PHRASE_BYTES_MAX) return `A phrase has at most ${PHRASE_BYTES_MAX} bytes: take the part that matters.`;
  if (list.length >= max) return `${max} of them are the most.`;
  return "";
}

// `draft` is changed by `add`, `other` and `remove`; `changed` keeps and redraws it, `say` tells a refusal, `take` is what X and M do.
export function checks(item, draft, { changed, say, take }) {
  let asks = 0; // only the answer to the newest question counts
  let trial = null;
  let widened = null; // [kind, index] whose other words are being typed

  function add(kind, phrase) {
    const no = refusal(draft[kind], CHECKS_MAX, phrase);
    if (no) return say(no);
    if (!draft[kind].some((check) => check.includes(phrase))) draft[kind].push([phrase]);
    tryThem();
    changed();
  }
  function other(kind, index, phrase) {
    const check = draft[kind][index];
    const no = refusal(check, ALTERNATIVES_MAX, phrase);
    if (no) return say(no);
    if (!check.includes(phrase)) check.push(phrase);
    widened = null;
    tryThem();
    changed();
  }
  function remove(kind, index) {
    draft[kind].splice(index, 1);
    widened = null;
    tryThem();
    changed();
  }

  async function tryThem() {
    const mine = ++asks;
    trial = null;
    if (!draft.not.length && !draft.must.length) return;
    const body = { must_not_include: draft.not, must_include: draft.must };
    if (draft.expected.trim()) body.expected_response = draft.expected;
    try {
      const told = await call("POST", `/api/v1/review/items/${item.item_id}/check`, body);
      if (mine === asks) trial = told;
    } catch {
      // Saving says it again.
    }
    if (mine === asks) changed();
  }

  const met = (kind, index) => trial?.[KINDS[kind].field]?.[index];

  function chip(kind, check, index) {
    const { name, mark } = KINDS[kind];
    const isDead = met(kind, index) === false;
    const words = check.map((phrase, i) => [i ? el("i", {}, " or ") : "", inline(phrase, 160)]);
    return el("li", { class: `chip ${kind}${isDead ? " dead" : ""}` }, el("span", {}, `${mark} `, words, isDead ? el("span", { class: "bad" }, kind === "not" ? " – this answer does not say it" : " – this answer says it already") : null),
      el("button", { type: "button", id: `more-${kind}-${index}`, "aria-expanded": String(widened?.[0] === kind && widened[1] === index), "aria-label": `other words for ${name.toLowerCase()}: ${check[0]}`, title: "other words for it",
        onclick: () => { widened = [kind, index]; changed(); document.getElementById("other-words")?.focus(); } }, "or…"),
      el("button", { type: "button", id: `less-${kind}-${index}`, "aria-label": `remove ${name.toLowerCase()}: ${check[0]}`, title: "remove", onclick: () => remove(kind, index) }, "×"));
  }

  function field(id, label, placeholder, use) {
    const input = el("input", { type: "text", id, placeholder, "aria-label": label, spellcheck: "false", autocomplete: "off" });
    const go = () => { const phrase = input.value.trim(); if (phrase) { input.value = ""; use(phrase); document.getElementById(id)?.focus(); } };
    input.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.ctrlKey && !event.isComposing) { event.preventDefault(); go(); } });
    return el("div", { class: "row" }, input, el("button", { type: "button", id: `${id}-add`, onclick: go }, "Add"));
  }

  function group(kind) {
    const { name, hint, placeholder } = KINDS[kind];
    const isWidened = widened && widened[0] === kind && draft[kind][widened[1]];
    return el("div", { class: "group" }, el("div", {}, el("b", {}, name), el("span", { class: "soft" }, ` ${hint}, then `),
        // The selection outlives the press.
        el("button", { type: "button", id: `take-${kind}`, class: "take", onpointerdown: (event) => event.preventDefault(), onmousedown: (event) => event.preventDefault(), onclick: take[kind] }, "take it", key(KINDS[kind].key))),
      draft[kind].length ? el("ul", { class: "chips", "aria-label": name }, draft[kind].map((check, i) => chip(kind, check, i))) : null,
      isWidened ? field("other-words", `Other words for: ${draft[kind][widened[1]][0]}`, "other words that say the same", (phrase) => other(kind, widened[1], phrase)) : null,
      field(kind, name, placeholder, (phrase) => add(kind, phrase)));
  }

  function verdict() {
    if (!trial) return null;
    const { n, of } = trial.would_have_caught || {};
    return el("p", { class: trial.caught ? "good" : "bad", id: "trial", role: "status" }, trial.caught ? "✓ This answer is caught by the test." : "✗ This answer is not caught by the test.",
      of > 0 ? el("span", { class: "soft" }, ` It would have caught ${n} of ${of} approved ${of === 1 ? "answer" : "answers"}.`) : null);
  }

  return { add, tryThem, element: () => [group("not"), group("must"), verdict()] };
}
