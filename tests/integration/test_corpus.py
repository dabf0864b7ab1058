"""Every recorded scenario through the binary: at least 98 % of the fields that consumers see are as recorded."""

import pathlib
import subprocess
import sys

import harness


def test(checks, arguments, _directory):
    script = pathlib.Path(__file__).with_name("corpus_expected.py")
    result = subprocess.run([sys.executable, str(script), arguments.flywheel], capture_output=True, text=True,
                            timeout=300)
    print(result.stdout, result.stderr)
    checks.equal(result.returncode, 0, "records say what the programs did, in at least 98 % of the fields")


if __name__ == "__main__":
    harness.main(test)
