"""base/agreement against those who wrote such statistics before: krippendorff, irrCAC and statsmodels, on 1,000 random tables
with raters that are missing here and there; and how often the intervals hold what is true, on simulated reviewers. The C
functions answer through agreement_driver.c, compiled here."""
# peer: krippendorff, irrCAC, scipy and statsmodels

import collections
import math
import pathlib
import random as random_module
import tempfile
import warnings

import krippendorff
import numpy
import pandas
import scipy.stats
from irrCAC.raw import CAC
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

from flywheel import processes
from flywheel.checks import Checks, arguments
from flywheel.places import root

TABLES = 1000
FIGURES = ("raw", "kappa", "alpha", "ac1")
PARTS = ("value", "error", "low", "high")


def build(directory):
    driver = directory / "agreement_driver"
    sources = [pathlib.Path(__file__).with_name("agreement_driver.c")]
    sources += [root / f"processor/base/{name}.c" for name in ("agreement", "statistics", "beta")]
    processes.run("cc", "-std=c11", "-O1", "-g", "-D_GNU_SOURCE", "-fsanitize=address,undefined", f"-I{root}", *sources, "-lm",
                  "-o", driver, check=True)
    return driver


def ask(driver, lines):
    result = processes.run(driver, input="".join(line + "\n" for line in lines), check=True)
    answers = [[float(word) for word in line.split()] for line in result.stdout.splitlines()]
    assert len(answers) == len(lines)
    return answers


def figures(numbers):
    """{"raw": {"value": ...}, ...}: of an answer to "patterns"."""
    return {"thin": numbers[18]} | {name: dict(zip(PARTS, numbers[2 + 4 * i:6 + 4 * i], strict=True)) for i, name in enumerate(FIGURES)}


def line_of(items, categories):
    patterns = collections.Counter(tuple(item.count(k) for k in range(categories)) for item in items)
    return f"patterns {categories} " + " ".join(f"{n} {' '.join(map(str, counts))}" for counts, n in sorted(patterns.items()))


def table_of(random, categories, size, most, agreement, prevalence):
    """Items, each the categories that its raters chose."""
    items = []
    for _ in range(size):
        truth = random.choices(range(categories), prevalence)[0]
        raters = random.choice([1, 2, 2, 2, 3]) if most > 2 else random.choice([1, 2, 2, 2])
        raters = most if random.random() < 0.1 else min(raters, most)
        items.append([truth if random.random() < agreement else random.choices(range(categories), prevalence)[0]
                      for _ in range(raters)])
    return items


def random_table(random):
    categories = random.choice([2, 2, 3, 4])
    weights = [random.random() ** 3 + 0.01 for _ in range(categories)]
    return categories, table_of(random, categories, random.choice([12, 30, 100, 300]), random.choice([2, 3, 5, 8]),
                                random.uniform(0, 0.95), weights)


class Differences:
    """The largest one by figure, and how many were compared."""

    def __init__(self):
        self.worst, self.count = collections.defaultdict(float), collections.Counter()

    def add(self, what, ours, theirs):
        self.count[what] += 1
        self.worst[what] = max(self.worst[what], abs(ours - theirs) if math.isfinite(ours) and math.isfinite(theirs) else math.inf)

    def check(self, checks, tolerance, least):
        for what, worst in sorted(self.worst.items()):
            checks.check(f"{what}: {self.count[what]} tables, largest difference {worst:.1e}",
                         worst <= tolerance and self.count[what] >= least)


def compare_irrcac(ours, items, categories, exact, loose):
    """irrCAC prints 5 digits; its alpha has another standard error than a jackknife's."""
    most = max(map(len, items))
    frame = pandas.DataFrame([[item[i] if i < len(item) else numpy.nan for i in range(most)] for item in items])
    analysis = CAC(frame, categories=list(range(categories)), digits=5)
    for name, call in (("ac1", "gwet"), ("kappa", "fleiss"), ("alpha", "krippendorff")):
        theirs = getattr(analysis, call)()["est"]
        exact.add(f"irrCAC: {name}", ours[name]["value"], theirs["coefficient_value"])
        if name == "alpha":
            loose.append(ours[name]["error"] / theirs["se"] if theirs["se"] > 0 else 1)
        else:
            exact.add(f"irrCAC: standard error of {name}", ours[name]["error"], theirs["se"])
    exact.add("irrCAC: raw", ours["raw"]["value"], analysis.gwet()["est"]["pa"])


def compare_tables(driver, checks, random):
    tables = [random_table(random) for _ in range(TABLES + TABLES // 5)]
    answers = [figures(numbers) for numbers in ask(driver, [line_of(items, categories) for categories, items in tables])]
    exact, digits, loose = Differences(), Differences(), []
    for (categories, items), ours in zip(tables, answers, strict=True):
        doubled = [item for item in items if len(item) > 1]
        used = {value for item in doubled for value in item}
        if len(used) < 2 or ours["raw"]["value"] == 1:
            continue
        counts = [[item.count(k) for k in range(categories)] for item in doubled]
        exact.add("krippendorff: alpha", ours["alpha"]["value"],
                  krippendorff.alpha(value_counts=numpy.array(counts), level_of_measurement="nominal"))
        compare_irrcac(ours, items, categories, digits, loose)
    exact.check(checks, 1e-9, TABLES)
    digits.check(checks, 1.1e-5, TABLES)
    ratios = sorted(loose)
    checks.check(f"the jackknife's error of alpha is that of irrCAC times {ratios[len(ratios) // 20]:.2f} to {ratios[-len(ratios) // 20]:.2f}",
                 0.8 < ratios[len(ratios) // 4] and ratios[len(ratios) * 3 // 4] < 1.25)


def compare_fleiss(driver, checks, random):
    """Where every item has as many raters."""
    exact = Differences()
    tables = []
    for _ in range(TABLES):
        categories, raters = random.choice([2, 3, 4]), random.choice([2, 3, 5])
        tables.append((categories, [[random.choice(range(categories)) if random.random() < 0.4 else i % categories for _ in range(raters)]
                                    for i in range(random.choice([10, 50, 200]))]))
    answers = ask(driver, [line_of(items, categories) for categories, items in tables])
    for (categories, items), numbers in zip(tables, answers, strict=True):
        counts = numpy.array([[item.count(k) for k in range(categories)] for item in items])
        exact.add("statsmodels: Fleiss' kappa", figures(numbers)["kappa"]["value"], fleiss_kappa(counts))
    exact.check(checks, 1e-9, TABLES)


def compare_pairs(driver, checks, random):
    exact, tables = Differences(), []
    while len(tables) < TABLES:
        categories = random.choice([2, 3])
        cells = [[random.randint(0, 200) if i == j else random.randint(0, 30) for j in range(categories)] for i in range(categories)]
        if sum(map(sum, cells)) > 0 and sum(cells[i][j] for i in range(categories) for j in range(categories) if i != j) > 0:
            tables.append(cells)
    answers = ask(driver, [f"pair {len(cells)} " + " ".join(str(cell) for row in cells for cell in row) for cells in tables])
    for cells, numbers in zip(tables, answers, strict=True):
        theirs = cohens_kappa(numpy.array(cells))
        exact.add("statsmodels: Cohen's kappa", numbers[5], theirs.kappa)
        if not math.isnan(theirs.std_kappa):  # theirs is the root of a rounding error where it is 0
            exact.add("statsmodels: standard error of Cohen's kappa", numbers[6], theirs.std_kappa)
    exact.check(checks, 1e-7, TABLES - 10)


def compare_t(driver, checks):
    cases = [(confidence, degrees) for confidence in (0.5, 0.8, 0.9, 0.95, 0.99, 0.999) for degrees in (1, 2, 3, 7, 9, 29, 99, 1000, 1e5, 1e7)]
    answers = ask(driver, [f"t {confidence!r} {degrees!r}" for confidence, degrees in cases])
    worst = max(abs(numbers[0] / scipy.stats.t.ppf((1 + confidence) / 2, degrees) - 1)
                for (confidence, degrees), numbers in zip(cases, answers, strict=True))
    checks.check(f"scipy: quantiles of t: {len(cases)} cases, largest relative difference {worst:.1e}", worst < 1e-8)


# --- how often an interval holds what is true ---


def truth_of(driver, categories, raters, agreement, prevalence):
    """The figures of all items there could be, by the exact share of each pattern."""
    shares = collections.Counter()
    total = sum(prevalence)
    for truth in range(categories):
        outcomes = {(): prevalence[truth] / total}
        for _ in range(raters):
            more = collections.Counter()
            for chosen, share in outcomes.items():
                for k in range(categories):
                    p = agreement * (k == truth) + (1 - agreement) * prevalence[k] / total
                    more[tuple(sorted(chosen + (k,)))] += share * p
            outcomes = more
        for chosen, share in outcomes.items():
            shares[tuple(chosen.count(k) for k in range(categories))] += share
    line = f"patterns {categories} " + " ".join(f"{1e9 * share!r} {' '.join(map(str, counts))}" for counts, share in sorted(shares.items()))
    answer = figures(ask(driver, [line])[0])
    return {name: answer[name]["value"] for name in FIGURES}


def measure_coverage(driver, checks, random, runs=1000):
    """n items with two raters; how many of the intervals hold the truth, and how many there are. Wilson's interval, which is that
    of raw, is known to fall to 0.83 next to 0 and 1 (Brown, Cai, DasGupta 2001); those of kappa and alpha are not looked at where
    they are marked thin."""
    grid = [(n, agreement, prevalence) for n in (10, 30, 100, 300) for agreement in (0.6, 0.9, 0.98)
            for prevalence in ((0.5, 0.5), (0.9, 0.1), (0.98, 0.02))]
    found = collections.defaultdict(list)
    for n, agreement, prevalence in grid:
        truth = truth_of(driver, 2, 2, agreement, prevalence)
        lines = [line_of([[value for value in pair] for pair in simulate(random, n, agreement, prevalence)], 2) for _ in range(runs)]
        answers = [figures(numbers) for numbers in ask(driver, lines)]
        for name in FIGURES:
            given = [answer[name] for answer in answers if not math.isnan(answer[name]["low"])
                     and not (name in ("kappa", "alpha") and answer["thin"])]
            if len(given) < runs // 10:
                continue
            held = sum(figure["low"] - 1e-12 <= truth[name] <= figure["high"] + 1e-12 for figure in given)
            found[name].append((held / len(given), len(given) / runs, n, agreement, prevalence))
    for name in FIGURES:
        rates = sorted(found[name])
        middle = rates[len(rates) // 2][0]
        least = rates[0]
        print(f"     {name}: holds the truth in {middle:.3f} of runs (median of {len(rates)} settings), least {least[0]:.3f} "
              f"at n {least[2]}, agreement {least[3]}, prevalence {least[4]} (given in {least[1]:.2f} of runs)")
    for name, floor in (("raw", 0.82), ("ac1", 0.92)):
        checks.check(f"the interval of {name} holds the truth in every setting", found[name][0] and min(found[name])[0] >= floor,
                     str(min(found[name])))
    for name in ("kappa", "alpha"):
        checks.check(f"the interval of {name} holds the truth where it is not thin", rates_of(found[name])[0] >= 0.85,
                     str(sorted(found[name])[:3]))


def rates_of(found):
    return sorted(rate for rate, *_ in found)


def simulate(random, n, agreement, prevalence):
    for _ in range(n):
        truth = random.random() < prevalence[1]
        yield [truth if random.random() < agreement else random.random() < prevalence[1] for _ in range(2)]


args = arguments(seed=1)
checks = Checks()
chance = random_module.Random(args.seed)
warnings.simplefilter("ignore")
with tempfile.TemporaryDirectory() as scratch:
    driver = build(pathlib.Path(scratch))
    compare_t(driver, checks)
    for part in (compare_tables, compare_fleiss, compare_pairs, measure_coverage):
        part(driver, checks, chance)
checks.finish()
