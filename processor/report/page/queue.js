// What there is to do: figures, and the items that may be listed for whoever asks.
import { call, mayAdjudicate } from "./api.js";
import { duration, el, inline, replace } from "./dom.js";

const STATES = { open: "to do", waiting: "waits for one more", disputed: "the reviewers differ", agreed: "decided", adjudicated: "decided by an adjudicator", skipped: "skipped", expired: "expired", superseded: "replaced by a newer run" };

const sum = (queues, name) => queues.reduce((total, queue) => total + (queue[name] || 0), 0);

export function totals(report) {
  const queues = report.queues || [];
  return { todo: sum(queues, "open") + sum(queues, "waiting"), today: sum(queues, "decided_today") };
}

function figures(queues) {
  const { todo: open, today: pace } = totals({ queues });
  const all = [["to do", open], ["over due", sum(queues, "over_due")], ["disputed", sum(queues, "disputed")], ["decided today", pace], ["days at this pace", pace ? Math.ceil(open / pace) : open ? "–" : 0]];
  return el("div", { class: "figures" }, all.map(([name, value]) => el("div", {}, el("b", {}, String(value)), name)));
}

function line(item) {
  const question = item.question || item.input || "";
  return el("tr", {}, el("td", {}, el("a", { href: `#/item/${item.item_id}` }, question ? inline(question, 120) : "(the question was not recorded)")), el("td", {}, STATES[item.state] || item.state),
    el("td", {}, duration(item.waiting_s)), mayAdjudicate() ? el("td", {}, item.queue || "") : null, mayAdjudicate() ? el("td", {}, item.priority === undefined ? "" : String(item.priority)) : null);
}

// Draws, and gives back what refreshes it.
export function show(main) {
  let state = "";
  let wanted = "";
  let timer = 0;
  let isClosed = false;
  const top = el("div");
  const body = el("tbody");
  const more = el("p");
  const table = el("table", { class: mayAdjudicate() ? "with-queue" : null }, el("caption", {}, "Items"), el("thead", {}, el("tr", {}, ["Question", "State", "Waiting", ...(mayAdjudicate() ? ["Queue", "Priority"] : [])].map((name) => el("th", { scope: "col" }, name)))), body);
  const filter = el("select", { "aria-label": "State", onchange: (event) => { state = event.target.value; load(); } },
    [["", "all states"], ["open", "to do"], ["waiting", "waiting"], ["disputed", "disputed"], ["agreed", "decided"], ["adjudicated", "adjudicated"], ["skipped", "skipped"], ["expired", "expired"]].map(([value, name]) => el("option", { value }, name)));
  const find = el("input", { type: "search", placeholder: "trace, conversation or record id", "aria-label": "Find an item by id", onchange: (event) => { wanted = event.target.value.trim(); load(); } });
  replace(main, el("div", { class: "wide" }, el("h1", {}, "Queue"), el("p", {}, el("a", { class: "primary button", href: "#/review" }, "Review the next one")), top, el("div", { class: "filters" }, filter, find), table, more));

  async function load(after) {
    const query = new URLSearchParams();
    if (state) query.set("state", state);
    if (wanted) query.set("find", wanted);
    if (after) query.set("after", after);
    try {
      const page = await call("GET", `/api/v1/review/items?${query}`);
      if (isClosed) return;
      const rows = page.items.map(line);
      if (after) body.append(...rows);
      else replace(body, rows.length ? rows : el("tr", {}, el("td", { colspan: 5 }, state || wanted ? "Nothing is found." : "Nothing to do. New work appears here within seconds of a failed run.")));
      replace(more, page.next ? el("button", { type: "button", onclick: () => load(page.next) }, "show more") : null);
    } catch (error) {
      if (!isClosed) replace(more, el("span", { class: "bad", role: "alert" }, error.message));
    }
  }
  async function refresh() {
    try {
      const report = await call("GET", "/api/v1/queue");
      if (isClosed) return;
      replace(top, figures(report.queues || []));
    } catch (error) {
      if (!isClosed) replace(top, el("p", { class: "bad", role: "alert" }, error.message));
    }
    if (!isClosed) timer = setTimeout(refresh, 60000);
  }
  refresh();
  load();
  return () => { isClosed = true; clearTimeout(timer); };
}
