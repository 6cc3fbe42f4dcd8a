"""Reads a CSV file as pandas and as DuckDB do without options, and prints what each
made of it: a line per column with its name, its type and its values, separated by
the ASCII unit separator. Usage: python read_tables.py pandas|duckdb FILE"""

import math
import sys

import duckdb
import pandas

SEPARATOR = "\x1f"


def by_pandas(path):
    table = pandas.read_csv(path)
    for name in table.columns:
        column = table[name]
        if column.isna().all():
            kind = "empty"
        elif pandas.api.types.is_bool_dtype(column):
            kind = "boolean"
        elif pandas.api.types.is_numeric_dtype(column):
            kind = "number"
        else:
            kind = "text"
        yield name, kind, column.tolist()


def by_duckdb(path):
    table = duckdb.sql(f"SELECT * FROM '{path}'")
    rows = table.fetchall()
    for index, (name, kind) in enumerate(zip(table.columns, table.types)):
        values = [row[index] for row in rows]
        kind = str(kind)
        if all(value is None for value in values):
            kind = "empty"
        elif kind == "BOOLEAN":
            kind = "boolean"
        elif kind in ("BIGINT", "DOUBLE", "HUGEINT"):
            kind = "number"
        elif kind.startswith("TIMESTAMP"):
            kind = "time"
        else:
            kind = "text"
        yield name, kind, values


def shown(value):
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, (int, float)) else str(value)


reader, path = sys.argv[1:]
for name, kind, values in {"pandas": by_pandas, "duckdb": by_duckdb}[reader](path):
    print(SEPARATOR.join([name, kind, *map(shown, values)]))
