"""The labelled set of labelled_set.py: the tables of processor/score/README.md are what it gives today, and no measurement
judges worse than it is said to."""

import argparse
import sys

import harness
import labelled_set

# Least precision and recall in each language; measurements that only compare words are as bad as their tables say.
FLOORS = {
    "groundedness.lexical": (0.7, 0.9),
    "groundedness.numeric": (0.85, 0.85),
    "citation.validity": (1, 1),
    "context_relevance.max": (0.6, 0.6),
    "refusal": (1, 1),
    "leak": (1, 1),
    "output.contract": (1, 1),
    "tool_selection.accuracy": (1, 0.5),
    "tool_args.valid": (1, 1),
    "loop": (1, 1),
    "step_efficiency": (1, 0.7),
    **{f"trajectory.{what}": (1, 1) for what in ("exact", "in_order", "any_order", "precision", "recall")},
}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--flywheel", default=str(harness.ROOT / "build/release/flywheel"))
    given = arguments.parse_args()
    checks = harness.Checks()
    verdicts, text = labelled_set.report(given.flywheel)
    page = labelled_set.README.read_text(encoding="utf-8")
    kept = page[page.index(labelled_set.BEGIN):page.index(labelled_set.END) + len(labelled_set.END)]
    checks.that(kept == text.rstrip("\n"), "the tables of processor/score/README.md are up to date",
                "run tests/integration/labelled_set.py --write")
    for name, (least_precision, least_recall) in FLOORS.items():
        for locale in sorted({locale for by_locale in verdicts[name].values() for locale in by_locale}):
            precision, recall, faulty, right = labelled_set.rates(verdicts[name], name, locale)
            if not faulty:
                continue
            checks.that(precision is not None and precision >= least_precision and recall >= least_recall,
                        f"{name} in {locale}: {faulty} faulty, {right} right", f"precision {precision}, recall {recall}")
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
