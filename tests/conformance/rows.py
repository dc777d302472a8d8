"""Reads what `bartizan TABLE --json` prints: one JSON array of objects."""

import json


def rows(output):
    """The rows of a table; none where it printed nothing."""
    value = json.loads(output) if output.strip() else []
    if not isinstance(value, list):
        raise TypeError(f"the table is {type(value).__name__}, not a list of rows")
    return value
