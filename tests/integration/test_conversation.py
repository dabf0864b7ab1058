"""Conversation scope on a running daemon: turns of one conversation are judged as one run, over kill -9, and as replay does."""
import struct

from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon, lines_of
from flywheel.metrics import spans_add_up, total
from flywheel.places import TRACES
from flywheel.waiting import patiently
from flywheel.otlp_bytes import request, span

CONVERSATIONS, TURNS = 20, 3
pipeline = """
trajectory: { scope: conversation, settle: 300ms, idle_timeout: 2s, conversation_idle: 10s }
rules: [{ name: long, measure: spans, fail_above: 7 }, { name: good, measure: score.Quality, fail_below: 0.5 }]
cohorts: { dimensions: { intent: ["*"] }, group_by: [[intent]] }
selection: { pass: 1, new_cohort: 0 }
"""
args = arguments()
checks = Checks()
daemon = Daemon(args.flywheel, pipeline)
daemon.start()
BASE = 1_790_000_000 * 10**9


def turn(conversation, number, spans=2):
    """One trace: the root of a turn, and a tool call under it. Ids are unique, as those of SDKs are."""
    n = conversation * 100 + number
    trace = struct.pack(">QQ", 0xC0FFEE, n * 0x9E3779B97F4A7C15 % 2**64)
    ids = [struct.pack(">Q", (n * 16 + i + 1) * 0x9E3779B97F4A7C15 % 2**64) for i in range(spans)]
    start = BASE + n * 60 * 10**9
    more = {"gen_ai__conversation__id": f"talk-{conversation}"} if conversation else {}
    root = span(trace, ids[0], None, "turn", start, start + 5 * 10**9, intent="card", openinference__span__kind="AGENT",
                input__value=f"question {n}", output__value=f"answer {n}", annotations__0__annotation__name="Quality", annotations__0__annotation__score=0.9,
                **more)
    return [root] + [span(trace, i, ids[0], "tool", start + 1, start + 2, openinference__span__kind="TOOL") for i in ids[1:]]


bodies = []


def send(channel, spans):
    bodies.append(request(spans))
    channel.unary_unary(TRACES)(bodies[-1], timeout=patiently(60))


with daemon.channel() as channel:
    for number in range(1, TURNS):
        for conversation in range(1, CONVERSATIONS + 1):
            send(channel, turn(conversation, number, 4 if conversation == 7 else 2))
    send(channel, turn(0, 1))
    handed = CONVERSATIONS * (TURNS - 1)
    waits = daemon.wait(lambda: daemon.metrics().get("flywheel_conversation_traces_total") == handed)
    values = daemon.metrics()
    checks.check("closed turns wait for their conversation", waits, values.get("flywheel_conversation_traces_total"))
    checks.check("they are in flight", spans_add_up(values) and values["flywheel_spans_in_flight"] >= 2 * handed, values["flywheel_spans_in_flight"])
    checks.check("none has been judged alone", not [r for r in daemon.records() if r["source"].get("conversation_id")])
daemon.kill()
daemon.start()
with daemon.channel() as channel:
    for conversation in range(1, CONVERSATIONS + 1):
        send(channel, turn(conversation, TURNS))
    done = daemon.wait(lambda: len(daemon.lines()) >= CONVERSATIONS + 1 and daemon.metrics()["flywheel_spans_in_flight"] == 0)
values = daemon.metrics()
records = {r["source"].get("conversation_id", "none"): r for r in daemon.records()}
checks.check("every conversation is one record, over kill -9", done and len(daemon.lines()) == len(records) == CONVERSATIONS + 1, len(daemon.lines()))
checks.check("every span is accounted for", spans_add_up(values) and values["flywheel_spans_in_flight"] == 0, {k: v for k, v in values.items() if "spans" in k})
checks.check("nothing was lost or counted as late", total(values, "flywheel_spans_dropped_total") == 0)
checks.check("the cohort counts conversations", total(values, "flywheel_cohort_trajectories_total") == CONVERSATIONS + 1)
third = records.get("talk-3", {})
checks.check("scope and spans", third.get("scope") == "conversation" and third["completeness"]["spans"] == 2 * TURNS, third.get("completeness"))
checks.check("the last question and the last answer", (third.get("input"), third.get("output")) == ("question 303", "answer 303"), third.get("input"))
checks.check("the trace of the last turn, and an id of its own", third["source"]["trace_id"].startswith("0000000000c0ffee") and third["trajectory_id"] != third["source"]["trace_id"])
checks.check("from the first turn to the end of the last", third["time"]["duration_ms"] == 2 * 60_000 + 5_000, third["time"])
checks.check("steps of all turns in order", [s["name"] for s in third["steps"]] == ["turn", "tool"] * TURNS)
checks.check("a rule over the whole", records["talk-7"]["verdict"] == "fail" and third["verdict"] == "pass", records["talk-7"]["completeness"])
checks.check("a trace without a conversation is judged as before", records["none"]["scope"] == "trace" and records["none"]["completeness"]["spans"] == 2)

with daemon.channel() as channel:
    late = turn(3, 1)[1]
    channel.unary_unary(TRACES)(request([late.replace(b"tool", b"late")]))
daemon.wait(lambda: total(daemon.metrics(), "flywheel_late_spans_total") == 1)
checks.check("a span of a turn that has closed is late", total(daemon.metrics(), "flywheel_late_spans_total") == 1 and spans_add_up(daemon.metrics()))
recordings = daemon.directory / "recordings"
recordings.mkdir()
for i, body in enumerate(reversed(bodies)):
    (recordings / f"{i:04}.pb").write_bytes(body)
replayed = daemon.run("replay", "-c", daemon.config, recordings)
checks.check("replay gives the same records, byte for byte", sorted(lines_of(replayed.stdout)) == sorted(daemon.lines()), replayed.stderr)
checks.check("and counts what live does", f"{CONVERSATIONS + 1} trajectories" in replayed.stderr, replayed.stderr)
explained = daemon.run("explain", "-c", daemon.config, recordings)
checks.check("explain shows conversations", explained.stdout.count("queue") == CONVERSATIONS + 1, explained.stderr)
daemon.stop()
checks.check("state check is clean", daemon.check_state().returncode == 0)
checks.check("no part is left behind", '"table":"part"' not in daemon.run("state", "dump", daemon.state).stdout)
daemon.remove()
checks.finish()
