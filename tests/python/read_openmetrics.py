"""Parses OpenMetrics text with Prometheus' own parser and prints the samples as JSON.
Usage: python read_openmetrics.py FILE"""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

with open(sys.argv[1], encoding="utf-8") as file:
    families = text_string_to_metric_families(file.read())
    samples = {
        family.name: [
            {"labels": sample.labels, "value": sample.value} for sample in family.samples
        ]
        for family in families
    }
print(json.dumps(samples))
