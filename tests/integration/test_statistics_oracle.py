"""base/statistics and its neighbors against independent implementations: scipy and statsmodels, pinned in requirements.txt,
and for the CUSUM two other formulations, S as the distance of the log likelihood ratio from its lowest point so far, and the exact
run length of the chart as a Markov chain. The C functions answer through statistics_driver.c, compiled here."""
# peer: scipy and statsmodels

import math
import pathlib
import random as random_module
import tempfile

import numpy
import scipy.sparse
import scipy.special
import scipy.sparse.linalg
import scipy.stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from flywheel import processes
from flywheel.checks import Checks, arguments
from flywheel.places import root

CASES = 400


def build(directory):
    driver = directory / "statistics_driver"
    sources = [pathlib.Path(__file__).with_name("statistics_driver.c")]
    sources += [root / f"processor/base/{name}.c" for name in ("statistics", "fail_rate", "beta", "repeated_gate", "cusum")]
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


def paired(checks, driver, random):
    """McNemar's exact test is statsmodels'; the interval of paired shares has no implementation there: it is written out again
    from the paper, and simulated."""
    counts = [(random.randint(0, 400), random.randint(0, 60), random.randint(0, 60), random.randint(0, 60)) for _ in range(CASES)]
    counts += [(50, 0, 0, 0), (0, 0, 0, 50), (0, 50, 0, 0), (0, 0, 50, 0), (1, 0, 0, 1), (0, 1, 1, 0)]

    def interval(a, b, c, d, z):
        n = a + b + c + d
        bounds = [proportion_confint(k, n, 2 * scipy.stats.norm.sf(z), "wilson") for k in (a + b, a + c)]
        (l1, u1), (l2, u2) = bounds
        margins, excess = (a + b) * (c + d) * (a + c) * (b + d), a * d - b * c
        phi = 0 if margins == 0 else (max(excess - n / 2, 0) if excess > 0 else excess) / math.sqrt(margins)
        p, q = (a + b) / n, (a + c) / n
        down = math.sqrt(max(0, (p - l1) ** 2 - 2 * phi * (p - l1) * (u2 - q) + (u2 - q) ** 2))
        up = math.sqrt(max(0, (u1 - p) ** 2 - 2 * phi * (u1 - p) * (q - l2) + (q - l2) ** 2))
        return max(-1, p - q - down), min(1, p - q + up)

    z = 1.959963984540054
    counts = [case for case in counts if sum(case)]
    agree(checks, "Newcombe of pairs, written out again", ask(driver, [("paired", *case, z) for case in counts]),
          [interval(*case, z) for case in counts], 1e-7)
    wanted = []
    for _, worse, better, _ in counts:
        table = [[0, worse], [better, 0]]
        wanted.append((mcnemar(table, exact=True).pvalue if worse + better else 1.0,
                       scipy.stats.binom.sf(worse - 1, worse + better, 0.5) if worse else 1.0))
    agree(checks, "McNemar, statsmodels exact", ask(driver, [("mcnemar", worse, better) for _, worse, better, _ in counts]), wanted)
    numbers = numpy.random.default_rng(random.getrandbits(32))
    for shares in ((0.85, 0.07, 0.03, 0.05), (0.6, 0.1, 0.1, 0.2), (0.94, 0.01, 0.04, 0.01)):
        drawn = numbers.multinomial(80, shares, 4000)
        found = ask(driver, [("paired", *map(int, row), z) for row in drawn])
        held = numpy.mean([low <= shares[1] - shares[2] <= high for low, high in found])
        checks.check(f"Newcombe of pairs covers {shares}: {held:.3f}", 0.93 <= held, str(held))


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


def fail_rates(checks, driver, random):
    """P = c + (1 - c) f with MOVER over statsmodels' Wilson intervals; the exact lower bound by Clopper and Pearson."""
    cases, wanted = [], []
    for _ in range(CASES):
        n = random.choice([12, 40, 49, 300, 4000])
        condemned = random.choice([0, random.randint(0, n - 1)])
        scored = random.randint(1, n - condemned)
        failed, may = random.choice([0, scored, random.randint(0, scored)]), random.choice([0, 1])
        weight = random.choice([1.0, 4.0])
        cases.append(("rate", float(n), float(condemned), float(scored), float(failed), float(may), weight))
        c, f = condemned / n, failed / scored
        has_c = may or condemned
        c_low, c_high = proportion_confint(condemned, n, 0.05, "wilson") if has_c else (0, 0)
        f_low, f_high = proportion_confint(failed, scored, 0.05, "wilson")
        p = c + (1 - c) * f
        low = p - math.hypot((1 - f) * (c - c_low), (1 - c) * (f - f_low))
        high = p + math.hypot((1 - f) * (c_high - c), (1 - c) * (f_high - f))
        exact_c = proportion_confint(condemned, n, 0.05, "beta")[0] if has_c and n < 50 else c_low
        exact_f = proportion_confint(failed, scored, 0.05, "beta")[0] if scored < 50 else f_low
        exact = p - math.hypot((1 - f) * (c - exact_c), (1 - c) * (f - exact_f))
        wanted.append([p, max(0, exact), max(0, low), min(1, high)])
    agree(checks, "fail rate P, MOVER over statsmodels", ask(driver, cases), wanted, 1e-8)


def shares(checks, driver, random):
    """n_linear is what a bootstrap of the weights would say: the variance of a ratio estimate, run by run."""
    cases, wanted = [], []
    for _ in range(CASES):
        n = random.randint(20, 400)
        w = numpy.array([2.0 ** random.randint(0, 5) for _ in range(n)])
        x = numpy.array([random.random() < 0.3 for _ in range(n)])
        x[:2] = [True, False]
        m = float(w.max())

        def worth(w, x):
            p = (w * x).sum() / w.sum()
            return p * (1 - p) * w.sum() ** 2 / ((w * (x - p)) ** 2).sum()

        linear = worth(w, x)
        guard = min(linear, worth(numpy.append(w, m), numpy.append(x, True)), worth(numpy.append(w, m), numpy.append(x, False)))
        cases.append(("share", float(w.sum()), float((w * w).sum()), float((w * x).sum()), float((w * w * x).sum()), m))
        wanted.append([(w * x).sum() / w.sum(), linear, guard])
    agree(checks, "share of a weighted sample, residuals run by run", ask(driver, cases), wanted, 1e-6)


def betas(checks, driver, random):
    cases = [("beta", random.uniform(0.001, 0.999), 10 ** random.uniform(-0.5, 3), 10 ** random.uniform(-0.5, 3)) for _ in range(CASES)]
    agree(checks, "incomplete beta, scipy", ask(driver, cases),
          [[scipy.stats.beta.cdf(x, a, b), scipy.stats.beta.ppf(x, a, b)] for _, x, a, b in cases])


def repeated(checks, driver, random):
    """The mixture as scipy's normalized beta has it; where that underflows there is nothing to compare."""
    cases, wanted = [], []
    while len(cases) < CASES:
        passed, failed, target = random.randint(0, 300), random.randint(0, 60), random.choice([0.5, 0.8, 0.9, 0.92, 0.99])
        null = passed * math.log(target) + failed * math.log(1 - target)

        def log_e(x, a, b, a0, b0):
            tail = scipy.stats.beta.logcdf(x, a, b) + scipy.special.betaln(a, b)
            return tail - scipy.stats.beta.logcdf(x, a0, b0) - scipy.special.betaln(a0, b0) - null

        one = [log_e(1 - target, 0.5 + failed, 4 + passed, 0.5, 4), log_e(target, 1 + passed, 1 + failed, 1, 1)]
        if all(map(math.isfinite, one)) and min(one) > -500:
            cases.append(("repeated", float(passed), float(failed), target, 0.95))
            wanted.append(one)
    agree(checks, "evidence of the repeated gate, scipy", ask(driver, cases), wanted, 1e-6)


def ever_false(checks, driver, random):
    """A cohort at its target, looked at after every run: how often it ever passes or fails."""
    target, runs, looks = 0.92, 400, 2000
    draws = numpy.random.default_rng(random.randint(0, 2**31)).random((runs, looks)) < target
    passed = draws.cumsum(axis=1)
    cases = sorted({(int(s), n + 1 - int(s)) for row in passed for n, s in enumerate(row) if n >= 9})
    evidence = dict(zip(cases, ask(driver, [("repeated", float(s), float(f), target, 0.95) for s, f in cases]), strict=True))
    needed = math.log(1 / 0.025)
    def ever(side):
        return sum(any(evidence[int(s), n + 1 - int(s)][side] >= needed for n, s in enumerate(row) if n >= 9) for row in passed) / runs
    false_pass, false_fail = ever(0), ever(1)
    # 2.5 % is the promise; four standard errors of 400 cohorts are 3.1 points.
    checks.check(f"looked at after every one of {looks} runs, {runs} cohorts at the target: ever a false pass "
                 f"{100 * false_pass:.1f} %, a false fail {100 * false_fail:.1f} %", max(false_pass, false_fail) <= 0.056)


def cusum(checks, driver, random):
    """S as the distance of the log likelihood ratio, in the steps of the lattice, from its lowest point so far."""
    cases, wanted = [], []
    for _ in range(CASES):
        p0, odds = random.uniform(0.02, 0.6), random.choice([0.25, 0.5, 1.5, 2, 4])
        x = (numpy.array([random.random() for _ in range(300)]) < p0).astype(int)
        cases.append(("cusum", p0, float(odds), 100.0, "".join(map(str, x))))
    found = ask(driver, cases)
    for (_, _, odds, _, x), (p0, p1, failure, success, limit, step, *_) in zip(cases, found, strict=True):
        exact = odds * p0 / (1 - p0 + odds * p0)
        ratio = numpy.cumsum([failure * step if c == "1" else success * step for c in x])
        lowest = numpy.minimum.accumulate(numpy.minimum(ratio, 0))
        wanted.append([p0, exact, failure, success, limit, step, *(ratio - lowest)])
    agree(checks, "CUSUM, likelihood ratio less its running minimum", found, wanted)
    off = [max(abs(f * step / math.log(p1 / p0) - 1), abs(s * step / math.log((1 - p1) / (1 - p0)) - 1)) for p0, p1, f, s, _, step, *_ in found]
    checks.check(f"its increments are whole steps: at most {100 * max(off):.2f} % off", max(off) <= 0.0051)


def run_length(p, failure, success, limit):
    """Mean number of observations until S > limit, from S = 0, at the rate p. (D. Brook and D. A. Evans, An approach to
    the probability distribution of CUSUM run length, Biometrika 59, 1972.)"""
    s = numpy.arange(limit + 1)
    rows, columns, values = [], [], []
    for step, chance in ((failure, p), (success, 1 - p)):
        to = numpy.maximum(0, s + step)
        stays = to <= limit
        rows.append(s[stays])
        columns.append(to[stays])
        values.append(numpy.full(stays.sum(), chance))
    chain = scipy.sparse.coo_matrix((numpy.concatenate(values), (numpy.concatenate(rows), numpy.concatenate(columns))),
                                    shape=(limit + 1, limit + 1))
    return scipy.sparse.linalg.spsolve(scipy.sparse.eye(limit + 1, format="csc") - chain.tocsc(), numpy.ones(limit + 1))[0]


def run_lengths(checks, driver, random):
    """The promise of the limit: at p0 at least `observations` on average, and no smaller limit keeps it."""
    cases = [("cusum", random.uniform(0.01, 0.6), random.choice([0.4, 0.5, 1.5, 2.0, 3.0]), 1e6, "0") for _ in range(40)]
    found = [tuple(map(float, one[:6])) for one in ask(driver, cases)]
    lengths = [(run_length(p0, int(f), int(s), int(limit)) / 1e6, run_length(p0, int(f), int(s), int(limit) - 1) / 1e6)
               for p0, _, f, s, limit, _ in found]
    checks.check(f"CUSUM, exact run length of {len(cases)} designs: at p0 one alarm in {min(lengths)[0]:.3f} to "
                 f"{max(lengths)[0]:.3f} million observations, promised one in a million",
                 min(lengths)[0] >= 1 - 1e-9 and max(one for _, one in lengths) < 1, min(lengths))


args = arguments(seed=1)
checks = Checks()
chance = random_module.Random(args.seed)
with tempfile.TemporaryDirectory() as scratch:
    driver = build(pathlib.Path(scratch))
    for part in (quantiles, wilson, newcombe, paired, needed, weights, fail_rates, shares, betas, repeated, ever_false, cusum, run_lengths):
        part(checks, driver, chance)
checks.finish()
