"""Real senders, a real broker, an independent reader: the OpenTelemetry Python SDK (gzip off and on) and a published instrumentation
package send to the daemon; kcat reads the records back from the topic."""
import json, os, subprocess, sys, tempfile

import jsonschema

from daemon import Checks, Daemon, arguments, broker_port, root

args = arguments()
checks = Checks()
kafka = str(root / "tests/support/kafka/kafka.sh")
directory = tempfile.mkdtemp(prefix="flywheel-kafka-")
port = broker_port()
subprocess.run([kafka, "-p", str(port), "-d", directory, "start"], check=True, timeout=300)
try:
    subprocess.run([kafka, "-p", str(port), "-d", directory, "create-topic", "annotations", "4"], check=True, timeout=120)
    daemon = Daemon(args.flywheel, "trajectory: { settle: 500ms, idle_timeout: 3s }\n"
                    "rules: [{ name: failed, measure: errors, fail_above: 0 }]\n"
                    "selection: { fail: 1, borderline: 1, unscored: 1, pass: 1 }\n",
                    exporter=f"kafka/annotations: {{ brokers: [127.0.0.1:{port}], topic: annotations }}")
    daemon.start()
    trace_ids = []
    for script, flags in (("sdk_export.py", []), ("sdk_export.py", ["--gzip"]), ("sdk_instrumented.py", []), ("sdk_instrumented.py", ["--gzip"])):
        sent = subprocess.run([sys.executable, str(root / "tests/integration" / script), *flags, f"127.0.0.1:{daemon.port}"],
                              capture_output=True, text=True, timeout=120)
        trace_ids += sent.stdout.split()
        checks.check(f"{script} {' '.join(flags)} is content", sent.returncode == 0, sent.stderr[-300:] if sent.returncode else "")
    daemon.wait(lambda: daemon.status()["spans"]["in_flight"] == 0, 30)
    daemon.wait(lambda: daemon.status()["outbox"]["records"] == 0, 30)
    out = subprocess.run(["kcat", "-b", f"127.0.0.1:{port}", "-C", "-t", "annotations", "-e", "-q", "-o", "beginning", "-J"],
                         capture_output=True, text=True, timeout=60).stdout
    messages = [json.loads(line) for line in out.splitlines()]
    schema = json.loads((root / "proto/review.schema.json").read_text())
    records = [json.loads(m["payload"]) for m in messages]
    checks.check("every trace is on the topic once", sorted(r["trajectory_id"] for r in records) == sorted(trace_ids),
                 f"{len(records)} records of {len(trace_ids)} traces")
    checks.check("the key is the trajectory id", all(m["key"] == r["trajectory_id"] for m, r in zip(messages, records)))
    wanted = {"schema", "content-type", "verdict", "queue", "revision", "record_id", "traceparent"}
    headers = [dict(zip(m["headers"][::2], m["headers"][1::2])) for m in messages]
    checks.check("the headers are there and true", all(set(h) == wanted and h["record_id"] == r["record_id"] and h["verdict"] == r["verdict"]
                                                       for h, r in zip(headers, records)), headers[:1])
    for record in records:
        jsonschema.validate(record, schema)
    checks.check("each is valid under the schema", len(records) > 0)
    checks.check("questions and answers are there", all(r.get("input") and r.get("output") for r in records))
    checks.check("it ends with 0 on TERM", daemon.stop() == 0)
    daemon.remove()
finally:
    subprocess.run([kafka, "-p", str(port), "-d", directory, "stop"], timeout=60)
    subprocess.run(["rm", "-rf", directory])
checks.finish()
