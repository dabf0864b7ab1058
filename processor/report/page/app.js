// Signing in, and which view the address names: #/review, #/queue, #/item/ID, and #code=… once.
import { call, onSignedOut, signIn, signOut, who } from "./api.js";
import { el, inline, replace } from "./dom.js";
import * as keys from "./keys.js";
import * as queue from "./queue.js";
import * as review from "./review.js";

const main = document.getElementById("main");
const sheet = document.getElementById("sheet");
let leave = () => {};

const SHEET = [["P F U", "right, wrong, I can't tell"], ["1 … 9", "what is wrong"], ["Enter", "compare with the checks"], ["← → and Shift", "walk the sentences of the answer, take more of them"],
  ["X", "the chosen sentence: must not say"], ["M", "must say: what is selected, or type it"], ["E", "write the right answer"], ["C", "comment"], ["V", "change the verdict"],
  ["Ctrl Enter", "save and next, also while writing"], ["S", "skip"], ["Z", "the last one again"], ["/", "find"], ["?", "this"]];

function help() {
  replace(sheet, el("h3", {}, "Keys"), el("dl", {}, SHEET.map(([name, what]) => [el("dt", {}, name), el("dd", {}, what)])),
    el("label", { class: "checkbox" }, el("input", { type: "checkbox", checked: keys.areOff(), onchange: (event) => keys.turn(event.target.checked) }), "switch the single keys off; every key has a button"),
    el("p", {}, el("button", { type: "button", onclick: () => sheet.close() }, "Close")));
  sheet.onkeydown = null;
  sheet.showModal();
}
document.addEventListener("keydown", (event) => {
  if (event.key === "?" && !keys.areOff() && !sheet.open && !event.target.matches("input, textarea, select")) { event.preventDefault(); help(); }
});

function head() {
  const session = who();
  document.querySelectorAll("header nav a").forEach((link) => { if (location.hash.startsWith(link.getAttribute("href"))) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current"); });
  replace(document.getElementById("who"), session ? [inline(session.name, 40), session.role !== "reviewer" ? ` · ${session.role}` : "", session.declared ? el("span", { class: "hide-small", title: "Nobody has checked who you are: what you decide can't make a row critical." }, " · declared") : null,
    el("button", { type: "button", onclick: help, "aria-label": "Keys" }, "?"), el("button", { type: "button", onclick: async () => { await signOut(); start(); } }, "Sign out")] : []);
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

async function nextItem() {
  replace(main, el("p", { class: "plain soft" }, "Fetching the next one…"));
  try {
    const item = await call("POST", "/api/v1/review/next", {});
    if (item) return review.show(main, item, nextItem);
    replace(main, el("div", { class: "plain" }, el("h1", {}, "Nothing to do"), el("p", {}, "No run waits for you. New work appears within seconds of a failed run."), el("p", {}, el("button", { type: "button", onclick: nextItem }, "Look again"))));
  } catch (error) {
    failed(error);
  }
}

async function oneItem(id) {
  try {
    const item = await call("GET", `/api/v1/review/items/${encodeURIComponent(id)}`);
    review.show(main, item, () => (location.hash === "#/review" ? nextItem() : (location.hash = "#/review")));
  } catch (error) {
    failed(error);
  }
}

function failed(error) {
  if (error.status === 401) return;
  replace(main, el("div", { class: "plain" }, el("h1", {}, error.status === 404 ? "There is no such item" : "That did not work"), el("p", { role: "alert" }, error.message), el("p", {}, el("a", { href: "#/queue" }, "To the queue"))));
}

function route() {
  leave();
  leave = () => {};
  review.close();
  document.title = "Flywheel review";
  if (!who()) return door();
  head();
  const item = /^#\/item\/([0-9a-f]{32})$/.exec(location.hash);
  if (item) oneItem(item[1]);
  else if (location.hash.startsWith("#/queue")) leave = queue.show(main);
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

onSignedOut(() => { head(); door("Your session is over. Your draft is kept: sign in again to go on."); });
window.addEventListener("hashchange", () => (location.hash.startsWith("#code=") ? start() : route()));
start();
