"""Reads a run with the package `shutterbench` and prints what the frames hold, as JSON. Usage:
python read_run.py RUN"""

import json
import sys

import pandas
import shutterbench

run = shutterbench.read(sys.argv[1])
frames = {"cases": run.cases, "samples": run.samples, "predictions": run.predictions}
facts = {
    name: {
        "types": {column: str(kind) for column, kind in frame.dtypes.items()},
        "rows": json.loads(frame.to_json(orient="records")),
    }
    for name, frame in frames.items()
}
facts["absent"] = bool((run.cases.map(lambda value: value is pandas.NA)).any().any())
facts["run_id"] = run.info["run_id"]
try:
    shutterbench.read(sys.argv[1] + "/nothing")
except shutterbench.ShutterbenchError as error:
    facts["refused"] = str(error)
print(json.dumps(facts))
