#!/usr/bin/env python3
"""Whatever a test starts ends with the test: when it returns, when a check or an assertion ends it, when it is interrupted, and when it is
killed by a timeout.

    test ──pipe──> keeper      "+GROUP" for each process group that was started, "-GROUP" when it has ended
                     └─ end of file: SIGKILL to every group that is left

The kernel closes the pipe of a test that is gone, so nothing has to run in the test for it. A process tells its group itself, before it becomes
the command and lets go of the pipe: there is no moment in which it runs and the keeper could not know of it. A broker that its script leaves behind is still of
the script's group. Only groups that were started here are ever signaled."""
import atexit, contextlib, ctypes, multiprocessing, os, signal, subprocess, sys
import multiprocessing.util  # now: what it does at the exit, to wait for forks, then comes after what is done here

PR_SET_PDEATHSIG = 1


ANNOUNCED = 'to=$0; echo "+$$" >&$to; exec {to}>&-; exec "$@"'


class Keeper:
    """The process at the other end of the pipe; started with the first process that it shall keep."""

    def __init__(self):
        self.process = None

    def pipe(self):
        if self.process is None:
            self.process = subprocess.Popen([sys.executable, "-I", "-S", __file__], stdin=subprocess.PIPE, start_new_session=True)
            atexit.register(self.finish)
            os.register_at_fork(after_in_child=self.leave)
        return self.process.stdin.fileno()

    def finish(self):
        """At the end of the test. Python would wait for forks that are still there."""
        for fork in multiprocessing.active_children():
            fork.kill()
        if self.process:
            self.process.stdin.close()
            self.process.wait()

    def leave(self):
        """A fork of the test (multiprocessing) holds no end of the pipe, and dies with the test as well."""
        os.close(self.process.stdin.fileno())
        self.process = None
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


keeper = Keeper()


def start(*command, **more):
    """A process in a group of its own, that ends with the test."""
    pipe = keeper.pipe()
    words = ["bash", "-c", ANNOUNCED, str(pipe), *map(str, command)]
    return subprocess.Popen(words, start_new_session=True, pass_fds=[pipe], **more)


def forget(process):
    """The process and all that it started have ended."""
    os.write(keeper.pipe(), f"-{process.pid}\n".encode())


def end_group(process):
    """Kills the process and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    forget(process)


def run(*command, seconds=300, check=False, input=None, text=True, leaves=False, **more):
    """Runs a command to its end, as subprocess.run does. `leaves`: what it leaves behind shall live, until the test ends."""
    pipes = {"stdin": subprocess.DEVNULL if input is None else subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = start(*command, text=text, **{**pipes, **more})
    try:
        out, err = process.communicate(input, seconds * float(os.environ.get("FLYWHEEL_PATIENCE", "1")))
    except BaseException:
        end_group(process)
        raise
    if not leaves:
        forget(process)
    if check and process.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit {process.returncode}\n{out or ''}{err or ''}")
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def keep():
    groups = set()
    for line in sys.stdin:
        group = int(line[1:])
        groups.add(group) if line[0] == "+" else groups.discard(group)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    keep()
