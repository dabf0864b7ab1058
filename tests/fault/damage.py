"""A state directory that is not what it was, and what every command makes of it."""
import collections, json, shutil, signal

from flywheel.waiting import wait_for

PAGE = 4096
STATE_IO = 74


def cut(data, chance):
    return data[:chance.randrange(len(data))]


def flip_head(data, chance):
    return flip_at(data, chance.randrange(len(data) // PAGE) * PAGE + chance.randrange(16), chance)


def flip(data, chance):
    return flip_at(data, chance.randrange(len(data)), chance)


def flip_at(data, at, chance):
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1:]


def swap(data, chance):
    a, b = sorted(p * PAGE for p in chance.sample(range(len(data) // PAGE), 2))
    return data[:a] + data[b:b + PAGE] + data[a + PAGE:b] + data[a:a + PAGE] + data[b + PAGE:]


def zeros(data, chance):
    at = chance.randrange(len(data) // PAGE) * PAGE
    return data[:at] + bytes(PAGE) + data[at + PAGE:]


def emptied(data, chance):
    return b""


def missing(data, chance):
    return None


class Damage:
    KINDS = (cut, cut, flip_head, flip_head, flip, swap, swap, zeros, emptied, missing, "of another instance")

    def __init__(self, member, chance):
        self.member, self.chance, self.seen = member, chance, collections.Counter()
        self.file = member.state / "data.mdb"
        self.whole = {p.name: p.read_bytes() for p in member.state.iterdir() if p.is_file()}
        self.dump = member.run("state", "dump", member.state, check=True).stdout
        self.report = member.cohorts()
        self.other = self.another_instance()

    def another_instance(self):
        """The data.mdb of a daemon that began in another directory."""
        member = self.member
        lock = member.state / "owner.lock"
        for path in (self.file, lock):
            path.unlink()
        member.start()
        member.stop()
        other = self.file.read_bytes()
        self.restore()
        return other

    def restore(self):
        for name, content in self.whole.items():
            (self.member.state / name).write_bytes(content)

    def damage(self):
        kind = self.chance.choice(self.KINDS)
        data = self.other if isinstance(kind, str) else kind(self.whole["data.mdb"], self.chance)
        if data is None:
            self.file.unlink()
        else:
            self.file.write_bytes(data)
        return kind if isinstance(kind, str) else kind.__name__

    def round(self, checks):
        member = self.member
        self.restore()
        what = self.damage()
        commands = {
            "check": ("state", "check", member.state), "dump": ("state", "dump", member.state),
            "cohorts": ("cohorts", "-c", member.config, "--window", "48h", "--format", "json"),
            "gate": ("gate", "-c", member.config, "--cohort", "intent=refund", "--min-pass-rate", "0.1"),
            "explain": ("explain", "-c", member.config, "--trace", "0" * 31 + "1"),
            "backup": ("state", "backup", member.state, member.directory / "copy"),
        }
        results = {name: member.run(*words) for name, words in commands.items()}
        shutil.rmtree(member.directory / "copy", ignore_errors=True)
        codes = {name: result.returncode for name, result in results.items()}
        codes["run"] = self.run()
        errors = results["check"].stderr
        is_refused = codes["check"] == STATE_IO
        self.seen["refused" if is_refused else "unharmed"] += 1
        text = f"{what}: {codes} {errors.strip()[-200:]}"
        checks.check("every end is a code and a sentence", all(c >= 0 for c in codes.values()) and codes["check"] in (0, STATE_IO) and
                     all(r.stderr.count("flywheel") >= 1 for r in results.values() if r.returncode == STATE_IO), text)
        if is_refused and "data.mdb" in errors:  # not a row of it
            checks.check("who opens a bad file is told so with 74", set(codes.values()) == {STATE_IO}, text)
        elif is_refused:
            checks.check("a row that is damaged is refused where it is read", codes["dump"] == STATE_IO, text)
        else:
            checks.check("what is taken is what it was", results["dump"].stdout == self.dump and json.loads(results["cohorts"].stdout)["cohorts"] == self.report and
                         codes["run"] == 0, text)

    def run(self):
        """0 when it gets ready and stops."""
        member = self.member
        member.launch()
        wait_for(lambda: not member.is_running() or member.is_ready(), 60, 0.02)
        return member.kill(signal.SIGTERM)
