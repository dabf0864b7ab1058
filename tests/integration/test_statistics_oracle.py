"""base/statistics against independent implementations: scipy and statsmodels, pinned in requirements.txt, and for the
CUSUM two other formulations, S as the distance of the log likelihood ratio from its lowest point so far, and the exact
run length of the chart as a Markov chain. The C functions answer through statistics_driver.c, compiled here."""

import math
import pathlib
import random as random_module
import tempfile

import numpy
import scipy.optimize
import scipy.sparse
import scipy.sparse.linalg
import scipy.stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from flywheel import processes
from flywheel.checks import Checks, arguments
from flywheel.places import root

CASES = 400


def build(directory):
    driver = directory / "statistics_driver"
    sources = [pathlib.Path(__file__).with_name("statistics_driver.c"), root / "processor/base/statistics.c"]
    processes.run("cc", "-std=c11", "-O1", "-g", "-D_GNU_SOURCE", "-fsanitize=address,undefined", f"-I{root}", *sources, "-lm",
                  "-o", driver, check=True)
    return driver


def ask(driver, cases):
    """One list of numbers for each case, a case being the words of a line."""
    lines = "".join(" ".join(repr(word) if isinstance(word, float) else str(word) for word in case) + "\n" for case in cases)
    result = processes.run(driver, input=lines, check=True)
    answers = [[float(word) for word in line.split()] for line in result.stdout.splitlines()]
    assert len(answers) == len(cases)
    return answers


def agree(checks, what, found, wanted, tolerance=1e-9):
    """Every number of every case; the largest difference is told."""
    worst, at = 0.0, None
    for case, (one, other) in enumerate(zip(found, wanted, strict=True)):
        for a, b in zip(one, other, strict=True):
            difference = abs(a - b) if math.isfinite(a) else math.inf
            if difference > worst:
                worst, at = difference, case
    checks.check(f"{what}: {len(found)} cases, largest difference {worst:.1e}",
                 worst <= tolerance and len(found) >= 200, f"case {at}: {found[at] if at is not None else ''} {wanted[at] if at is not None else ''}")


def random_count(random):
    """(successes, n), small and large n alike, ends included."""
    n = int(10 ** random.uniform(0, 5))
    return random.choice([0, n, random.randint(0, n), random.randint(0, n)]), n


def quantiles(checks, driver, random):
    levels = [random.uniform(0.01, 0.9999) for _ in range(CASES)]
    agree(checks, "z, scipy.stats.norm.ppf", ask(driver, [("z", level) for level in levels]),
          [[scipy.stats.norm.ppf((1 + level) / 2)] for level in levels])


def wilson(checks, driver, random):
    cases, wanted = [], []
    for _ in range(CASES):
        (count, n), alpha = random_count(random), random.choice([0.01, 0.05, 0.1, 0.32])
        z = float(scipy.stats.norm.ppf(1 - alpha / 2))
        cases.append(("wilson", count / n, float(n), z))
        wanted.append(proportion_confint(count, n, alpha, "wilson"))
    agree(checks, "Wilson, statsmodels proportion_confint", ask(driver, cases), wanted)
    agree(checks, "Wilson, scipy binomtest", ask(driver, [case[:3] + (1.959963984540054,) for case in cases]),
          [scipy.stats.binomtest(round(case[1] * case[2]), int(case[2])).proportion_ci(0.95, "wilson") for case in cases])


def newcombe(checks, driver, random):
    cases, wanted = [], []
    for _ in range(CASES):
        (a, n), (b, m), alpha = random_count(random), random_count(random), random.choice([0.01, 0.05, 0.1])
        z = float(scipy.stats.norm.ppf(1 - alpha / 2))
        cases.append(("newcombe", a / n, float(n), b / m, float(m), z))
        wanted.append(confint_proportions_2indep(a, n, b, m, method="newcomb", compare="diff", alpha=alpha))
    agree(checks, "Newcombe, statsmodels confint_proportions_2indep", ask(driver, cases), wanted)


def needed(checks, driver, random):
    """The first n whose Wilson interval leaves the target on one side, p held; found by trying each n there."""
    cases = []
    while len(cases) < CASES:
        target, p = round(random.uniform(0.5, 0.99), 3), round(random.uniform(0.3, 1), 3)
        if abs(p - target) > 0.015:
            cases.append(("needed", p, target, 1.959963984540054))
    n = numpy.arange(1, 40000)
    wanted = []
    for _, p, target, _ in cases:
        low, high = proportion_confint(p * n, n, 0.05, "wilson")
        wanted.append([int(n[numpy.argmax(low >= target if p >= target else high < target)])])
    agree(checks, "n needed, statsmodels Wilson at every n", ask(driver, cases), wanted, 0)


def weights(checks, driver, random):
    cases, wanted = [], []
    for _ in range(CASES):
        w = numpy.array([2.0 ** random.uniform(0, 10) for _ in range(random.randint(1, 500))])
        cases.append(("effective", float(w.sum()), float((w * w).sum())))
        wanted.append([w.mean() ** 2 / (w * w).mean() * len(w)])
    agree(checks, "effective n of weights, numpy", ask(driver, cases), wanted, 1e-8)


def cusum(checks, driver, random):
    cases, wanted = [], []
    for _ in range(CASES):
        p0, odds = random.uniform(0.01, 0.6), random.choice([0.25, 0.5, 1.5, 2, 4])
        p1 = odds * p0 / (1 - p0 + odds * p0)
        x = (numpy.array([random.random() for _ in range(300)]) < random.choice([p0, p1])).astype(int)
        ratio = numpy.cumsum(scipy.stats.bernoulli.logpmf(x, p1) - scipy.stats.bernoulli.logpmf(x, p0))
        lowest = numpy.minimum.accumulate(numpy.minimum(ratio, 0))
        cases.append(("cusum", p0, float(odds), 1e6, "".join(map(str, x))))
        wanted.append([p1, math.log(1e6), *(ratio - lowest)])
    agree(checks, "CUSUM, likelihood ratio less its running minimum", ask(driver, cases), wanted)


def odds_on_a_lattice(p0, odds):
    """The odds ratio next to `odds` with which a failure adds a whole number of times what a success takes (or a success
    adds that part of what a failure takes), so that S moves on a lattice: Reynolds and Stoumbos 1999, section 3."""
    def ratio(other):
        p1 = other * p0 / (1 - p0 + other * p0)
        return math.log(p1 / p0) / -math.log((1 - p1) / (1 - p0))
    wanted = max(1, round(ratio(odds)))
    ends = (1 + 1e-6, 1e4) if odds > 1 else (1e-4, 1 - 1e-6)
    if (ratio(ends[0]) - wanted) * (ratio(ends[1]) - wanted) > 0:
        return None, 0
    return scipy.optimize.brentq(lambda other: ratio(other) - wanted, *ends, xtol=1e-14, rtol=1e-14), wanted


def run_length(p, on_success, failure_steps, limit):
    """Mean number of observations until S > limit, from S = 0, at the rate p; exact, for S lies on multiples of
    |on_success|. (D. Brook and D. A. Evans, An approach to the probability distribution of CUSUM run length, Biometrika
    59, 1972.)"""
    last = int(limit / abs(on_success) + 1e-9)
    s = numpy.arange(last + 1)
    rows, columns, values = [], [], []
    up = on_success < 0  # a failure goes up, a success one down; for better things the other way round
    for step, chance in ((failure_steps if up else -failure_steps, p), (-1 if up else 1, 1 - p)):
        to = numpy.maximum(0, s + step)
        stays = to <= last
        rows.append(s[stays])
        columns.append(to[stays])
        values.append(numpy.full(stays.sum(), chance))
    chain = scipy.sparse.coo_matrix((numpy.concatenate(values), (numpy.concatenate(rows), numpy.concatenate(columns))),
                                    shape=(last + 1, last + 1))
    return scipy.sparse.linalg.spsolve(scipy.sparse.eye(last + 1, format="csc") - chain.tocsc(), numpy.ones(last + 1))[0]


def run_lengths(checks, driver, random):
    """The promise of the limit: at p0 at least `observations` on average, whatever p0 and the odds ratio are."""
    cases = []
    while len(cases) < 200:
        p0 = random.uniform(0.01, 0.45)
        odds, steps = odds_on_a_lattice(p0, random.choice([0.4, 0.5, 1.5, 2, 3]))
        if odds:
            cases.append((("cusum", p0, float(odds), 1e6, "0"), steps))
    lengths = []
    for ((_, p0, odds, observations, _), steps), (p1, limit, _) in zip(cases, ask(driver, [c for c, _ in cases]), strict=True):
        length = run_length(p0, math.log((1 - p1) / (1 - p0)), steps, limit)
        lengths.append((length / observations, p0, odds))
    checks.check(f"CUSUM, exact run length of {len(cases)} designs: at p0 one alarm in "
                 f"{min(lengths)[0]:.1f} to {max(lengths)[0]:.0f} million observations, promised one in a million",
                 min(lengths)[0] >= 1, min(lengths))


args = arguments(seed=1)
checks = Checks()
chance = random_module.Random(args.seed)
with tempfile.TemporaryDirectory() as scratch:
    driver = build(pathlib.Path(scratch))
    for part in (quantiles, wilson, newcombe, needed, weights, cusum, run_lengths):
        part(checks, driver, chance)
checks.finish()
