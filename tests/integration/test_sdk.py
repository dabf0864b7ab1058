"""Real senders, a real broker, an independent reader: the OpenTelemetry Python SDK (gzip off and on) and a published instrumentation
package send to the daemon; kcat reads the records back from the topic."""
# peer: the OpenTelemetry SDK of Python and openinference
import json, sys

import jsonschema

from flywheel import processes
from flywheel.broker import Broker
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.places import root

args = arguments()
checks = Checks()
broker = Broker()
broker.topic("annotations", 4)
daemon = Daemon(args.flywheel, "trajectory: { settle: 500ms, idle_timeout: 3s }\n"
                "rules: [{ name: failed, measure: errors, fail_above: 0 }]\n"
                "selection: { fail: 1, borderline: 1, unscored: 1, pass: 1 }\n",
                exporters=f"kafka/annotations: {{ brokers: [{broker.address}], topic: annotations }}")
daemon.start()
trace_ids = []
for script, flags in (("sdk_export.py", []), ("sdk_export.py", ["--gzip"]), ("sdk_instrumented.py", []), ("sdk_instrumented.py", ["--gzip"])):
    sent = processes.run(sys.executable, root / "tests/integration" / script, *flags, f"127.0.0.1:{daemon.port}")
    trace_ids += sent.stdout.split()
    checks.check(f"{script} {' '.join(flags)} is content", sent.returncode == 0, sent.stderr[-300:] if sent.returncode else "")
daemon.settle()
messages = broker.messages("annotations")
schema = json.loads((root / "proto/review.schema.json").read_text())
records = [json.loads(message.value) for message in messages]
checks.check("every trace is on the topic once", sorted(r["trajectory_id"] for r in records) == sorted(trace_ids),
             f"{len(records)} records of {len(trace_ids)} traces")
checks.check("the key is the trajectory id", all(m.key.decode() == r["trajectory_id"] for m, r in zip(messages, records)))
wanted = {"schema", "content-type", "verdict", "queue", "revision", "record_id", "traceparent"}
headers = [message.headers for message in messages]
checks.check("the headers are there and true", all(set(h) == wanted and h["record_id"] == r["record_id"] and h["verdict"] == r["verdict"]
                                                   for h, r in zip(headers, records)), headers[:1])
for record in records:
    jsonschema.validate(record, schema)
checks.check("each is valid under the schema", len(records) > 0)
checks.check("questions and answers are there", all(r.get("input") and r.get("output") for r in records))
checks.check("it ends with 0 on TERM", daemon.stop() == 0)
daemon.remove()
broker.remove()
checks.finish()
