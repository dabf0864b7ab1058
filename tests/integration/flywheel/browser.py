"""The distribution's Chromium, driven as a person would: keys and clicks. Of each page it is kept what must not be: dialogs, requests to
elsewhere, reports of the content security policy, errors of scripts."""
import contextlib

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from flywheel.waiting import patiently

CHROMIUM = "/usr/bin/chromium"
SETTLE_MS = 350  # keys are ignored until 300 ms after an item is drawn: a test that is slower than that hides nothing
NOTE_REPORTS = """window.reports = [];
document.addEventListener("securitypolicyviolation", (event) => window.reports.push(`${event.violatedDirective} ${event.blockedURI}`));"""


class Page:
    def __init__(self, browser, url, token, width=1280, height=720, scheme="light", context=None, address=None):
        self.url, self.token, self.wrongs = url, token, []
        self.context = context or browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        self.page = self.context.new_page()
        self.page.set_default_timeout(patiently(30) * 1000)
        self.page.add_init_script(NOTE_REPORTS)
        self.page.on("pageerror", lambda error: self.wrongs.append(f"error: {error}"))
        self.page.on("console", lambda message: self.note(message) if message.type in ("error", "warning") else None)
        self.page.on("dialog", lambda dialog: (self.wrongs.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("request", lambda request: None if request.url.startswith(url) else self.wrongs.append(f"foreign: {request.url}"))
        self.page.goto(address or url)  # an address with a code signs in by itself
        if token:
            self.sign_in()

    def note(self, message):
        """The browser itself tells each answer that is a refusal; what the page makes of those is what is tested."""
        if not message.text.startswith("Failed to load resource"):
            self.wrongs.append(f"console: {message.text}")

    def sign_in(self):
        self.wait("#token")
        self.page.fill("#token", self.token)
        self.press("Enter")

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text):
        self.page.keyboard.type(text)

    def wait(self, selector, words=None, state="visible"):
        return self.page.locator(selector, has_text=words).first.wait_for(state=state) or self.page.locator(selector, has_text=words).first

    def item(self):
        """An item is there, and hears keys."""
        self.wait(".said")
        self.page.wait_for_timeout(SETTLE_MS)
        return self

    def open(self, fragment):
        self.page.goto(f"{self.url}/#{fragment}")

    def said(self, words):
        """Told to those who see it and to those who hear it."""
        return self.wait("#live", words)

    def text(self, selector):
        return self.page.locator(selector).first.inner_text()

    def count(self, selector):
        return self.page.locator(selector).count()

    def eval(self, expression, argument=None):
        return self.page.evaluate(expression, argument)

    def in_view(self, selector):
        """Whole, within what is seen, and under nothing else."""
        return self.eval("""(selector) => {
            const box = document.querySelector(selector)?.getBoundingClientRect();
            if (!box || box.width === 0) return false;
            const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
            return box.x >= 0 && box.y >= 0 && box.right <= innerWidth && box.bottom <= innerHeight && Boolean(top?.closest(selector));
        }""", selector)

    def has_sideways_scroll(self):
        return self.eval("document.documentElement.scrollWidth > innerWidth")

    def inaccessible(self):
        """What axe-core finds; [] is well."""
        found = Axe().run(self.page).response["violations"]
        return [(rule["id"], [node["html"][:160] for node in rule["nodes"]][:3]) for rule in found]

    def reports(self):
        return self.wrongs + self.eval("window.reports")

    def close(self):
        self.context.close()


@contextlib.contextmanager
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()
