"""The review page in a browser, against a daemon: from a failed run to a dataset row by the keyboard alone, two reviewers and who adjudicates,
and what must hold while a disk is full, a daemon is killed, a text is hostile, or a screen is small."""
# peer: Chromium, Playwright and axe-core

import json, sys, time, urllib.error, urllib.request

from flywheel.browser import SETTLE_MS, Page, chromium
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon, lines_of
from flywheel.otlp_bytes import field, request, span
from flywheel.places import root
from flywheel.waiting import patiently, wait_for

sys.path.insert(0, str(root / "tests/fault"))
from member import Faults, build_shim

ENOSPC = 28
args = arguments()
checks = Checks()

PIPELINE = """
trajectory: { settle: 50ms }
rules:
  - { name: ungrounded, measure: groundedness.lexical, fail_below: 0.9, labels: [unsupported_claim] }
  - { name: failed, measure: errors, fail_above: 0 }
  - { name: contested, measure: duration_ms, fail_above: 5000, queue: double, priority: 9 }
"""
POLICY = "Early repayment\n\nDuring the first three years an early repayment fee of 2 % of the principal is charged. From the fourth year on no fee applies."
ANSWER = "You can repay the loan in March. No prepayment fee applies to your loan. Please wire the amount before 3 p.m."
HOSTILE = ("<script>alert(1)</script><img src=x onerror=alert(2)></textarea><svg onload=alert(3)>. [click](javascript:alert(4)) ![pixel](http://evil.example/p.png). "
           "\u202eevil\u202c and zero\u200bwidth, \u2066isolated\u2069, \x07bell. " + "x" * 300_000)
sent = 0


def run(question, answer, document=POLICY, seconds=1, is_failed=False, history=(), **more):
    """One run with a document; without an answer its tool failed."""
    global sent
    sent += 1
    now, ids = time.time_ns(), (sent.to_bytes(16, "big"), sent.to_bytes(8, "big"))
    start = now - int(seconds * 10**9)
    asked = {"input__value": question} if question else {}
    answered = {"output__value": answer} if answer else {}
    spans = [span(*ids, b"", "agent", start, now, gen_ai__operation__name="invoke_agent", **asked, **answered, **more)]
    if document:
        spans.append(span(ids[0], (10_000 + sent).to_bytes(8, "big"), ids[1], "search", start, now, openinference__span__kind="RETRIEVER",
                          retrieval__documents__0__document__content=document, retrieval__documents__0__document__id="policy-7"))
    if history:
        turns = {f"llm__input_messages__{i}__message__{part}": text for i, turn in enumerate([*history, ("user", question)]) for part, text in zip(("role", "content"), turn)}
        spans.append(span(ids[0], (30_000 + sent).to_bytes(8, "big"), ids[1], "chat", start, now, openinference__span__kind="LLM", **turns))
    if is_failed:
        spans.append(span(ids[0], (20_000 + sent).to_bytes(8, "big"), ids[1], "get_order", start, now, gen_ai__operation__name="execute_tool", gen_ai__tool__name="get_order")
                     + field(15, field(2, "upstream timed out after 3000 ms") + field(3, 2)))
    return request(spans)


def send(*bodies):
    before = daemon.line_count()
    daemon.send(*bodies)
    checks.check("a record for each run", daemon.wait(lambda: daemon.line_count() == before + len(bodies)), daemon.line_count() - before)


def call(path, session=None, document=None):
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {session}"} if session else {})
    asked = urllib.request.Request(url + path, None if document is None else json.dumps(document).encode(), headers)
    with urllib.request.urlopen(asked, timeout=patiently(30)) as answer:
        return json.loads(answer.read() or b"null")


def written():
    return [json.loads(line) for line in lines_of(rows.read_text())] if rows.exists() else []


def items(session, **query):
    return call("/api/v1/review/items?" + "&".join(f"{key}={value}" for key, value in query.items()), session)["items"]


def newest_record():
    return daemon.records()[-1]["record_id"]


def mine(session, item_id):
    return call(f"/api/v1/review/items/{item_id}", session).get("mine", {})


daemon = Daemon(args.flywheel, PIPELINE)
faults = Faults(daemon.directory)
daemon.environment.update(LD_PRELOAD=str(build_shim(daemon.directory)), FLYWHEEL_FAULTS=str(faults.path))
reviewers, rows = daemon.directory / "reviewers", daemon.directory / "rows.jsonl"
daemon.write(review=f", reviewers_file: {reviewers}, queues: {{ '*': {{ reviewers: 1, overlap: 0, lease: 1s }}, double: {{ reviewers: 2, overlap: 0, lease: 1s }} }}",
             results="exporters: [file/rows]", exporters=f"file/annotations: {{ path: {daemon.annotations} }}, file/rows: {{ path: {rows} }}")
tokens = {name: daemon.run("reviewer", "add", name, "--role", role, "--file", reviewers).stdout.split()[-1]
          for name, role in {"asha": "reviewer", "bo": "reviewer", "lee": "adjudicator"}.items()}
daemon.start()
url = f"http://127.0.0.1:{daemon.review_port}"
sessions = {name: call("/api/v1/session", document={"token": token})["session"] for name, token in tokens.items()}


def keyboard_only(browser):
    """A failed run becomes a row that tests for it, and nobody touched a mouse."""
    send(run("Can I repay my mortgage in March, and what is the fee?", ANSWER))
    page = Page(browser, url, tokens["asha"]).item()
    checks.check("what was asked and answered is read", "repay my mortgage" in page.text("#question") and "No prepayment fee" in page.text("#answer"))
    checks.check("and what it stands on", "early repayment fee of 2 %" in page.text("#panel-0"))
    item_id = page.eval("sessionStorage['flywheel.at']")
    shown = call(f"/api/v1/review/items/{item_id}", sessions["bo"])
    checks.equal("before the reveal nothing of the machine is sent", sorted(shown.keys() & {"machine", "links", "summary", "labels", "queue", "priority", "evaluations"}), [])
    checks.equal("step 1 is accessible", page.inaccessible(), [])
    page.press("f", "1")
    checks.equal("step 2 is accessible", page.inaccessible(), [])
    page.press("Enter")
    page.wait(".machine", "ungrounded")
    checks.equal("the comparison has the focus", page.eval("document.activeElement.className"), "machine")
    page.press("ArrowRight", "ArrowRight", "x", "m")
    page.type("an early repayment fee of 2 % is charged")
    page.press("Enter")
    page.wait(".chip.must")
    page.wait("#trial", "is caught")
    checks.equal("step 3 is accessible", page.inaccessible(), [])
    page.press("Control+Enter")
    page.said("Saved. It is an example of the dataset now.")
    page.wait("h1", "Nothing to do")
    checks.check("a row left", wait_for(lambda: len(written()) == 1))
    row = written()[0]
    checks.equal("with what was marked", (row["verdict"], row["failure_mode"], row["regression"], row["checks"]["must_not_include"], row["checks"]["must_include"]),
                 ("fail", "unsupported_claim", True, [["No prepayment fee applies to your loan."]], [["an early repayment fee of 2 % is charged"]]))

    page.press("z")
    page.item()
    page.wait("#withdraw")
    checks.equal("undo shows it as it was saved", (page.count(".chip.not"), page.count(".chip.must")), (1, 1))
    checks.equal("and the result stands", mine(sessions["asha"], item_id)["verdict"], "fail")
    page.press("c")
    page.type("policy section 7")
    page.press("Control+Enter")
    page.said("Saved.")
    checks.check("until it is saved anew", wait_for(lambda: mine(sessions["asha"], item_id).get("comment") == "policy section 7"), mine(sessions["asha"], item_id))
    page.wait("h1", "Nothing to do")
    page.press("z")
    page.item()
    page.page.click("#withdraw")
    page.wait("dialog[open]")
    page.press("1")
    page.said("Taken back.")
    checks.check("taken back, the row retires", wait_for(lambda: written()[-1]["action"] == "retire"))
    page.item()
    page.press("f", "1", "Enter")
    page.wait(".machine")
    page.press("Control+Enter")
    page.said("Saved.")
    checks.equal("nothing was that must not be", page.reports(), [])
    page.close()


def keeps_the_draft(browser):
    """Over a reload, the end of the daemon and the end of the session."""
    send(run("Where is my order 1042?", "", document="", is_failed=True))
    page = Page(browser, url, tokens["asha"]).item()
    checks.check("a run without an answer says why", "ended without an answer" in page.text("#answer") and "upstream timed out after 3000 ms" in page.text("#answer"), page.text("#answer"))
    page.press("f", "2", "Enter")
    page.wait(".machine")
    page.press("c")
    page.type("the order service was down")
    daemon.kill()
    page.press("Control+Enter")
    page.wait(".error", "Your draft is kept")
    daemon.start()
    page.page.reload()
    page.item()
    checks.equal("after a kill and a reload the draft is there", page.page.input_value("#comment"), "the order service was down")
    page.eval("sessionStorage['flywheel.session'] = JSON.stringify({...JSON.parse(sessionStorage['flywheel.session']), session: 'over'})")
    page.page.reload()
    page.wait("[role=alert]", "session is over")
    page.sign_in()
    page.item()
    checks.equal("after another sign-in, too", page.page.input_value("#comment"), "the order service was down")

    faults.set(write_errno=ENOSPC)
    page.press("Control+Enter")
    page.wait(".error", "Not saved yet, trying again")
    page.wait(".error", "Not saved. Your draft is kept")
    checks.equal("a full disk: nothing is lost", page.page.input_value("#comment"), "the order service was down")
    faults.set()
    page.page.click("#primary")
    page.said("Saved.")
    checks.equal("nothing was that must not be", page.reports(), [])
    page.close()


def tries(browser):
    """A test is tried without being stored."""
    send(run("Is there a fee in March?", ANSWER))
    item_id = next(item["item_id"] for item in items(sessions["asha"], state="open"))

    def check(item=item_id, **document):
        try:
            return call(f"/api/v1/review/items/{item}/check", sessions["asha"], document)
        except urllib.error.HTTPError as refused:
            return refused.code

    told = check(must_not_include=[["no prepayment fee applies", "nothing to pay"], ["a fee of 2 %"]], must_include=[["wire the amount"], ["2 % is charged"]])
    checks.equal("each check is told apart", (told["caught"], told["must_not_include"], told["must_include"]), (True, [True, False], [False, True]))
    told = check(must_not_include=[["no prepayment fee applies"]], must_include=[["2 % is charged"]], expected_response="No prepayment fee applies.")
    checks.equal("the right answer has to pass it", (told["must_not_include"], told["must_include"]), ([False], [False]))
    page = Page(browser, url, tokens["asha"]).item()
    page.press("p", "Enter")
    page.wait(".machine")
    page.press("Control+Enter")
    page.said("Saved.")
    page.close()
    checks.equal("approved answers are tried, too", check(must_not_include=[["no prepayment fee applies"]])["would_have_caught"], {"n": 1, "of": 1})
    checks.equal("what is no test", (check(must_include="text"), check(must_include=[[]]), check(must_include=[["x" * 513]]), check(item="0" * 32)), (422, 422, 422, 404))


def two_tabs(browser):
    send(run("Which fee applies when I pay early?", ANSWER))
    page = Page(browser, url, tokens["asha"]).item()
    item_id = page.eval("sessionStorage['flywheel.at']")
    page.press("u")
    other = Page(browser, url, tokens["asha"], context=page.context)
    other.open(f"/item/{item_id}")
    other.item().press("f", "Enter")
    other.wait(".machine")
    other.press("Control+Enter")
    other.said("Saved.")
    page.press("Enter")
    page.wait(".machine")
    page.press("Control+Enter")
    page.wait(".error", "another tab")
    checks.equal("the draft of the other tab stands", page.eval("document.querySelector('.machine b').textContent").startswith("You: i can't tell"), True)
    page.press("Control+Enter")
    page.said("Saved.")
    checks.equal("and takes the place of the result when it is saved again", mine(sessions["asha"], item_id)["verdict"], "unsure")
    checks.equal("nothing was that must not be", page.reports() + other.reports(), [])
    page.close()


def adjudication(browser):
    """Two reviewers differ, a third person decides."""
    send(run("How long does a transfer take?", POLICY.partition("\n\n")[2], seconds=9))
    first, second = (Page(browser, url, tokens[name]).item() for name in ("asha", "bo"))
    item_id = first.eval("sessionStorage['flywheel.at']")
    checks.equal("both get the same run", second.eval("sessionStorage['flywheel.at']"), item_id)
    first.press("f", "1", "Enter")
    first.wait(".machine")
    first.press("Control+Enter")
    first.said("Saved.")
    second.press("p", "Enter")
    second.wait(".machine", "The checks say wrong")
    second.press("Control+Enter")
    second.said("Saved.")
    third = Page(browser, url, tokens["lee"])
    third.wait("main h1, .said")
    third.open("/queue")
    third.wait("tr:has-text('How long does a transfer take?')", "the reviewers differ")
    third.page.click("tr:has-text('How long does a transfer take?') a")
    third.item()
    sides = third.text(".sides")
    checks.check("both judgements are read side by side", "A: " in sides and "B: " in sides and "Wrong" in sides and "Right" in sides, sides)
    checks.check("without names", "asha" not in third.text("main") and "bo" not in sides.split())
    checks.equal("the disputed view is accessible", third.inaccessible(), [])
    third.press("f", "1", "Enter")
    third.wait(".machine")
    third.press("Control+Enter")
    third.said("Saved.")
    checks.equal("decided", call(f"/api/v1/review/items/{item_id}", sessions["lee"])["state"], "adjudicated")
    checks.equal("nothing was that must not be", first.reports() + second.reports() + third.reports(), [])
    for page in (first, second, third):
        page.close()


def skips(browser):
    """What two persons skip is left."""
    send(run("What is a bond?", ANSWER))
    for name in ("bo", "asha"):
        page = Page(browser, url, tokens[name]).item()
        page.press("s")
        page.wait("dialog[open]")
        checks.equal("the question is accessible", page.inaccessible(), [])
        page.press("Escape", "s")
        page.wait("dialog[open]")
        page.press("1")
        page.said("Skipped.")
        page.wait("h1", "Nothing to do")
        page.close()
    checks.check("skipped", "What is a bond?" in [item["question"] for item in items(sessions["lee"], state="skipped")])


def keys_are_meant(browser):
    """What is written elsewhere, held down, composed, or pressed with another key decides nothing."""
    send(run("What is a fund?", ANSWER))
    page = Page(browser, url, tokens["asha"]).item()
    key = lambda **event: page.eval("(event) => document.body.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, cancelable: true, ...event}))", event)
    pressed = lambda selector: page.page.locator(selector).get_attribute("aria-pressed") == "true"
    for modifier in ("ctrlKey", "altKey", "metaKey", "modifierAltGraph", "isComposing", "repeat"):
        key(key="f", code="KeyF", **{modifier: True})
        checks.check(f"F with {modifier} is none", not pressed("#steps-fail"))
    page.page.add_init_script("""new MutationObserver((_, observer) => {
        if (!document.querySelector(".said")) return;
        observer.disconnect();
        setTimeout(() => document.body.dispatchEvent(new KeyboardEvent("keydown", {bubbles: true, key: "f", code: "KeyF"})), 50);
    }).observe(document, {childList: true, subtree: true});""")
    page.page.reload()
    page.item()
    checks.check("nor does a key that was meant for the item before", not pressed("#steps-fail"))
    key(key="а", code="KeyF")
    checks.check("a key that writes no Latin letter counts by its place", pressed("#steps-fail"))
    key(key="&", code="Digit1")
    checks.check("a digit by its place, as on AZERTY", pressed("#label-0"))
    key(key="2", code="Numpad2")
    checks.check("and on the keypad", pressed("#label-1"))
    page.page.locator("#skip").focus()
    page.press("Enter")
    page.wait("dialog[open]")
    checks.check("Enter on a button is that button", page.count(".machine") == 0)
    page.press("Escape")
    page.page.locator("input[type=search]").focus()
    page.type("fps")
    checks.check("what is typed into a field is text", pressed("#steps-fail") and page.count("dialog[open]") == 0)
    page.eval("document.activeElement.blur()")
    page.press("?")
    page.wait("dialog[open]", "Keys")
    checks.equal("the sheet of keys is accessible", page.inaccessible(), [])
    page.page.locator("dialog input[type=checkbox]").check()
    page.press("Escape", "p")
    checks.check("single keys can be switched off", pressed("#steps-fail"))
    page.page.click("#steps-pass")
    checks.check("each has a button", pressed("#steps-pass"))
    page.page.click("#primary")
    page.wait(".machine")
    page.page.click("#primary")
    page.said("Saved.")
    page.close()


def hostile_texts(browser):
    """Nothing of a text runs, leaves, or hides."""
    send(run("<img src=x onerror=alert(5)>\u202e", HOSTILE, document=HOSTILE, is_failed=True))
    page = Page(browser, url, tokens["asha"]).item()
    answer = page.text("#answer")
    checks.check("markup is text", "<script>alert(1)</script>" in answer and "![pixel](http://evil.example/p.png)" in answer, answer[:200])
    checks.check("what is invisible is seen", all(f"‹U+{code}›" in answer for code in ("202E", "200B", "2066", "0007")), answer[:400])
    checks.equal("no element came of it", page.eval("document.querySelectorAll('main img, main script, main svg, main iframe, main a[href^=java]').length"), 0)
    checks.check("a long text comes in pieces", page.count("#panel-0 button:has-text('show more')") + page.count("#answer button:has-text('show more')") >= 1)
    checks.check("it makes the page no wider", not page.has_sideways_scroll())
    page.press("f", "1", "Enter")
    page.wait(".machine")
    page.press("ArrowRight", "x")
    for tab in range(4):
        page.page.click(f"#tab-{tab}")
    checks.equal("it is accessible", page.inaccessible(), [])
    page.page.click("#primary")
    page.said("Saved.")
    page.open("/queue")
    page.wait("td", "<img src=x onerror=alert(5)>‹U+202E›")
    checks.equal("the queue is accessible", page.inaccessible(), [])
    checks.equal("no dialog, no request to elsewhere, no report", page.reports(), [])
    page.page.get_by_role("button", name="Sign out").click()
    page.wait("#token")
    checks.equal("signing out leaves nothing behind", page.eval("Object.keys(sessionStorage)"), [])
    page.close()


def small_screens(browser):
    """What is to be done next is seen without scrolling, wherever one is."""
    folder = root / "build/test-logs/page"
    folder.mkdir(parents=True, exist_ok=True)
    for name, width, height, scheme in (("wide", 1280, 720, "light"), ("dark", 1280, 720, "dark"), ("narrow", 360, 740, "light"), ("narrow-dark", 360, 740, "dark"), ("zoom-200", 640, 360, "light")):
        send(run("And on the 14th?", ANSWER, document=POLICY * 30, history=[("user", "What do I owe on 12 March?"), ("assistant", "218,440.12 USD.")]))
        page = Page(browser, url, tokens["asha"], width, height, scheme).item()
        picture = lambda step: page.page.screenshot(path=folder / f"{name}-{step}.png")
        picture("1-verdict")
        choice = "#steps-fail" if width > 800 else "#bar-fail"
        checks.check(f"{name}: the choice is in view", page.in_view(choice))
        checks.check(f"{name}: so is what comes next", page.in_view("#primary"))
        checks.check(f"{name}: and what was asked", page.in_view("#question"))
        if width > 800:
            checks.check(f"{name}: and answered", page.in_view("#answer"))
        page.page.click(choice)
        checks.check(f"{name}: what is wrong comes into view", page.in_view("#label-0"))
        picture("2-labels")
        checks.check(f"{name}: primary action, step 2", page.in_view("#primary"))
        page.page.click("#primary")
        page.wait(".machine")
        checks.check(f"{name}: what the checks say comes into view", page.in_view(".machine > div"))
        checks.check(f"{name}: primary action, step 3", page.in_view("#primary") and "Save" in page.text("#primary"))
        picture("3-test")
        checks.equal(f"{name}: accessible", page.inaccessible(), [])
        checks.check(f"{name}: no scrolling sideways", not page.has_sideways_scroll())
        page.page.click("#primary")
        page.said("Saved.")
        page.open("/queue")
        page.wait("td")
        checks.check(f"{name}: nor in the queue", not page.has_sideways_scroll())
        picture("4-queue")
        page.close()


def figures(browser):
    """What reviews say, for who adjudicates alone, wherever they look at it."""
    folder = root / "build/test-logs/page"
    for name, width, height, scheme in (("wide", 1280, 720, "light"), ("narrow-dark", 360, 740, "dark")):
        page = Page(browser, url, tokens["lee"], width, height, scheme)
        page.wait("#who", "lee")
        page.page.click("nav a[href='#/figures']")
        for part in ("measures", "calibration", "agreement", "coverage"):
            page.wait(f"#{part}:not([aria-busy]) table")
        checks.check(f"{name}: measures stand with what they were made of", " of " in page.text("#measures") and "not known" not in page.text("#measures tr:nth-child(2)"), page.text("#measures"))
        checks.equal(f"{name}: accessible", page.inaccessible(), [])
        checks.check(f"{name}: no scrolling sideways", not page.has_sideways_scroll())
        page.page.screenshot(path=folder / f"{name}-5-figures.png", full_page=True)
        checks.equal(f"{name}: nothing was that must not be", page.reports(), [])
        page.close()
    page = Page(browser, url, tokens["asha"])
    page.wait("#who", "asha")
    checks.check("a reviewer, who shall decide unmoved, has no way there", not page.page.is_visible("nav a[href='#/figures']"))
    page.open("/figures")
    page.page.wait_for_timeout(SETTLE_MS)
    checks.equal("nor by its address", page.count("#measures"), 0)
    page.close()


def declared_person(browser):
    """Without a reviewers file `flywheel review` prints an address that signs in once, and decides alone; with contents off the page says so."""
    alone = Daemon(args.flywheel, PIPELINE + "redaction: { content: none }\n", review=", queues: { '*': { overlap: 0 } }")
    alone.start()
    alone.send(run("Where is my order 7?", "", document="", is_failed=True))
    alone.wait(lambda: alone.line_count() == 1)
    address = alone.run("review", "-c", alone.config).stdout.split()[-1]
    page = Page(browser, f"http://127.0.0.1:{alone.review_port}", None, address=address).item()
    checks.check("the code has left the address", "code" not in page.eval("location.href"), page.eval("location.href"))
    checks.check("it says that nobody was checked", "declared" in page.text("#who"), page.text("#who"))
    checks.check("and that there is no text", "keeps no texts" in page.text(".said"), page.text(".said"))
    checks.equal("accessible", page.inaccessible(), [])
    page.press("f", "2", "Enter")
    page.wait(".machine")
    page.press("Control+Enter")
    page.said("Saved.")
    again = Page(browser, f"http://127.0.0.1:{alone.review_port}", None, address=address)
    again.wait("[role=alert]", "used already")
    checks.equal("nothing was that must not be", page.reports() + again.reports(), [])
    page.close()
    again.close()
    alone.remove()


def assets():
    names = ["", "/assets/style.css", *(f"/assets/{file.name}" for file in (root / "processor/report/page").glob("*.js"))]
    sizes = {name: len(urllib.request.urlopen(f"{url}/{name.lstrip('/')}", timeout=patiently(30)).read()) for name in names}
    checks.check("all files together are at most 100 kB", sum(sizes.values()) <= 100_000, sum(sizes.values()))
    checks.check("no module has more than 500 lines", all(file.read_text().count("\n") <= 500 for file in (root / "processor/report/page").glob("*.js")))


with chromium() as browser:
    for test in (keyboard_only, keeps_the_draft, tries, two_tabs, adjudication, keys_are_meant, skips, hostile_texts, small_screens, figures, declared_person):
        print(f"      {test.__name__}", flush=True)
        test(browser)
assets()
checks.equal("it ends with 0 on TERM", daemon.stop(), 0)
verified = daemon.run("audit", "verify", daemon.state)
checks.check("the trail is whole", verified.returncode == 0, verified.stdout + verified.stderr)
daemon.remove()
checks.finish()
