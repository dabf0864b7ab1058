"""Records of all recordings, under every content policy, follow proto/review.schema.json."""

import subprocess

import jsonschema

import harness
import record_schema


def test(checks, arguments, directory):
    validator = jsonschema.Draft202012Validator(record_schema.SCHEMA)
    folders = sorted(path for path in harness.CORPUS.iterdir() if path.is_dir())
    for content in ("none", "metadata", "redacted", "full"):
        config = directory / f"{content}.yaml"
        config.write_text(f"redaction: {{ content: {content} }}\n{harness.SLOW_RULE}"
                          "  - { name: grounded, measure: groundedness.lexical, fail_below: 0.5 }\n"
                          "  - { name: errors, measure: errors, fail_above: 0, labels: [failed] }\n")
        result = subprocess.run([arguments.flywheel, "replay", "--all", "-c", config, *folders], capture_output=True,
                                text=True, timeout=120)
        checks.equal(result.returncode, 0, f"{content}: replay exits 0")
        records = harness.json_lines(result.stdout)
        found = [f"{r['trajectory_id']}: {m}" for r in records for m in record_schema.mistakes(r, validator)]
        checks.that(len(records) >= 100, f"{content}: at least 100 records", len(records))
        checks.that(not found, f"{content}: {len(records)} records are valid", found[:5])
        if content in ("none", "metadata"):
            texts = [r["trajectory_id"] for r in records if "input" in r or "output" in r
                     or any("text" in context for context in r["contexts"])]
            checks.that(not texts, f"{content}: no record has a text", texts[:5])


if __name__ == "__main__":
    harness.main(test)
