// What somebody has said of an item and has not sent yet: it outlives a reload, a session that ends, and an error.
import { who } from "./api.js";

export const VERDICTS = [["pass", "Right", "P"], ["fail", "Wrong", "F"], ["unsure", "I can't tell", "U"]];

export const labelsOf = (verdict) => (who()?.labels || []).filter((label) => !label.implies || !verdict || verdict === "unsure" || label.implies === verdict);
export const labelName = (id) => (who()?.labels || []).find((label) => label.id === id)?.name || id;
export const verdictName = (verdict) => VERDICTS.find(([id]) => id === verdict)?.[1] || "";

// By reviewer and content: another revision of the same texts is the same work.
const nameOf = (item) => `flywheel.draft.${who()?.name}.${item.content_digest || item.item_id}`;

// randomUUID is there in secure contexts alone, which plain HTTP behind a proxy of the same machine is not.
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fresh(item) {
  const mine = item.mine?.verdict ? item.mine : {};
  const first = item.first || {};
  return {
    step: item.first || mine.verdict ? 3 : 1, verdict: mine.verdict || first.verdict || "", labels: mine.labels || first.labels || [],
    not: mine.must_not_include || [], must: mine.must_include || [], expected: mine.expected_response || "", comment: mine.comment || "", approve: mine.approve ?? true,
    machine: item.machine || null, supersedes: item.mine?.result_id || "", result_id: newId(), started_at: new Date().toISOString(),
  };
}

export function load(item) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(nameOf(item)));
    if (kept) {
      if (kept.supersedes !== (item.mine?.result_id || "")) Object.assign(kept, { supersedes: item.mine?.result_id || "", result_id: newId() });
      if (item.machine) kept.machine = item.machine;
      return kept;
    }
  } catch {
    // As if there was none.
  }
  return fresh(item);
}

export function keep(item, draft) {
  try {
    sessionStorage.setItem(nameOf(item), JSON.stringify(draft));
  } catch {
    // No room: it lives as long as the page.
  }
}

export function drop(item) {
  sessionStorage.removeItem(nameOf(item));
}

// The item that is open, and the one judged last, over a reload.
export const remember = (name, id) => (id ? sessionStorage.setItem(`flywheel.${name}`, id) : sessionStorage.removeItem(`flywheel.${name}`));
export const remembered = (name) => sessionStorage.getItem(`flywheel.${name}`) || "";
