"""Every record of the recorded runs is valid under its schema, whatever the redaction leaves in; and nothing leaves that the policy
holds back."""
import json, pathlib, sys, tempfile

from flywheel import processes
from flywheel.checks import Checks, arguments
from flywheel.daemon import lines_of
from flywheel.places import corpus, root

args = arguments()
checks = Checks()
recorded = sum(len(traces) for path in corpus.glob("*/expected.json") for traces in json.loads(path.read_text()).values())
for content in ("none", "metadata", "redacted", "full"):
    with tempfile.TemporaryDirectory() as directory:
        config = pathlib.Path(directory) / "pipeline.yaml"
        config.write_text("rules: [{ name: slow, measure: duration_ms, fail_above: 60000 }]\n"
                          f"redaction: {{ content: {content} }}\n")
        replay = processes.run(args.flywheel, "replay", "--all", "-c", config, corpus)
    lines = lines_of(replay.stdout)
    valid = processes.run(sys.executable, root / "tests/integration/record_schema.py", input=replay.stdout)
    checks.check(f"content {content}: {len(lines)} records are valid", valid.returncode == 0 and len(lines) == recorded,
                 (valid.stdout + valid.stderr)[-400:] if valid.returncode else "")
    records = [json.loads(line) for line in lines]
    texts = sum("input" in r or "output" in r or any("output" in s for s in r["steps"]) for r in records)
    checks.check(f"content {content}: texts {'leave' if content in ('redacted', 'full') else 'stay'}",
                 (texts > 100) == (content in ("redacted", "full")) and (texts == 0) == (content in ("none", "metadata")), texts)
checks.finish()
