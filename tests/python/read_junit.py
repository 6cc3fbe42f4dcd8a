"""Reads JUnit XML with junitparser and prints what it saw as JSON.
Usage: python read_junit.py FILE"""

import json
import sys

from junitparser import JUnitXml

suites = JUnitXml.fromfile(sys.argv[1])
(suite,) = suites
suites.update_statistics()


def kind(result):
    return [type(result).__name__.lower(), result.type, result.message]


def properties(case):
    element = case._elem.find("properties")
    return {} if element is None else {it.get("name"): it.get("value") for it in element}


cases = [
    {
        "classname": case.classname,
        "name": case.name,
        "time": case.time,
        "results": [kind(result) for result in case.result],
        "properties": properties(case),
    }
    for case in suite
]
# The file's own sums are those of its cases.
stated = suite._elem
for name in ("tests", "failures", "errors", "skipped"):
    assert int(stated.get(name)) == getattr(suites, name), name
print(
    json.dumps(
        {
            "tests": suites.tests,
            "failures": suites.failures,
            "errors": suites.errors,
            "skipped": suites.skipped,
            "cases": cases,
        }
    )
)
