// Signing in, and which view the address names: #/review, #/queue, #/figures, #/item/ID, and #code=… once.
import { call, mayAdjudicate, onSignedOut, signIn, signOut, who } from "./api.js";
import { tell } from "./dialogs.js";
import { el, inline, key, replace } from "./dom.js";
import { remember, remembered } from "./draft.js";
import * as figures from "./figures.js";
import * as keys from "./keys.js";
import * as queue from "./queue.js";
import * as review from "./review.js";

const main = document.getElementById("main");
let leave = () => {};

const SHEET = [["P F U", "right, wrong, I can't tell"], ["1 … 9", "what is wrong"], ["Enter", "compare with the checks"], ["← → and Shift", "walk the sentences of the answer, take more of them"],
  ["X", "the chosen sentence: must not say"], ["M", "must say: what is selected, or type it"], ["E", "write the right answer"], ["C", "comment"], ["V", "change the verdict"],
  ["Ctrl Enter", "save and next, also while writing"], ["S", "skip"], ["Z", "the last one again"], ["/", "find"], ["?", "this"]];

function help() {
  tell("Keys", el("dl", {}, SHEET.map(([name, what]) => [el("dt", {}, name), el("dd", {}, what)])),
    el("label", { class: "checkbox" }, el("input", { type: "checkbox", checked: keys.areOff(), onchange: (event) => keys.turn(event.target.checked) }), "switch the single keys off; every key has a button"));
}
document.addEventListener("keydown", (event) => {
  if (event.key === "?" && !event.ctrlKey && !event.altKey && !event.metaKey && !keys.areOff() && !document.getElementById("sheet").open && !event.target.matches("input, textarea, select")) { event.preventDefault(); help(); }
});

// How much there is to do, each minute: in the title, and beside the name of the view.
async function count() {
  if (!who() || document.hidden) return;
  try {
    const { todo, today } = queue.totals(await call("GET", "/api/v1/queue"));
    document.title = `${todo ? `(${todo}) ` : ""}Flywheel review`;
    document.getElementById("where").textContent = `${todo} to do · ${today} decided today`;
  } catch {
    // The next minute tells.
  }
}
setInterval(count, 60000);
document.addEventListener("visibilitychange", count);

function head() {
  const session = who();
  document.querySelector("header nav").hidden = !session;
  document.querySelector("header nav a[href='#/figures']").hidden = !mayAdjudicate();
  if (!session) document.getElementById("where").textContent = "";
  document.querySelectorAll("header nav a").forEach((link) => { if (location.hash.startsWith(link.getAttribute("href"))) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current"); });
  replace(document.getElementById("who"), session ? [inline(session.name, 40), session.role !== "reviewer" ? el("span", { class: "hide-small" }, ` · ${session.role}`) : null, session.declared ? el("span", { class: "hide-small", title: "Nobody has checked who you are: what you decide can't make a row critical." }, " · declared") : null,
    el("button", { type: "button", class: "hide-small", onclick: help, "aria-label": "Keys" }, "?"), el("button", { type: "button", onclick: async () => { leave(); review.close(); await signOut(); start(); } }, "Sign out")] : []);
}

function door(message) {
  const token = el("input", { type: "password", id: "token", autocomplete: "off", spellcheck: "false", "aria-describedby": "token-help" });
  const said = el("p", { class: "bad", role: "alert" }, message || "");
  const enter = async (event) => {
    event.preventDefault();
    try {
      await signIn({ token: token.value.trim() });
      start();
    } catch (error) {
      said.textContent = error.status === 401 ? "This token is not known, or was disabled." : error.message;
      token.select();
    }
  };
  replace(main, el("div", { class: "plain" }, el("h1", {}, "Review what the agents answered"),
    el("p", {}, "Runs that failed their checks wait here for a person. You say whether the answer is right; what you find becomes an example and a test, so that it is not shipped again."),
    el("form", { onsubmit: enter }, el("label", { for: "token" }, "Your token"), el("div", { class: "row" }, token, el("button", { class: "primary", type: "submit" }, "Sign in")),
      el("p", { id: "token-help", class: "soft" }, "flywheel reviewer add NAME prints it. On this machine flywheel review prints an address that signs you in."), said)));
  token.focus();
}

const LOOK_AGAIN_MS = 60000;
let calls = 0; // what arrives for a view that was left is not shown

function nothing() {
  const timer = setTimeout(nextItem, LOOK_AGAIN_MS);
  leave = () => clearTimeout(timer);
  const before = remembered("before");
  const again = () => { location.hash = `#/item/${before}`; };
  keys.use((name) => name === "z" && before && (again(), true));
  replace(main, el("div", { class: "plain" }, el("h1", {}, "Nothing to do"), el("p", {}, "No run waits for you. New work comes within seconds of a failed run; this page looks each minute."),
    el("p", {}, el("button", { type: "button", onclick: nextItem }, "Look again"), " ",
      before ? el("button", { type: "button", id: "undo", onclick: again }, "The last one again", key("Z")) : null, " ", el("a", { href: "#/queue" }, "What was done"))));
}

// After a reload the item that was open is shown again, with its draft.
async function nextItem() {
  const mine = ++calls;
  leave();
  leave = () => {};
  review.close();
  replace(main, el("p", { class: "plain soft" }, "Fetching the next one…"));
  try {
    let item = null;
    const at = remembered("at");
    if (at) {
      remember("at", "");
      item = await call("GET", `/api/v1/review/items/${at}`).catch((error) => { if (error.status !== 404) { remember("at", at); throw error; } return null; });
      if (item && !["open", "waiting"].includes(item.state)) item = null;
    }
    item = item || await call("POST", "/api/v1/review/next", {});
    if (mine !== calls) return;
    if (!item) return nothing();
    remember("at", item.item_id);
    review.show(main, item, nextItem);
  } catch (error) {
    if (mine === calls) failed(error);
  }
}

async function oneItem(id) {
  const mine = ++calls;
  try {
    const item = await call("GET", `/api/v1/review/items/${id}`);
    if (mine === calls) review.show(main, item, () => (location.hash === "#/review" ? nextItem() : (location.hash = "#/review")));
  } catch (error) {
    if (mine === calls) failed(error);
  }
}

function failed(error) {
  if (error.status === 401) return;
  replace(main, el("div", { class: "plain" }, el("h1", {}, error.status === 404 ? "There is no such item" : "That did not work"), el("p", { role: "alert" }, error.message), el("p", {}, el("button", { type: "button", onclick: route }, "Try again"), " ", el("a", { href: "#/queue" }, "To the queue"))));
}

function route() {
  leave();
  leave = () => {};
  calls++;
  review.close();
  if (!who()) return door();
  head();
  count();
  const item = /^#\/item\/([0-9a-f]{32})$/.exec(location.hash);
  if (item) oneItem(item[1]);
  else if (location.hash.startsWith("#/queue")) leave = queue.show(main);
  else if (location.hash.startsWith("#/figures") && mayAdjudicate()) leave = figures.show(main);
  else nextItem();
}

async function start() {
  const code = /^#code=([A-Za-z0-9_-]+)$/.exec(location.hash);
  head();
  if (code) {
    history.replaceState(null, "", "/#/review");
    try {
      await signIn({ code: code[1] });
    } catch (error) {
      return door(error.status === 401 ? "This code was used already, or is older than a minute: flywheel review prints another one." : error.message);
    }
  }
  if (who())
    try {
      await call("GET", "/api/v1/session");
    } catch (error) {
      if (error.status === 401) return door("Your session is over.");
    }
  route();
}

onSignedOut(() => { calls++; leave(); leave = () => {}; review.close(); head(); door("Your session is over. Your draft is kept: sign in again to go on."); });
window.addEventListener("hashchange", () => (location.hash.startsWith("#code=") ? start() : route()));
start();
