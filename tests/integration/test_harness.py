"""A test ends what it started, however it ends: a daemon, a broker, a fork that hangs, a command under way."""
import json, os, pathlib, signal, subprocess, sys, time

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
processes.run("sleep", f"1000.{os.getpid()}")
"""


def is_alive(pid):
    """What nobody has waited for yet is dead too."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def last_of(test):
    """The command that may have been on its way when the test was killed."""
    wanted = f"1000.{test.pid}".encode()
    return [path.parent.name for path in pathlib.Path("/proc").glob("[0-9]*/cmdline") if wanted in read(path) and is_alive(path.parent.name)]


def read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


def play(name, number=None, broker="no"):
    how = "hang" if number else "assert"
    hears_interrupts = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # also when all this runs in the background
    test = subprocess.Popen([sys.executable, "-c", TEST, args.flywheel, broker, how], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            preexec_fn=hears_interrupts)
    pids = json.loads(test.stdout.readline())
    if number:
        checks.check(f"{name}: all are there before", all(map(is_alive, pids)), pids)
        os.kill(test.pid, number)
    test.wait()
    time.sleep(0.5)  # a command on its way shows itself; what was not seen can only hide a fault
    gone = wait_for(lambda: not any(map(is_alive, pids)) and not last_of(test))
    checks.check(f"{name}: nothing is left", gone, [pid for pid in pids if is_alive(pid)] + last_of(test))


args = arguments()
checks = Checks()
play("an assertion")
play("Ctrl-C", signal.SIGINT)
play("a timeout that asks", signal.SIGTERM)
play("a timeout that kills", signal.SIGKILL, "broker")
for number in range(10):
    play(f"a kill at any moment, {number}", signal.SIGKILL)
checks.finish()
