"""Every fault of the instrument, briefly. Long runs: instrument.py."""
import copy, os, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from flywheel.checks import Checks, arguments
from instrument import play

args = arguments(seed=int.from_bytes(os.urandom(4), "big"))
checks = Checks()
for fault, input_, rounds, seconds in (
        ("kill9", "kafka", 4, 0), ("sigterm", "grpc", 4, 0), ("sigterm", "kafka", 2, 0), ("power_cut", "grpc", 6, 0),
        ("damaged_state", "grpc", 10, 0), ("memory", "grpc", 2, 0), ("broker_down", "grpc", 1, 10),
        ("broker_pause", "kafka", 3, 0), ("slow_disk", "grpc", 2, 0), ("disk_full", "grpc", 3, 0), ("broken_disk", "grpc", 2, 0), ("hung_disk", "grpc", 1, 0),
        ("map_full", "grpc", 1, 0), ("clock_step", "grpc", 1, 0), ("poison", "grpc", 1, 0), ("duplicates", "grpc", 2, 0), ("overload", "grpc", 1, 8),
        ("mixed_attack", "grpc", 7, 0), ("held_and_drained", "grpc", 1, 0), ("stopped", "grpc", 1, 0), ("stopped", "kafka", 1, 0),
        ("members", "kafka", 3, 6), ("topic_anew", "kafka", 3, 0)):
    one = copy.copy(args)
    one.fault, one.input, one.rounds, one.seconds = fault, input_, rounds, seconds
    play(one, checks)
checks.finish()
