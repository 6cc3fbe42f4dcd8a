"""Validates JSON files against a JSON Schema, which says itself which draft it is of.
Usage: python validate.py SCHEMA FILE..."""

import json
import sys

import fastjsonschema

schema, *files = sys.argv[1:]
with open(schema) as text:
    document = json.load(text)
# It knows the drafts up to 7; what the schemas here use means the same in all of them.
document["$schema"] = "http://json-schema.org/draft-07/schema#"
validate = fastjsonschema.compile(document)
for file in files:
    with open(file) as text:
        validate(json.load(text))
print(len(files), "valid")
