"""The labelled set of labelled_set.py: the tables of processor/score/README.md are what it gives today, and no measurement
judges worse than it is said to."""

import labelled_set
from flywheel.checks import Checks, arguments

# Least precision and recall in each language; measurements that only compare words are as bad as their tables say.
FLOORS = {
    "groundedness.lexical": (0.65, 0.65),
    "groundedness.lexical at 0.8": (0.7, 0.9),
    "ground_truth.recall at 1": (0.7, 1),
    "ground_truth.contains": (0.7, 1),
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


args = arguments()
checks = Checks()
verdicts, text = labelled_set.report(args.flywheel)
page = labelled_set.README.read_text(encoding="utf-8")
kept = page[page.index(labelled_set.BEGIN):page.index(labelled_set.END) + len(labelled_set.END)]
checks.check("the tables of processor/score/README.md are up to date", kept == text.rstrip("\n"),
             "" if kept == text.rstrip("\n") else "run tests/integration/labelled_set.py --write")
for name, (least_precision, least_recall) in FLOORS.items():
    for locale in sorted({locale for by_locale in verdicts[name].values() for locale in by_locale}):
        precision, recall, faulty, right = labelled_set.rates(verdicts[name], name, locale)
        if faulty:
            checks.check(f"{name} in {locale}: {faulty} faulty, {right} right",
                         precision is not None and precision >= least_precision and recall >= least_recall,
                         f"precision {precision}, recall {recall}")
checks.finish()
