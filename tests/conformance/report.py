"""Counts what passed, failed and had to be left out, and says each in one line."""

import sys
import traceback


class Report:
    def __init__(self):
        self.passed = 0
        self.failures = []
        self.left_out = []

    def check(self, name, problems, note=""):
        """One check: `problems` is a list of lines, empty when it holds."""
        if problems:
            self.failures.append(name)
            print(f"  FAILED {name}{': ' + note if note else ''}", flush=True)
            for problem in problems[:25]:
                print(f"         {problem}", flush=True)
            if len(problems) > 25:
                print(f"         … and {len(problems) - 25} more", flush=True)
        else:
            self.passed += 1
            print(f"  ok     {name}{': ' + note if note else ''}", flush=True)

    def leave_out(self, name, why, counts=True):
        """Says what could not be tried; with `counts` it is a failure where everything is required."""
        self.left_out.append((name, why, counts))
        print(f"  left out {name}: {why}", flush=True)

    def part(self, title, body, *arguments):
        """Runs one part; what it raises is a failure of that part and does not stop the others."""
        print(f"{title}", flush=True)
        try:
            body(self, *arguments)
        except Exception as error:  # noqa: BLE001 - a part may fail in any way, the others still run
            self.check(title, [f"{type(error).__name__}: {error}", *traceback.format_exc().splitlines()[-7:-1]])

    def finish(self, require_all):
        """Prints the summary, gives the exit status."""
        for name, why, _ in self.left_out:
            print(f"left out: {name}: {why}")
        missing = [name for name, _, counts in self.left_out if counts and require_all]
        failed = len(self.failures) + len(missing)
        for name in self.failures:
            print(f"failed: {name}", file=sys.stderr)
        if missing:
            print("--require-all: what was left out counts as failed", file=sys.stderr)
        print(f"{self.passed} passed, {failed} failed")
        return 1 if failed else 0
