#!/usr/bin/env python3
"""Is a page of metrics what Prometheus accepts, and is everything there that the product promises?

    metrics_format.py URL|FILE|-  [--required]

Strict about the text exposition format 0.0.4: names, escapes, one HELP and TYPE before the samples of
a family, samples of a family together, no sample twice, counters that are whole and end in _total,
histograms whose buckets add up. `promtool check metrics` has its say too where it is installed.
--required: every family of the design must be there (a daemon, not a part of one)."""
import math, re, shutil, subprocess, sys, urllib.request

REQUIRED = """
flywheel_receiver_accepted_spans_total flywheel_receiver_accepted_logs_total
flywheel_receiver_refused_spans_total flywheel_receiver_requests_total flywheel_spans_decided_total
flywheel_spans_in_flight flywheel_spans_dropped_total flywheel_late_spans_total
flywheel_trajectories_in_flight flywheel_in_flight_bytes flywheel_trajectories_total
flywheel_verdicts_total flywheel_rule_outcomes_total flywheel_review_records_total
flywheel_review_skipped_total flywheel_cohort_trajectories_total flywheel_cohort_fail_rate
flywheel_cohort_last_seen_timestamp_seconds flywheel_verdict_seconds flywheel_commit_seconds
flywheel_outbox_records flywheel_outbox_age_seconds flywheel_state_used_ratio
flywheel_low_watermark_age_seconds flywheel_config_last_reload_successful flywheel_build_info
process_cpu_seconds_total process_resident_memory_bytes process_virtual_memory_bytes
process_open_fds process_max_fds process_start_time_seconds
""".split()

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
LABELS = re.compile(rf"{LABEL}(?:,{LABEL})*")
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)$")
NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|Inf)$|NaN$")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


class Page:
    def __init__(self, text):
        self.errors, self.help, self.types, self.samples = [], {}, {}, {}
        self.current = None
        self.line = 0
        if not text.endswith("\n"):
            self.fail("the last line has no line feed")
        for line in text.split("\n")[:-1]:
            self.line += 1
            self.take(line)
        for name in self.help:
            self.check_family(name)

    def fail(self, what):
        self.errors.append(f"line {self.line}: {what}")

    def take(self, line):
        comment = re.match(rf"# (HELP|TYPE) ({NAME}) (.+)$", line)
        if comment and comment[1] == "HELP":
            if comment[2] in self.help:
                self.fail(f"{comment[2]}: a second HELP: the family is not in one piece")
            if re.search(r"\\(?![\\n])", comment[3]):
                self.fail(f"{comment[2]}: an escape in HELP that is none")
            self.current = comment[2]
            self.help[comment[2]] = comment[3]
            self.samples[comment[2]] = {}
        elif comment:
            if comment[2] != self.current or comment[2] in self.types:
                self.fail(f"{comment[2]}: TYPE belongs right behind its HELP")
            if comment[3] not in SUFFIXES:
                self.fail(f"{comment[2]}: unknown type {comment[3]}")
            self.types[comment[2]] = comment[3]
        else:
            self.take_sample(line)

    def take_sample(self, line):
        match = SAMPLE.match(line)
        if not match:
            return self.fail(f"neither comment nor sample: {line[:120]!r}")
        name, labels, number = match[1], match[2], match[3]
        kind = self.types.get(self.current, "")
        if name not in [f"{self.current}{suffix}" for suffix in SUFFIXES.get(kind, ())]:
            return self.fail(f"{name} stands among the samples of {self.current} ({kind})")
        pairs = ()
        if labels is not None:
            if not LABELS.fullmatch(labels):
                return self.fail(f"{name}: labels are not well-formed: {labels[:120]!r}")
            pairs = tuple(re.findall(LABEL, labels))
            keys = [key for key, _ in pairs]
            if len(set(keys)) < len(keys):
                self.fail(f"{name}: a label twice: {labels}")
            if any(key.startswith("__") for key in keys):
                self.fail(f"{name}: labels that begin with __ are reserved")
        if not NUMBER.match(number):
            return self.fail(f"{name}: {number} is no number")
        key = (name, tuple(sorted(pairs)))
        if key in self.samples[self.current]:
            self.fail(f"{name}: the same sample twice: {labels}")
        self.samples[self.current][key] = float(number)

    def check_family(self, name):
        kind, samples = self.types.get(name), self.samples[name]
        if kind is None:
            self.fail(f"{name}: no TYPE")
        if (kind == "counter") != name.endswith("_total"):
            self.fail(f"{name}: counters, and only they, end in _total")
        for (sample, labels), value in samples.items():
            if kind == "counter" and not value >= 0:
                self.fail(f"{sample}{labels}: a counter is never below 0")
            if kind != "histogram" and ("le" in dict(labels) or "quantile" in dict(labels)):
                self.fail(f"{sample}{labels}: le and quantile are reserved")
            if math.isnan(value):
                self.fail(f"{sample}{labels}: not a number")
        if kind == "histogram":
            self.check_histogram(name, samples)

    def check_histogram(self, name, samples):
        groups = {}
        for (sample, labels), value in samples.items():
            rest = tuple(pair for pair in labels if pair[0] != "le")
            group = groups.setdefault(rest, {"buckets": []})
            if sample.endswith("_bucket"):
                group["buckets"].append((float(dict(labels)["le"]), value))
            else:
                group[sample.rsplit("_", 1)[1]] = value
        for labels, group in groups.items():
            buckets = group["buckets"]
            counts = [count for _, count in buckets]
            if [le for le, _ in buckets] != sorted(le for le, _ in buckets) or counts != sorted(counts):
                self.fail(f"{name}{labels}: buckets go up, and so do their counts")
            if not buckets or buckets[-1] != (math.inf, group.get("count")) or "sum" not in group:
                self.fail(f"{name}{labels}: needs +Inf, _sum and _count, +Inf being the count")


def promtool(text):
    if not shutil.which("promtool"):
        return []
    done = subprocess.run(["promtool", "check", "metrics"], input=text.encode(), capture_output=True)
    complaints = (done.stdout + done.stderr).decode().strip()
    return [f"promtool: {line}" for line in complaints.splitlines()]


def read(place):
    if place == "-":
        return sys.stdin.buffer.read().decode()
    if not place.startswith("http"):
        return open(place, "rb").read().decode()
    with urllib.request.urlopen(place, timeout=10) as answer:
        kind = answer.headers["Content-Type"]
        assert kind.startswith("text/plain; version=0.0.4"), kind
        return answer.read().decode()


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    text = read(sys.argv[1])
    page = Page(text)
    errors = page.errors + promtool(text)
    if "--required" in sys.argv:
        errors += [f"{name} is missing" for name in REQUIRED if name not in page.help]
    for error in errors:
        print(error, file=sys.stderr)
    count = sum(len(samples) for samples in page.samples.values())
    print(f"{len(page.help)} families, {count} samples, {len(errors)} errors")
    sys.exit(bool(errors))


if __name__ == "__main__":
    main()
