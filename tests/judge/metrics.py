"""Judges what GET /metrics answers with the parser of Prometheus' own Python library.

metrics.py SCRAPE CATALOGUE    SCRAPE is what was answered; CATALOGUE has a JSON object in each line: name, kind and labels of a metric

Exits with 1 if a metric is missing, is of another kind, has another label, or was never documented, and says which.
"""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

# A summary or a histogram adds these by itself.
BY_ITSELF = {"le", "quantile"}


def faults(families, catalogue):
    documented = {metric["name"].removesuffix("_total"): metric for metric in catalogue}
    found = {family.name: family for family in families}
    for name in documented.keys() | found.keys():
        if name not in found:
            yield f"{name} is documented, and not there"
        elif name not in documented:
            yield f"{name} is there, and not documented"
        else:
            yield from faults_of(found[name], documented[name])


def faults_of(family, metric):
    if family.type != metric["kind"]:
        yield f"{family.name} is a {family.type}, and documented as a {metric['kind']}"
    if not family.documentation:
        yield f"{family.name} is not explained"
    if not family.samples:
        yield f"{family.name} has no sample"
    for sample in family.samples:
        labels = set(sample.labels) - BY_ITSELF
        if labels != set(metric["labels"]):
            yield f"{sample.name} has the labels {sorted(labels)}, and is documented with {metric['labels']}"


def main(scrape, catalogue):
    with open(scrape, encoding="utf-8") as file:
        families = list(text_string_to_metric_families(file.read()))
    with open(catalogue, encoding="utf-8") as lines:
        wrong = list(faults(families, [json.loads(line) for line in lines]))
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
