"""kill -9 at random moments of live load by gRPC, then a restart on the same directory: what was acknowledged is decided exactly once, and
cohorts, verdicts and records are those that were known beforehand (ledger.py)."""
import os, pathlib, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from flywheel.checks import Checks, arguments
from instrument import play

args = arguments(rounds=10, seed=int.from_bytes(os.urandom(4), "big"))
args.fault, args.input, args.seconds = "kill9", "grpc", 0
checks = Checks()
play(args, checks)
checks.finish()
