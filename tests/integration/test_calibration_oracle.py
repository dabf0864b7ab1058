"""base/poststratify and base/curve against independent implementations: Wilson's and Clopper's and Pearson's intervals of statsmodels, the
design-based variance run by run, MOVER written out again, the limits of a ratio by search, and scikit-learn's precision_recall_curve."""
# peer: scikit-learn and statsmodels

import math
import pathlib
import random as random_module
import tempfile

import numpy
import scipy.optimize
from sklearn.metrics import precision_recall_curve
from statsmodels.stats.proportion import proportion_confint

from flywheel import processes
from flywheel.checks import Checks, arguments
from flywheel.places import root

CASES = 1000


def build(directory):
    driver = directory / "calibration_driver"
    sources = [pathlib.Path(__file__).with_name("calibration_driver.c")]
    sources += [root / f"processor/base/{name}.c" for name in ("poststratify", "curve", "fail_rate", "statistics", "beta")]
    processes.run("cc", "-std=c11", "-O1", "-g", "-D_GNU_SOURCE", "-fsanitize=address,undefined", f"-I{root}", *sources, "-lm", "-o", driver, check=True)
    return driver


def ask(driver, lines):
    result = processes.run(driver, input="".join(line + "\n" for line in lines), check=True)
    answers = [[float(word) for word in line.split()] for line in result.stdout.splitlines()]
    assert len(answers) == len(lines)
    return answers


def agree(checks, what, found, wanted, tolerance):
    worst = max(abs(a - b) for one, other in zip(found, wanted, strict=True) for a, b in zip(one, other, strict=True))
    checks.check(f"{what}: {len(found)} cases, largest difference {worst:.1e}", worst <= tolerance and len(found) >= 200)


def words(reviews):
    return " ".join(f"{weight!r},{int(bad)}" for weight, bad in reviews)


def some_reviews(random, n=None):
    rate = random.choice([0, 0.02, 0.3, 0.5, 1])
    return [(2.0 ** random.randint(0, 6), random.random() < rate) for _ in range(n or random.choice([1, 2, 3, 4, 5, 12, 60, 400]))]


def stratum(reviews):
    """Hajek's mean; what it is worth from the residuals; the interval by statsmodels."""
    w, x = numpy.array([weight for weight, _ in reviews]), numpy.array([float(bad) for _, bad in reviews])
    p = (w * x).sum() / w.sum()
    kish = w.sum() ** 2 / (w * w).sum()
    n = kish if p in (0, 1) else p * (1 - p) * w.sum() ** 2 / ((w * (x - p)) ** 2).sum()
    few = len(reviews) < 5
    worth = min(n, len(reviews)) if few else n
    low, high = proportion_confint(p * worth, worth, 0.05, "beta" if few else "wilson")
    return p, low if p > 0 else 0.0, high if p < 1 else 1.0, n


def strata(checks, driver, random):
    cases = [some_reviews(random) for _ in range(CASES)]
    agree(checks, "one stratum, statsmodels", ask(driver, [f"one {words(case)}" for case in cases]), [stratum(case) for case in cases], 1e-7)


def rates(checks, driver, random):
    lines, wanted = [], []
    for _ in range(CASES):
        count = random.randint(1, 4)
        shares = numpy.random.default_rng(random.getrandbits(32)).dirichlet([1] * count)
        reviews = [some_reviews(random) if random.random() < 0.9 else [] for _ in range(count)]
        lines.append(f"rate {count} " + " ".join(f"{share!r} {len(one)} {words(one)}".strip() for share, one in zip(map(float, shares), reviews)))
        parts = [(share, *stratum(one)[:3]) for share, one in zip(shares, reviews) if one]
        unreviewed = sum(share for share, one in zip(shares, reviews) if not one)
        p = sum(share * one for share, one, _, _ in parts)
        down = math.sqrt(sum((share * (one - low)) ** 2 for share, one, low, _ in parts))
        up = math.sqrt(sum((share * (high - one)) ** 2 for share, one, _, high in parts))
        wanted.append([float(unreviewed <= 0.05), p, max(0, p - down), min(1, p + up + unreviewed), unreviewed])
    agree(checks, "rates over strata, MOVER written out again", ask(driver, lines), wanted, 1e-7)


def ratios(checks, driver, random):
    """The limit r of a / b is where the limit of a - r b, by MOVER, is 0: found by search."""
    cases, wanted = [], []
    while len(cases) < CASES:
        a, b = random.uniform(0.01, 0.3), random.uniform(0.01, 0.3)
        la, ua, lb, ub = a * random.uniform(0.2, 0.98), a * random.uniform(1.02, 2), b * random.uniform(0.2, 0.98), b * random.uniform(1.02, 2)
        lower = lambda r: a - r * b - math.hypot(a - la, r * (ub - b))
        upper = lambda r: a - r * b + math.hypot(ua - a, r * (b - lb))
        low, high = scipy.optimize.brentq(lower, 0, a / b), scipy.optimize.brentq(upper, a / b, 1e6)
        cases.append(f"ratio {a!r} {la!r} {ua!r} {b!r} {lb!r} {ub!r}")
        wanted.append([a / b, low, high, a / (a + b), low / (1 + low), high / (1 + high)])
    agree(checks, "ratios, the root of MOVER's difference", [[*one] for one in ask(driver, cases)], wanted, 1e-6)


def curves(checks, driver, random):
    lines, wanted = [], []
    for _ in range(CASES):
        n, above = random.choice([3, 40, 300]), random.choice([0, 1])
        values = [round(random.random(), random.choice([1, 2, 6])) for _ in range(n)]
        weights = [2.0 ** random.uniform(0, 6) for _ in range(n)]
        bad = [random.random() < 0.2 + 0.6 * (value if above else 1 - value) for value in values]
        bad[0] = True
        lines.append(f"curve {above} " + " ".join(f"{v!r},{w!r},{int(x)}" for v, w, x in zip(values, weights, bad)))
        score = numpy.array(values) if above else -numpy.array(values)
        precision, recall, thresholds = precision_recall_curve(bad, score, sample_weight=weights)
        at = {abs(threshold): (p, r) for p, r, threshold in zip(precision, recall, thresholds)}  # the last point of all is none of the data
        order = sorted(at, reverse=bool(above))
        wanted.append([number for value in order for number in (value, *at[value])])
    found = ask(driver, lines)
    checks.check("each distinct value is a point, as scikit-learn has it", all(len(one) == len(other) for one, other in zip(found, wanted)))
    agree(checks, "precision and recall, scikit-learn precision_recall_curve(sample_weight)", found, wanted, 1e-9)
    many = [random.random() for _ in range(5000)]
    merged = ask(driver, ["curve 0 " + " ".join(f"{value!r},1.0,{int(random.random() < 0.3)}" for value in many)])[0]
    checks.check(f"5000 values are merged to {len(merged) // 3} points", 400 <= len(merged) // 3 <= 512 and merged[-1] == 1 and merged[-3] == max(many))


args = arguments(seed=5)
checks, random = Checks(), random_module.Random(args.seed)
with tempfile.TemporaryDirectory() as directory:
    driver = build(pathlib.Path(directory))
    for part in (strata, rates, ratios, curves):
        part(checks, driver, random)
checks.finish()
