"""SDKs of other tools, in whose own words a form is looked at. They do not resolve in one environment: each has its own, build/venv-NAME,
with the wheels that tests/integration/peers/NAME.txt pins.

    python tests/integration/flywheel/vendor.py     makes all of them"""
import fcntl
import json
import pathlib
import subprocess
import sys
import venv

root = pathlib.Path(__file__).resolve().parents[3]
PINS = root / "tests/integration/peers"


class Vendor:
    def __init__(self, name):
        self.name, self.directory, self.pins = name, root / f"build/venv-{name}", PINS / f"{name}.txt"

    def make(self):
        """Once for each list of pins; who comes while another makes it waits."""
        self.directory.parent.mkdir(exist_ok=True)
        made = self.directory / "pins.txt"
        with open(self.directory.parent / f"venv-{self.name}.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if made.exists() and made.read_bytes() == self.pins.read_bytes():
                return self
            venv.create(self.directory, clear=True, with_pip=True)
            done = subprocess.run([self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r", self.pins],
                                  capture_output=True, text=True)
            if done.returncode:
                said = (done.stderr or done.stdout).strip().splitlines()
                sys.exit(f"FAIL  build/venv-{self.name}: the packages of {self.pins.relative_to(root)} can't be installed: {said[-1] if said else done.returncode}")
            made.write_bytes(self.pins.read_bytes())
        return self

    @property
    def python(self):
        return self.directory / "bin/python"

    def ask(self, snippet, given=None):
        """Runs it there: `given` is what it knows by that name, and what it leaves in `answer` comes back, both as JSON. What it raises is
        raised here."""
        self.make()
        around = "import json, sys\ngiven = json.load(sys.stdin)\nsys.stdout, out = sys.stderr, sys.stdout\n" \
                 f"exec(compile({snippet!r}, 'snippet', 'exec'))\njson.dump(answer, out, default=str)\n"
        done = subprocess.run([self.python, "-c", around], input=json.dumps(given), capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            raise RuntimeError(f"{self.name}: {done.stderr.strip()[-2000:]}")
        return json.loads(done.stdout)


if __name__ == "__main__":
    for path in sorted(PINS.glob("*.txt")):
        Vendor(path.stem).make()
        print(f"build/venv-{path.stem}")
