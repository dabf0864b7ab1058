"""Waits are on conditions, and their limits are generous: a limit is reached only by what will never come, so no test gets slower by a
larger one. FLYWHEEL_PATIENCE multiplies all of them, for machines that are very slow or very busy."""
import os, time

PATIENCE = float(os.environ.get("FLYWHEEL_PATIENCE", "1"))


def patiently(seconds):
    return seconds * PATIENCE


def wait_for(condition, seconds=60, pause=0.05):
    """The first true value of condition() within so many seconds, else its last value."""
    end = time.monotonic() + patiently(seconds)
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(pause)
    return value


def stays(condition, seconds):
    """condition() holds, and still does after so many seconds: for what must not happen. A busy machine can hide a fault here, never make
    one up."""
    end = time.monotonic() + seconds
    while condition():
        if time.monotonic() >= end:
            return True
        time.sleep(0.05)
    return False
