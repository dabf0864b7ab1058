// Questions to the reader in one dialog of the page: digits and buttons answer, Escape goes back.
import { el, key, replace } from "./dom.js";

// What was chosen of `answers` ([id, words]), or "".
export function ask(question, answers) {
  const sheet = document.getElementById("sheet");
  return new Promise((done) => {
    const choose = (id) => { sheet.returnValue = ""; sheet.close(id); };
    sheet.setAttribute("aria-label", question);
    replace(sheet, el("h3", {}, question), el("div", { class: "choices" },
      answers.map(([id, words], i) => el("button", { type: "button", onclick: () => choose(id) }, words, key(String(i + 1)))),
      el("button", { type: "button", onclick: () => choose("") }, "No, go back", key("Esc"))));
    sheet.onkeydown = (event) => {
      const number = /^(Digit|Numpad)[1-9]$/.test(event.code) ? Number(event.code.slice(-1)) : 0;
      if (!event.repeat && !event.ctrlKey && !event.altKey && !event.metaKey && answers[number - 1]) { event.preventDefault(); choose(answers[number - 1][0]); }
    };
    sheet.oncancel = () => { sheet.returnValue = ""; };
    sheet.onclose = () => done(sheet.returnValue);
    sheet.returnValue = "";
    sheet.showModal();
  });
}

export function tell(name, ...content) {
  const sheet = document.getElementById("sheet");
  sheet.setAttribute("aria-label", name);
  replace(sheet, el("h3", {}, name), content, el("p", {}, el("button", { type: "button", onclick: () => sheet.close() }, "Close", key("Esc"))));
  sheet.onkeydown = sheet.oncancel = sheet.onclose = null;
  sheet.showModal();
}
