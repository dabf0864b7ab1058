"""/metrics as numbers."""
import re

SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*(?:\{.*\})?) (\S+)$", re.M)
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def samples(page):
    """{name with labels as printed: value}."""
    return {match[1]: float(match[2]) for match in SAMPLE.finditer(page)}


def labels_of(name):
    return dict(LABEL.findall(name.partition("{")[2]))


def total(values, family, **labels):
    """The sum of a family over all series that have these labels."""
    return sum(value for name, value in values.items() if name.partition("{")[0] == family and labels.items() <= labels_of(name).items())


def by_label(values, family, label):
    """{value of the label: sum of the series that have it}."""
    found = {}
    for name, value in values.items():
        if name.partition("{")[0] == family:
            key = labels_of(name)[label]
            found[key] = found.get(key, 0) + value
    return found


def spans_add_up(values):
    """Every accepted span ends in exactly one place."""
    return total(values, "flywheel_receiver_accepted_spans_total") == (
        total(values, "flywheel_spans_decided_total") + total(values, "flywheel_spans_dropped_total")
        + values["flywheel_spans_in_flight"])
