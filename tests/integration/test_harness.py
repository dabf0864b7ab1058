"""A test ends what it started, however it ends: a daemon, a broker, a fork that hangs, a command under way."""
import json, os, pathlib, signal, subprocess, sys

from flywheel.checks import Checks, arguments
from flywheel.waiting import wait_for

TEST = """
import json, multiprocessing, os, signal, subprocess, sys, threading, time
from flywheel import processes
from flywheel.broker import Broker
from flywheel.daemon import Daemon

daemon = Daemon(sys.argv[1], "rules: [{ name: slow, measure: duration_ms, fail_above: 1 }]")
daemon.start()
fork = multiprocessing.Process(target=time.sleep, args=(1000,))
fork.start()
pids = [daemon.process.pid, fork.pid]
if sys.argv[2] == "broker":
    broker = Broker()
    pids.append(int((broker.directory / "pid").read_text()))
shell = processes.start("sh", "-c", "sleep 1000 & echo $!; wait", stdout=subprocess.PIPE)
pids += [shell.pid, int(shell.stdout.readline())]
print(json.dumps(pids), flush=True)
assert sys.argv[3] != "assert"
processes.run("sleep", 1000)
"""


def is_alive(pid):
    """What nobody has waited for yet is dead too."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def play(name, number=None, broker="no"):
    how = "hang" if number else "assert"
    test = subprocess.Popen([sys.executable, "-c", TEST, args.flywheel, broker, how], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    pids = json.loads(test.stdout.readline())
    if number:
        checks.check(f"{name}: all are there before", all(map(is_alive, pids)), pids)
        os.kill(test.pid, number)
    test.wait()
    checks.check(f"{name}: nothing is left", wait_for(lambda: not any(map(is_alive, pids))), [pid for pid in pids if is_alive(pid)])


args = arguments()
checks = Checks()
play("an assertion")
play("Ctrl-C", signal.SIGINT)
play("a timeout that asks", signal.SIGTERM)
play("a timeout that kills", signal.SIGKILL, "broker")
checks.finish()
