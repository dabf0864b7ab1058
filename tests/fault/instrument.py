"""Faults against a daemon under load, and a ledger that knows what must come of it.

    instrument.py --fault kill9 --input grpc --rounds 200 --seed 7
    instrument.py --list

Every run prints its seed; the same seed sends the same traces and draws the same moments."""
import collections, concurrent.futures, os, random, signal, struct, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration"))
from flywheel.broker import Broker
from flywheel.checks import Checks, arguments
from flywheel.metrics import total
from flywheel.waiting import patiently, wait_for
from damage import Damage
from attack import attack
from ledger import Ledger, Trace, pipeline
from member import CHILDREN, ROOT, GrpcSender, KafkaSender, Member
from power import Power

ENOSPC, EIO = 28, 5
PART = 60  # traces of one round


class Run:
    """A ledger, its daemon, and a sender; everything that a fault needs."""

    def __init__(self, args, checks, records="file", **more):
        self.args, self.checks = args, checks
        self.ledger, self.chance = Ledger(args.seed), random.Random(args.seed)
        self.broker = Broker() if records == "kafka" or args.input == "kafka" else None
        if self.broker:
            self.broker.topic("annotations", 4)
            self.broker.topic("spans", 12 if args.fault == "members" else 4)
        self.topic = "spans" if args.input == "kafka" else None
        settings = {"pipeline": pipeline(), **more}
        self.member = Member(args.flywheel, broker=self.broker, topic=self.topic, **settings)
        self.ready_s = [self.member.start()]
        self.sender = KafkaSender(self.broker, self.topic) if self.topic else GrpcSender(self.member)

    def lines(self):
        return self.broker.values("annotations") if self.broker else self.member.lines()

    def finish(self, allowed_missing=0):
        """Everything is sent; what must come has come."""
        checks, member = self.checks, self.member
        checks.check("everything is acknowledged", self.sender.drain(300))
        checks.check("everything is decided and delivered", self.settle(), "" if member.in_flight() == 0 else member.status()["spans"])
        self.ledger.check_account(checks, [member.status()])
        reports = [member.cohorts()]
        checks.check("it stops with 0", member.stop() == 0)
        self.ledger.check_cohorts(checks, reports, 0, allowed_missing)
        lines = self.lines()
        resent = self.ledger.check_records(checks, lines, allowed_missing)
        print(f"      records {len(lines)}, resent {resent}; ready after {median(self.ready_s):.2f} s (median), {max(self.ready_s):.2f} s (longest)",
              flush=True)
        found = member.check_state()
        checks.check("state check finds nothing", found.returncode == 0, found.stdout[-200:] if found.returncode else "")

    def settle(self):
        """Of a topic nothing is in flight before it is read, so the decided are counted."""
        want = 3 * len(self.ledger.sent())
        if self.topic:
            self.member.wait(lambda: self.member.status()["spans"]["decided"] >= want, 180)
        return self.member.settle(180)

    def close(self):
        self.sender.stop()
        self.member.remove()
        if self.broker:
            self.broker.remove()


def median(values):
    return sorted(values)[len(values) // 2]


def crash(run, number):
    """Rounds of load with a signal at a random moment of each."""
    for _ in range(run.args.rounds):
        run.sender.add(run.ledger.make(PART))
        time.sleep(run.chance.random() * 0.8)
        code = run.member.kill(number)
        if number == signal.SIGTERM:
            run.checks.check("it ends with 0 on TERM", code == 0, code) if code else None
        run.ready_s.append(run.member.start())
    run.finish()


def kill9(run):
    crash(run, signal.SIGKILL)


def sigterm(run):
    crash(run, signal.SIGTERM)


def power_cut(run):
    """kill -9, and then the files are what a power cut at that moment may have left; sometimes the process alone dies first."""
    power = Power(run.member)
    run.member.stop()
    power.begin()
    run.member.start()
    for _ in range(run.args.rounds):
        run.sender.add(run.ledger.make(PART))
        time.sleep(run.chance.random() * 0.8)
        run.member.kill()
        if run.chance.random() < 0.3:
            power.die()
            run.member.start()
            time.sleep(run.chance.random() * 0.3)
            run.member.kill()
        power.cut(run.chance)
        found = run.member.check_state()
        if found.returncode:
            run.checks.check("state check finds nothing after the power cut", False, found.stdout[-200:] + found.stderr[-300:])
        run.ready_s.append(run.member.start())
    run.checks.check("power cuts met bytes that were not synced", power.unsynced > 0, power.unsynced)
    run.finish()


def damaged_state(run):
    """The state directory is cut, changed, emptied or exchanged: whoever opens it ends with 74 and a sentence, or answers as before; nothing
    by a signal."""
    run.sender.add(run.ledger.make(4 * PART))
    run.sender.drain()
    run.settle()
    run.member.stop()
    damage = Damage(run.member, run.chance)
    for _ in range(run.args.rounds):
        damage.round(run.checks)
    print(f"      {dict(damage.seen)}")
    run.checks.check("both were met: refused and unharmed", run.args.rounds < 10 or len(damage.seen) > 1, dict(damage.seen))
    damage.restore()
    run.ready_s.append(run.member.start())
    run.finish()


def memory(run):
    """ack: memory. The loss is stated, counted, and all there is."""
    for _ in range(run.args.rounds):
        run.sender.add(run.ledger.make(PART))
        time.sleep(run.chance.random() * 0.8)
        run.member.kill()
        run.ready_s.append(run.member.start())
    run.sender.drain()
    run.settle()
    spans, report = run.member.status()["spans"], run.member.cohorts()
    decided, sent = sum(c["total"] for c in report), len(run.ledger.sent())
    run.ledger.check_account(run.checks, [run.member.status()])
    print(f"      acknowledged {sent} traces in {run.args.rounds} crashes, in the cohorts {decided}, so about {sent - decided} lost; {spans}")
    run.checks.check("no more traces are counted than were sent", decided <= sent + run.args.rounds * PART)
    run.member.stop()


def broker_down(run):
    """The exporter's broker is away under load: disk grows, memory does not."""
    run.sender.add(run.ledger.make(PART))
    run.sender.drain()
    run.broker.kill()
    began, largest = time.time(), 0
    while time.time() - began < run.args.seconds:
        run.sender.add(run.ledger.make(PART))
        run.sender.drain()
        largest = max(largest, run.member.rss())
        time.sleep(0.2)
    held = run.member.status()["outbox"]["records"]
    run.broker.start()
    back = time.time()
    run.checks.check("the outbox drains when it is back", run.member.settle(180))
    print(f"      away {run.args.seconds} s, {held} records held, drained {time.time() - back:.1f} s after the broker's return, "
          f"peak anonymous RSS {largest >> 20} MiB")
    run.checks.check("memory stays small", largest < 512 << 20, f"{largest >> 20} MiB")
    run.finish()


def broker_pause(run):
    """Short freezes of the broker."""
    for _ in range(run.args.rounds):
        run.sender.add(run.ledger.make(PART))
        time.sleep(run.chance.random())
        run.broker.pause(True)
        time.sleep(run.chance.random() * 4)
        run.broker.pause(False)
    run.finish()


def broker_restart(run):
    """The broker of input and output dies and comes back."""
    for _ in range(min(run.args.rounds, 5)):
        run.sender.add(run.ledger.make(PART))
        time.sleep(run.chance.random() * 2)
        run.broker.kill()
        time.sleep(run.chance.random() * 3)
        run.broker.start()
    run.finish()


def slow_disk(run):
    """Every sync takes 50 ms."""
    run.member.faults.set(sync_delay_us=50_000)
    for _ in range(run.args.rounds):
        run.sender.add(run.ledger.make(PART))
        run.sender.drain()
    print(f"      acknowledged after {median([s for _, s in run.sender.latencies]) * 1000:.0f} ms (median) at 50 ms a sync")
    run.member.faults.set()
    run.finish()


def refusing(run, break_it, mend_it, name):
    """Breaks something at random moments; senders are told UNAVAILABLE within a second, and all goes on when it is mended."""
    first, after = [], []
    for _ in range(run.args.rounds):
        run.sender.add(run.ledger.make(PART))
        time.sleep(run.chance.random() * 0.3)
        errors = sum(run.sender.errors.values())
        break_it()
        began = time.time()
        run.sender.add(run.ledger.make(PART))
        run.checks.check("it refuses", wait_for(lambda: sum(run.sender.errors.values()) > errors, 60, 0.005))
        first.append(time.time() - began)
        time.sleep(run.chance.random())
        mend_it()
        began = time.time()
        run.checks.check("all is acknowledged again", run.sender.drain())
        after.append(time.time() - began)
    print(f"      {name}: refused after {median(first):.2f} s (median), {max(first):.2f} s (longest); "
          f"all acknowledged {max(after):.1f} s after the end (longest); {run.sender.errors}")
    run.checks.check("only retryable refusals", set(run.sender.errors) <= {"UNAVAILABLE"}, run.sender.errors)
    run.checks.check("long before a sender's timeout", max(first) < patiently(5), f"{max(first):.2f} s")
    run.finish()


def disk_full(run):
    faults = run.member.faults
    refusing(run, lambda: faults.set(write_errno=ENOSPC), lambda: faults.set(), "disk full")
    lines = [line for line in run.member.logged().splitlines() if " event=commit_" in line]
    begun, over = ([line for line in lines if f"event={event} " in line and is_right(line)] for event, is_right in (
        ("commit_failed", lambda line: " count=" not in line), ("commit_recovered", lambda line: True)))
    print(f"      {len(lines)} lines of commits that failed, as {begun[0] if begun else None!r}")
    run.checks.check("each time it is told once, with its cause, and when it is over",
                     0 < len(begun) == len(over) <= run.args.rounds and all("no space left on the disk" in line for line in begun), lines[:6])


def map_full(run):
    """More is open than the map can hold: refused, and taken again when the traces have been decided."""
    text = "x" * 60_000
    for _ in range(run.args.rounds):
        for _ in range(80):  # in small parts: a root waits for little else than its children
            run.sender.add(run.ledger.make(30, text))
        run.sender.drain(300)
        run.member.wait(lambda: run.member.in_flight() == 0, 180)
    print(f"      {run.sender.errors}; used {run.member.metrics()['flywheel_state_used_ratio']}")
    run.checks.check("it was full", run.sender.errors.get("UNAVAILABLE", 0) > 0)
    run.checks.check("only retryable refusals", set(run.sender.errors) <= {"UNAVAILABLE"}, run.sender.errors)
    run.finish()


def broken_disk(run):
    """EIO on sync: it ends with 74 at once, and what was acknowledged is there afterwards."""
    for _ in range(min(run.args.rounds, 5)):
        run.sender.add(run.ledger.make(PART))
        time.sleep(run.chance.random() * 0.5)
        run.member.faults.set(sync_errno=EIO)
        began = time.time()
        run.sender.add(run.ledger.make(4))
        wait_for(lambda: not run.member.is_running(), 60)
        code, seconds = run.member.process.returncode, time.time() - began
        run.checks.check("it ends with 74, long before a sender's timeout", code == 74 and seconds < patiently(8), f"{code} after {seconds:.1f} s")
        run.member.faults.set()
        run.member.kill()
        run.ready_s.append(run.member.start())
    run.finish()


def hung_disk(run):
    """A sync that does not come back: /healthz says so, TERM ends in its grace, and what was acknowledged is there afterwards."""
    for _ in range(min(run.args.rounds, 3)):
        run.sender.add(run.ledger.make(PART))
        run.checks.check("all is acknowledged", run.sender.drain())
        run.member.faults.set(sync_delay_us=3_600_000_000)
        run.sender.add(run.ledger.make(4))
        run.checks.check("/healthz says that the writer hangs", run.member.wait(lambda: "the writer has not turned" in run.member.health(), 60))
        began = time.time()
        code = run.member.kill(signal.SIGTERM)
        print(f"      ended with {code} after {time.time() - began:.1f} s")
        run.checks.check("TERM ends it long before the sync does", code == 0 and "the grace is over" in run.member.logged()[-500:], code)
        run.member.faults.set()
        run.ready_s.append(run.member.start())
    run.finish()


def clock_step(run):
    """The wall clock steps by hours and days, and back; nothing closes early, nothing gets stuck."""
    for step in (3600, -3600, 86400, -86400, 0):
        run.sender.add(run.ledger.make(PART))
        time.sleep(0.1)
        run.member.faults.set(clock_offset_s=step)
        time.sleep(0.5)
        run.sender.drain()
    run.checks.check("nothing is closed but by its root", total(run.member.metrics(), "flywheel_trajectories_total", trigger="idle") == 0)
    run.finish()


def stopped(run):
    """The process is stopped for longer than idle_timeout while the roots come; no run is closed without the root that lay in the socket."""
    roots = run.sender if run.topic else GrpcSender(run.member, threads=40)
    for _ in range(run.args.rounds):
        traces = run.ledger.make(40)
        run.sender.add(traces, parts=(CHILDREN,))
        run.checks.check("the children are acknowledged", run.sender.drain())
        if run.topic:
            run.checks.check("the children are read", run.member.wait(lambda: run.member.in_flight() >= 80, 20))
        run.member.process.send_signal(signal.SIGSTOP)
        try:
            roots.add(traces, parts=(ROOT,))
            time.sleep(6)
        finally:
            run.member.process.send_signal(signal.SIGCONT)
        run.checks.check("the roots are acknowledged", roots.drain())
        run.settle()
    metrics = run.member.metrics()
    closed = {kind: total(metrics, "flywheel_trajectories_total", trigger=kind) for kind in ("root", "idle", "duration")}
    run.checks.check("every run waited for its root", closed == {"root": 40 * run.args.rounds, "idle": 0, "duration": 0}, closed)
    if not run.topic:
        roots.stop()
    run.finish()


def poison(run):
    """A run is in hand for over a second at crash after crash, as if its judge never came back: at the second it is set aside, all others are
    judged."""
    def note(trace):  # what the daemon's own slot of the last shard would say
        path = run.member.state / "in_hand"
        data = bytearray(path.read_bytes())
        data[8 + 63 * 28:8 + 64 * 28] = struct.pack("<3I", 1, 1, 1500) + trace.id
        path.write_bytes(data)

    for number in range(run.args.rounds):
        poison, others = Trace(run.args.seed, 10**6 + number), run.ledger.make(PART)
        run.sender.add([poison, *others], parts=(CHILDREN,))
        run.checks.check("the children are acknowledged", run.sender.drain())
        for _ in range(2):
            run.member.kill()
            note(poison)
            run.ready_s.append(run.member.start())
        run.sender.add([poison, *others], parts=(ROOT,))
        run.checks.check("the roots are acknowledged", run.sender.drain())
        run.checks.check("all are decided", run.member.settle(60))
        metrics = run.member.metrics()
        aside = total(metrics, "flywheel_trajectories_set_aside_total")
        verdicts = total(metrics, "flywheel_verdicts_total")
        run.checks.check("one more is set aside, the others have verdicts", (aside, verdicts) == (number + 1, (PART + 1) * (number + 1)), (aside, verdicts))
        letters = [path for path in (run.member.state / "set_aside.dead").iterdir() if path.suffix != ".json"]
        run.checks.check("its spans are a dead letter", any(poison.id in path.read_bytes() for path in letters), len(letters))
    run.checks.check("it stops with 0", run.member.stop() == 0)
    run.checks.check("state check finds nothing", run.member.check_state().returncode == 0)


def at_rest(member, most=0):
    """Its memory, when it is no more than that, or has not fallen for twice as long as the daemon waits before it gives some back."""
    lowest, since = member.rss(), time.monotonic()
    end = since + patiently(30)
    while (now := member.rss()) > most and time.monotonic() < end and (most or time.monotonic() - since < 4):
        if now < lowest:
            lowest, since = now, time.monotonic()
        time.sleep(0.1)
    return now


def mixed_attack(run):
    """Rounds of everything that does harm, in eight threads; at rest memory comes back to where it was, round after round."""
    rests, answers = [], collections.Counter()
    for number in range(run.args.rounds):
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            seeds = [run.chance.getrandbits(64) for _ in range(200)]
            answers.update(threads.map(lambda seed: attack(run.member, random.Random(seed)), seeds))
        run.checks.check("nothing stays in flight", run.member.settle(60))
        before = max(rests) if number >= 5 else None  # the first rounds fill tables that have their limits
        rest = at_rest(run.member, before * 1.3 if before else 0)
        if before:
            run.checks.check("memory is back", rest <= before * 1.3, f"{rest >> 20} MiB, at most {before >> 20} before")
        else:
            rests.append(rest)
    print(f"      at rest {[r >> 20 for r in rests]} MiB in the first rounds; answers {dict(answers.most_common(8))}")
    run.sender.add(run.ledger.make(PART))
    run.sender.drain()
    run.checks.check("it still decides", run.member.wait(lambda: run.member.line_count() >= PART // 2, 60))
    run.checks.check("it stops with 0", run.member.stop() == 0)


def held_and_drained(run):
    """400 MB of runs without roots are held and closed by idle_timeout; before, as many small ones filled the table of what was decided."""
    flood, rests = GrpcSender(run.member, threads=8), []
    for count, text in ((40_000, "x"), (10_000, "x" * 40_000), (10_000, "x" * 40_000)):
        flood.add(run.ledger.make(count, text), parts=(CHILDREN,))
        peak = 0
        while not flood.is_idle():
            peak = max(peak, run.member.rss())
            time.sleep(0.1)
        run.checks.check("nothing stays in flight", run.member.settle(120))
        most = rests[0] * 1.3 if rests else 0
        rests.append(at_rest(run.member, most))
        print(f"      {peak >> 20} MiB at the peak, {rests[-1] >> 20} at rest", flush=True)
    run.checks.check("memory at rest is within 1.3 times of before", max(rests) <= rests[0] * 1.3, [r >> 20 for r in rests])
    flood.stop()
    run.member.stop()


def duplicates(run):
    """Every request twice or three times, in any order, over all connections. Roots come before their children, so the daemon waits for
    longer than the slowest sender needs."""
    run.member.faults.set(sync_delay_us=20_000)
    for _ in range(run.args.rounds):
        run.sender.add(run.ledger.make(PART), copies=run.chance.randint(2, 3), shuffle=run.chance)
        run.sender.drain()
    run.finish()


def overload(run):
    """Ten times what it takes, then normal load again."""
    run.sender.stop()
    normal = GrpcSender(run.member, threads=2, rate=50)
    text = "x" * 20_000
    largest, began = 0, time.time()
    flood = GrpcSender(run.member, threads=24)
    while time.time() - began < run.args.seconds:
        if len(flood.work) < 2000:
            flood.add(run.ledger.make(200, text))
        if len(normal.work) < 20:
            normal.add(run.ledger.make(10))
        largest = max(largest, run.member.rss())
        time.sleep(0.02)
    run.checks.check("the flood is acknowledged in the end", flood.drain(180))
    over = time.time()
    while time.time() - over < 10:
        if len(normal.work) < 20:
            normal.add(run.ledger.make(10))
        time.sleep(0.05)
    normal.drain()
    quick = sorted(s for at, s in normal.latencies if at > over)
    errors = {**flood.errors}
    print(f"      peak anonymous RSS {largest >> 20} MiB, refusals {errors}, normal p99 afterwards {quick[int(len(quick) * 0.99)] * 1000:.0f} ms")
    run.checks.check("only retryable refusals", set(errors) <= {"UNAVAILABLE"}, errors)
    flood.stop(), normal.stop()
    run.finish()


def members(run):
    """Members of the group come and go; one of three is killed or stopped, or a new one joins, every few seconds."""
    def another():
        member = Member(run.args.flywheel, pipeline(), broker=run.broker, topic=run.topic)
        member.launch()
        return member

    alive, gone = [run.member, another(), another()], []
    for _ in range(run.args.rounds):
        end = time.time() + run.args.seconds
        while time.time() < end:
            run.sender.add(run.ledger.make(10))
            time.sleep(0.2)
        if len(alive) < 3 or (len(alive) < 5 and run.chance.random() < 0.3):
            back = gone.pop(run.chance.randrange(len(gone))) if gone else None
            back.launch() if back else None
            alive.append(back or another())
        else:
            out = alive.pop(run.chance.randrange(len(alive)))
            out.kill(run.chance.choice([signal.SIGKILL, signal.SIGTERM]))
            gone.append(out)
    run.sender.drain()
    want, began = 3 * len(run.ledger.sent()), time.time()
    for member in gone:
        member.start(120)  # its counts are served by it alone
    everyone = alive + gone
    decided, last = lambda: sum(m.status()["spans"]["decided"] for m in everyone if m.is_ready()), [0, time.time()]

    def is_still():  # what was counted again hides what was not read yet, so only silence says that all was read
        now = decided()
        last[:] = last if now == last[0] else [now, time.time()]
        return now >= want and time.time() - last[1] > 10 and all(m.in_flight() == 0 for m in everyone)

    run.checks.check("everything is decided", run.member.wait(is_still, 180), f"{decided()} of {want} spans")
    for member in everyone:
        member.settle(30)
    bound = sum(int(total(m.metrics(), "flywheel_takeover_recount_bound_total")) for m in everyone)
    run.ledger.check_account(run.checks, [m.status() for m in everyone])
    reports = [m.cohorts() for m in everyone]
    over, _ = run.ledger.check_cohorts(run.checks, reports, bound)
    resent = run.ledger.check_records(run.checks, run.lines(), is_takeover=True)
    print(f"      {len(everyone)} members, {len(run.ledger.sent())} traces, recounted {over}, printed bound {bound}, resent {resent}; "
          f"settled {time.time() - began:.0f} s after the last change")
    for member in everyone[1:]:
        member.remove()
    run.member.stop()


def topic_anew(run):
    """The topic is deleted, made anew and filled past the old position, while it is read, after a kill or after a stop."""
    for number in range(run.args.rounds):
        run.sender.add(run.ledger.make(run.chance.randrange(1, PART)))
        run.checks.check("all is sent and read", run.sender.drain() and run.settle())
        how = run.chance.choice([None, signal.SIGKILL, signal.SIGTERM]) if number else None
        if how:
            run.member.kill(how)
        run.broker.make_anew(run.topic, 4)
        run.sender.stop()
        run.sender = KafkaSender(run.broker, run.topic)  # what a producer knew of the topic before is of no use
        run.sender.add(run.ledger.make(2 * PART))
        run.checks.check("the new topic is filled", run.sender.drain())
        if how:
            run.ready_s.append(run.member.start())
        run.checks.check("and read from its first message", run.settle())
    run.checks.check("it is counted", total(run.member.metrics(), "flywheel_kafka_offset_resets_total") > 0)
    run.finish()


#        fault            input     how the daemon is set up
FAULTS = {
    "kill9": (kill9, "any", {}),
    "sigterm": (sigterm, "any", {}),
    "power_cut": (power_cut, "grpc", {"faults": True}),
    "damaged_state": (damaged_state, "grpc", {}),
    "memory": (memory, "grpc", {"grpc": ", ack: memory", "pipeline": pipeline(idle="10s")}),
    "broker_down": (broker_down, "grpc", {"records": "kafka"}),
    "broker_pause": (broker_pause, "any", {"records": "kafka"}),
    "broker_restart": (broker_restart, "any", {"records": "kafka"}),
    "slow_disk": (slow_disk, "grpc", {"faults": True}),
    "disk_full": (disk_full, "grpc", {"faults": True}),
    "broken_disk": (broken_disk, "grpc", {"faults": True}),
    "map_full": (map_full, "grpc", {"pipeline": pipeline(settle="45s", idle="10m", more="limits: { memory: 256MiB, journal: 32MiB, outbox: 16MiB, late_bytes: 4MiB, decided: 4000 }"),
                                    "state": ", map_size: 130MiB", "grpc": ", max_message: 8MiB"}),
    "hung_disk": (hung_disk, "grpc", {"faults": True}),
    "clock_step": (clock_step, "grpc", {"faults": True, "pipeline": pipeline(idle="10m")}),
    "stopped": (stopped, "any", {"pipeline": pipeline(idle="4s")}),
    "poison": (poison, "grpc", {}),
    "mixed_attack": (mixed_attack, "grpc", {"http": "", "pipeline": pipeline(idle="3s, late: { window: 2s }")}),  # decided ids leave within a round
    "held_and_drained": (held_and_drained, "grpc", {"grpc": ", ack: memory", "pipeline": pipeline(idle="30s")}),
    "duplicates": (duplicates, "any", {"faults": True, "pipeline": pipeline(settle=f"{patiently(30):.0f}s")}),
    "overload": (overload, "grpc", {"pipeline": pipeline(settle="2s", more="limits: { memory: 128MiB }")}),
    "members": (members, "kafka", {}),
    "topic_anew": (topic_anew, "kafka", {}),
}


def play(args, checks):
    fault, input_, setup = FAULTS[args.fault]
    if input_ != "any":
        args.input = input_
    print(f"--- {args.fault}, {args.input} in, seed {args.seed}, {args.rounds} rounds", flush=True)
    began = time.monotonic()
    run = Run(args, checks, **setup)
    try:
        fault(run)
    finally:
        run.close()
    print(f"      {args.fault} took {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    if "--list" in sys.argv:
        raise SystemExit("\n".join(f"{name:16} {fault[0].__doc__ or ''}" for name, fault in FAULTS.items()))
    args = arguments(fault="kill9", input="grpc", rounds=10, seconds=20.0, seed=int.from_bytes(os.urandom(4), "big"))
    checks = Checks()
    play(args, checks)
    checks.finish()
