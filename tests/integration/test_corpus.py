"""At least 98 % of what the recorded programs did is read right from their spans (corpus_expected.py has the table)."""
import subprocess, sys

from daemon import Checks, arguments, root

args = arguments()
checks = Checks()
result = subprocess.run([sys.executable, str(root / "tests/integration/corpus_expected.py"), args.flywheel],
                        capture_output=True, text=True, timeout=300)
print(result.stdout + result.stderr)
checks.check("98 % of all fields", result.returncode == 0)
checks.finish()
