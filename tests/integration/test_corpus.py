"""At least 99 % of what the recorded programs did is read right from their spans (corpus_expected.py has the table)."""
import sys

from flywheel import processes
from flywheel.checks import Checks, arguments
from flywheel.places import root

args = arguments()
checks = Checks()
result = processes.run(sys.executable, root / "tests/integration/corpus_expected.py", args.flywheel)
print(result.stdout + result.stderr)
checks.check("99 % of all fields", result.returncode == 0)
checks.finish()
