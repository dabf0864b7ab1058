"""explain and replay --diff on recorded traffic: every rule with its evidence in words, and what a change of rules would do, by
verdict, rule and cohort."""
import json, pathlib, re, shutil, subprocess, tempfile, time

from flywheel import processes
from flywheel.checks import Checks, arguments
from flywheel.places import corpus
from flywheel.waiting import patiently
from flywheel.otlp_bytes import request, span, varint

args = arguments()
checks = Checks()
directory = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-test-"))
rules = """
rules:
  - {{ name: slow, measure: duration_ms, borderline_above: {0}, fail_above: {1} }}
  - {{ name: good, measure: score.Quality, fail_below: 0.5 }}
  - {{ name: ungrounded, measure: groundedness.lexical, fail_below: 0.7 }}
  {2}
cohorts: {{ dimensions: {{ intent: ["*"], release: [service.version] }}, group_by: [[intent], [release, intent]] }}
selection: {{ pass: 0, new_cohort: 5, budget: {{ per_hour: 1 }} }}
"""


def pipeline(name, *words):
    path = directory / name
    path.write_text(rules.format(*words))
    return str(path)


def run(*words, **more):
    return processes.run(args.flywheel, *words, text=False, **more)


def made(n, seconds, intent, output):
    start = 1_790_000_000 * 10**9 + n
    trace = bytes([n]) * 16
    return request([
        span(trace, b"r" * 8, None, "agent", start, start + seconds * 10**9, intent=intent, gen_ai__operation__name="invoke_agent",
             output__value=output, openinference__span__kind="AGENT",
             annotations__0__annotation__name="Quality", annotations__0__annotation__score=0.9),
        span(trace, b"d" * 8, b"r" * 8, "search", start, start + 10, openinference__span__kind="RETRIEVER",
             retrieval__documents__0__document__content="The branch opens at nine. Grüße aus Köln."),
    ])


before = pipeline("before.yaml", 2000, 5000, "")
after = pipeline("after.yaml", 500, 3000, "- { name: many, measure: spans, fail_above: 100 }")
recordings = directory / "recordings"
recordings.mkdir()
plan = [(1, 1, "refund"), (2, 1, "refund"), (3, 3, "refund"), (4, 4, "card"), (5, 9, "card"), (6, 0, "card")]
for n, seconds, intent in plan:
    answer = "Größere Zoos öffnen nie." if n == 5 else "The branch opens at nine."
    (recordings / f"{n}.pb").write_bytes(made(n, seconds, intent, answer))

result = run("replay", "-c", before, "--diff", before, recordings)
checks.check("the same file differs in nothing", result.returncode == 0 and not result.stdout, result)
checks.check("and says so in one line", result.stderr == b"0 added, 0 removed, 0 changed, 6 the same\n", result.stderr)

result = run("replay", "-c", before, "--diff", after, recordings)
lines = [json.loads(line) for line in result.stdout.splitlines()]
said = result.stderr.decode()
checks.check("a difference is exit 1", result.returncode == 1)
expected = {1: ("added", "pass", "borderline"), 2: ("added", "pass", "borderline"), 4: ("changed", "borderline", "fail")}
found = {int(l["trajectory_id"][:2], 16): (l["change"], l["before"]["verdict"], l["after"]["verdict"]) for l in lines}
checks.check("each trajectory with its change and both verdicts", found == expected, found)
checks.check("with its cohort", all(l["cohort"] == {"intent": "card" if l["trajectory_id"][0:2] == "04" else "refund", "release": "unknown"} for l in lines))
checks.check("and the rules that speak", lines[0]["after"]["rules"] == {"slow": "borderline"}, lines[0])
for sentence in ("2 added, 0 removed, 1 changed, 3 the same", "verdict  pass -> borderline: 2", "verdict  borderline -> fail: 1",
                 "rule     slow: pass -> borderline: 2", "rule     many: absent -> pass: 6"):
    checks.check(f"the summary says: {sentence}", sentence in said, said)
rows = {line.split("  ")[-1].strip(): [int(w) for w in re.findall(r"\d+", line.rsplit("  ", 1)[0])]
        for line in said.splitlines() if re.match(r" +\d+ +\d+ ->", line)}
checks.check("by cohort: runs, failed before and after, added, removed, changed",
             rows.get("intent=refund") == [3, 0, 0, 2, 0, 0] and rows.get("intent=card") == [3, 1, 2, 0, 0, 1], rows)
result = run("replay", "-c", after, "--diff", before, recordings)
checks.check("the other way round they are removed", result.stdout.count(b'"change":"removed"') == 2 and result.returncode == 1)

stream = b"".join(varint(len(f.read_bytes())) + f.read_bytes() for f in sorted(recordings.glob("*.pb")))
result = run("replay", "-c", before, "--diff", after, "-", input=stream)
checks.check("standard input can be compared", result.returncode == 1 and len(result.stdout.splitlines()) == 3, result.stderr)
result = run("replay", "-c", before, "--diff", directory / "absent.yaml", recordings)
checks.check("a second file that is not there: exit 78 and its name", result.returncode == 78 and b"absent.yaml" in result.stderr, result)
result = run("replay", "-c", before, "--all", "--progress", recordings)
checks.check("a short run tells no progress", b"at " not in result.stderr and result.stderr.count(b"\n") == 1, result.stderr)


def slowly(*words):
    process = processes.start(args.flywheel, "replay", "-c", before, *words, "-", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE)
    for part in (stream[: len(stream) // 2], stream[len(stream) // 2 :]):
        process.stdin.write(part)
        process.stdin.flush()
        time.sleep(2.3)
    return process.communicate(timeout=patiently(60))[1].decode()


checks.check("a long run tells it when asked", "trajectories, at standard input" in slowly("--progress"))
checks.check("and not into a pipe by itself", "at standard input" not in slowly())

result = run("replay", "-c", before, recordings)
checks.check("replay applies neither budget nor first runs", len(result.stdout.splitlines()) == 3, result.stderr)

text = run("explain", "-c", before, recordings).stdout.decode()
blocks = re.split(r"\n(?=[0-9a-f]{32}  )", "\n" + text)
fifth = next(b for b in blocks if b.startswith("05" * 16))
checks.check("explain: a rule with value, side, thresholds and margin", re.search(r"fail +slow +duration_ms +9000 +above +2000 +5000 +-4000", fifth), fifth)
checks.check("explain: a rule that did not match", "ungrounded" in fifth)
checks.check("explain: evidence in code points of the text", 'output[0:24]  "Größere Zoos öffnen nie."' in fifth, fifth)
checks.check("explain: where it goes, and why", "review    queue review, priority" in fifth and "by rule, stratum fail, probability 1" in fifth, fifth)
first = next(b for b in blocks if b.startswith("01" * 16))
checks.check("explain: why it is left out", "review    left out (pass), inclusion probability 0" in first, first)
text = run("explain", "-c", before, corpus / "traceai-openai").stdout.decode() + run("explain", corpus).stdout.decode()
checks.check("explain: evidence in its own words", re.search(r'(context|output|name)\[\d+:\d+\]  "', text))
quotes = re.findall(r'(?:context|output|name)\[(\d+):(\d+)\]  "([^"]*)"', text)
checks.check("explain: as many characters as it says", all(len(q) == int(e) - int(s) for s, e, q in quotes if "..." not in q and "  " not in q), len(quotes))
shutil.rmtree(directory)
checks.finish()
