"""Reads what `bartizan TABLE --json` prints: one JSON object in each line."""

import json


def rows(output):
    """The rows of a table."""
    return [json.loads(line) for line in output.splitlines() if line.strip()]
