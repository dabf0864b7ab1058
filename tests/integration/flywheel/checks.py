"""What held and what did not: a failed check does not stop a test. The last line says "N passed, M failed"."""
import argparse, pathlib

from flywheel.places import root


def arguments(**more):
    """--flywheel BINARY and what the test asks for: name=default."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--flywheel", default=str(root / "build/release/flywheel"))
    for name, default in more.items():
        if default is False:
            parser.add_argument("--" + name, action="store_true")
        else:
            parser.add_argument("--" + name, type=type(default), default=default)
    parsed = parser.parse_args()
    parsed.flywheel = str(pathlib.Path(parsed.flywheel).resolve())
    return parsed


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, is_good, detail=""):
        self.passed += bool(is_good)
        self.failed += not is_good
        print(("ok    " if is_good else "FAIL  ") + name + (f": {detail}" if detail != "" else ""), flush=True)
        return is_good

    def equal(self, name, found, wanted):
        return self.check(name, found == wanted, "" if found == wanted else f"wanted {wanted!r}, found {found!r}")

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        raise SystemExit(self.failed > 0 or self.passed == 0)
