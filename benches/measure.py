"""What a person feels, measured in a pseudo-terminal: from the key press to the chunk after which the screen shows it.

Started by `scripts/bench`. Prints one table of minimum, median, 95th and 99th percentile, with the budget beside each.
"""

import argparse
import contextlib
import http.server
import os
import re
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "conformance"))

import sessions  # noqa: E402 - what it imports is found only now
from programs import Bartizan  # noqa: E402 - its folder is known only now
from screen import Terminal  # noqa: E402
from surroundings import environment  # noqa: E402

PEER_ROW = "i-0bench"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--taws", help="a built taws, measured beside")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only-sessions", action="store_true", help="nothing but shells and forwards")
    options = parser.parse_args()
    runs, keys = (5, 40) if options.quick else (20, 200)
    table = Table()
    bartizan = Bartizan(str(Path(options.program).resolve()))
    sessions.measure(table, bartizan, 20 if options.quick else 200, 200 if options.quick else 1000)
    if options.only_sessions:
        table.print()
        return
    with bartizan.emulate("--scenario", "incident") as (endpoint, _):
        names = user_names(endpoint)
        console = [bartizan.program, "--pane", "users"]

        def shows_a_row(screen):
            text = screen.text()
            return any(name in text for name in names)

        launches(table, "bartizan", console, endpoint, shows_a_row, runs, (30, 100))
        idle(table, console, endpoint, shows_a_row)
    if options.taws:
        with canned_ec2() as endpoint:
            launches(
                table, "taws", [options.taws], endpoint, lambda screen: PEER_ROW in screen.text(), runs, (None, None)
            )
    with bartizan.emulate("--scenario", "huge") as (endpoint, _):
        keys_while_streaming(table, [bartizan.program, "--pane", "users"], endpoint, keys)
    # The world's clock runs a thousand times as fast, so that AWS's two lookups a second bring the events in seconds, not in a quarter of an hour.
    # The world is in the same process here: its memory and its processor time are counted as the console's.
    many_events(table, [bartizan.program, "--demo", "huge", "--speed", "1000", "--pane", "trail"], keys)
    keys_during_campaign(table, [bartizan.program, "--demo", "huge", "--pane", "keys"], keys)
    with bartizan.emulate("--scenario", "quiet", "--sessions") as (endpoint, _):
        shells_in_console(table, [bartizan.program, "--pane", "bastions"], endpoint, keys)
    table.print()


class Table:
    def __init__(self):
        self.rows = []

    def times(self, name, samples, budget):
        """Seconds, shown in milliseconds."""
        found = sorted(sample * 1000 for sample in samples if sample is not None)
        if not found:
            self.rows.append((name, "not seen", "", "", "", budget))
            return
        lost = len(samples) - len(found)
        note = f" ({lost} of {len(samples)} not seen)" if lost else f" (n={len(found)})"
        high, highest = (found[min(len(found) - 1, int(len(found) * share))] for share in (0.95, 0.99))
        middle = statistics.median(found)
        self.rows.append((name + note, f"{found[0]:.1f}", f"{middle:.1f}", f"{high:.1f}", f"{highest:.1f}", budget))

    def value(self, name, value, budget):
        self.rows.append((name, "", "not told here" if value is None else str(value), "", "", budget))

    def print(self):
        load = os.getloadavg()[0]
        print(f"\n{os.cpu_count()} processors, load {load:.1f}")
        print(f"{'':58} {'min':>9} {'median':>9} {'p95':>9} {'p99':>9}  budget")
        for name, low, middle, high, highest, budget in self.rows:
            print(f"{name:58} {low:>9} {middle:>9} {high:>9} {highest:>9}  {budget}")


@contextlib.contextmanager
def started(command, endpoint, columns=80, rows=24):
    with tempfile.TemporaryDirectory(prefix="bartizan-bench-") as home:
        terminal = Terminal(command, environment(home, endpoint), columns, rows)
        try:
            yield terminal
        finally:
            terminal.close()


def launches(table, name, command, endpoint, shows_a_row, runs, budgets):
    """From the start of the process to its first frame, and to the first row of data."""
    frames, rows = [], []
    for _ in range(runs):
        with started(command, endpoint) as terminal:
            drawn = terminal.until(lambda screen: screen.is_drawn(), 5)
            shown = drawn if drawn and shows_a_row(terminal.screen) else terminal.until(shows_a_row, 5)
            frames.append(drawn and drawn - terminal.started)
            rows.append(shown and shown - terminal.started)
    words = [f"median <= {budget} ms" if budget else "" for budget in budgets]
    table.times(f"{name}: launch to first frame, ms", frames, words[0])
    table.times(f"{name}: launch to first row, ms", rows, words[1])


def idle(table, command, endpoint, shows_a_row):
    """Nothing moves: nothing is written and no processor time is used."""
    with started(command, endpoint) as terminal:
        terminal.until(shows_a_row, 5)
        table.value(
            "bartizan: resident memory after start, MB", terminal.memory() and round(terminal.memory(), 1), "<= 40"
        )
        # The data are in; whatever is loaded behind them gets its time to end.
        terminal.settle(quiet=2)
        written, ticks = terminal.bytes, terminal.ticks()
        deadline = time.perf_counter() + 5
        while (left := deadline - time.perf_counter()) > 0:
            terminal.read(left)
        table.value("bartizan: bytes written in 5 s idle", terminal.bytes - written, "0")
        used = None if ticks is None else terminal.ticks() - ticks
        table.value("bartizan: clock ticks used in 5 s idle", used, "0")


def keys_while_streaming(table, command, endpoint, presses):
    """`j` and `k` in the users pane while 10,000 users stream in, and the events in the pane beside it."""
    with started(command, endpoint) as terminal:
        terminal.until(lambda screen: screen.marked_row() is not None, 10)
        terminal.write(b"4")
        terminal.until(lambda screen: screen.marked_row() is not None, 5)
        terminal.write(b"1")
        terminal.until(lambda screen: screen.marked_row() is not None, 5)
        waits = moves(terminal, presses)
        table.times("bartizan: key to frame while `huge` streams, ms", waits, "p50 <= 2, p95 <= 16 ms")
        memory = terminal.memory()
        table.value("bartizan: resident memory with `huge` streaming, MB", memory and round(memory, 1), "<= 150")


def many_events(table, command, presses):
    """`j` and `k` in the trail pane while a hundred thousand events stream in."""
    with started(command, "http://127.0.0.1:1") as terminal:
        terminal.until(lambda screen: screen.marked_row() is not None, 10)
        for _ in range(4):
            terminal.write(b"w")
            terminal.until(lambda screen: screen.marked_row() is not None, 5)
        waits, deadline = [], time.perf_counter() + 120
        events = 0
        while events < MANY and time.perf_counter() < deadline:
            pause = time.perf_counter() + 0.04
            while (left := pause - time.perf_counter()) > 0:
                terminal.read(left)
            events = event_count(terminal.screen)
            if len(waits) < presses:
                before = terminal.screen.marked_row()
                pressed = time.perf_counter()
                terminal.write(b"j" if len(waits) % 12 < 6 else b"k")
                moved = terminal.until(lambda screen: screen.marked_row() not in (before, None), 1)
                waits.append(moved and moved - pressed)
        memory = terminal.memory()
        table.times("bartizan: key to frame while 100,000 events stream, ms", waits, "p50 <= 2, p95 <= 16 ms")
        table.value(
            f"bartizan: resident memory with {events:,} events, MB", memory and round(memory, 1), "<= 150 with 100,000"
        )


def keys_during_campaign(table, command, presses):
    """`j` and `k` on the board and in the keys pane while the keys of about a hundred users are rotated, 25 at a time.

    The world is in the same process and answers at once, so that the rotations change faster than AWS would let them.
    """
    with started(command, "http://127.0.0.1:1", 160, 50) as terminal:
        terminal.until(lambda screen: screen.marked_row() is not None, 10)
        # Three hundred users, of whom every third has one key only; the others' plans are refused.
        others = " ".join(f"!user-00{number}" for number in range(7))
        terminal.write(f"/user-00 status=active {others}\r".encode())
        terminal.settle(quiet=2)
        terminal.write(b"*A")
        terminal.until(lambda screen: "ARMED" in screen.text(), 10)
        terminal.write(b"r")
        terminal.until(lambda screen: "rotate, new secret into" in screen.text(), 10)
        terminal.write(b"\x15keyring soak=0s observe=0s at-once=25\r")
        asked = terminal.until(lambda screen: "to confirm" in screen.text(), 60)
        words = asked and re.search(r"type ((\d+) \w+) to confirm", terminal.screen.text())
        if not words:
            table.value("bartizan: key to frame during a campaign", None, "the plan did not come")
            return
        time.sleep(1)  # A dialog that has just opened takes no answer.
        terminal.write(words[1].encode())
        terminal.settle(quiet=1)
        terminal.write(b"\r")
        for pane, name in ((b"7", "the board"), (b"2", "the keys pane")):
            terminal.write(pane)
            terminal.settle(quiet=0.3)
            terminal.until(lambda screen: screen.marked_row() is not None, 10)
            waits = moves(terminal, presses // 2)
            budget = "p50 <= 2, p95 <= 16 ms"
            table.times(f"bartizan: key to frame in {name}, {words[2]} rotations, ms", waits, budget)
        terminal.write(b"7")
        terminal.settle(quiet=0.3, timeout=2)
        told = re.search(r"(\d+) at work", terminal.screen.text())
        table.value("bartizan: rotations at work at the end of that", told and int(told[1]), "> 0: it was measured meanwhile")


SHELLS = 10


def shells_in_console(table, command, endpoint, presses):
    """What ten open shells cost, and whether a flood from one of them is felt in a list."""
    with started(command, endpoint, 160, 50) as terminal:
        terminal.until(lambda screen: screen.marked_row() is not None, 10)
        terminal.settle(quiet=1)
        before = terminal.memory()
        for _ in range(SHELLS):
            terminal.write(b"s")
            terminal.until(lambda screen: "Shell on" in screen.text(), 10)
            terminal.settle(quiet=0.3)
            terminal.write(b"bench\r")
            if not terminal.until(lambda screen: "$ " in screen.text(), 20):
                table.value("bartizan: shells in the console", None, "a shell did not open")
                return
            back_to_the_list(terminal)
        after = terminal.memory()
        more = None if None in (before, after) else round(after - before, 1)
        table.value(f"bartizan: {SHELLS} shells in the console, MB more", more, "<= 20")
        terminal.write(b"0")
        terminal.settle(quiet=0.3)
        terminal.write(b"yes flood\r")
        terminal.until(lambda screen: screen.text().count("flood") > 20, 20)
        back_to_the_list(terminal)
        # A list that is long enough to move in.
        terminal.write(b"1")
        terminal.until(lambda screen: "MFA" in screen.text() and screen.marked_row() is not None, 10)
        terminal.settle(quiet=0.5, timeout=3)
        waits = moves(terminal, presses)
        table.times("bartizan: key to frame while a shell floods, ms", waits, "p95 <= 16 ms")


def back_to_the_list(terminal):
    terminal.write(b"\x1d")
    terminal.settle(quiet=0.2, timeout=1)
    terminal.write(b"b")
    terminal.until(lambda screen: screen.marked_row() is not None, 10)


def moves(terminal, presses):
    """From `j` or `k` to the chunk after which another row is marked."""
    waits = []
    for number in range(presses):
        pause = time.perf_counter() + 0.04
        while (left := pause - time.perf_counter()) > 0:
            terminal.read(left)
        before = terminal.screen.marked_row()
        pressed = time.perf_counter()
        terminal.write(b"j" if number % 12 < 6 else b"k")
        moved = terminal.until(lambda screen, before=before: screen.marked_row() not in (before, None), 1)
        waits.append(moved and moved - pressed)
    return waits


MANY = 100_000


def event_count(screen):
    """The number in the line below the list: `1,234 events` or `1234 events`."""
    found = re.search(r"([\d,]+) events", screen.text())
    return int(found.group(1).replace(",", "")) if found else 0


def user_names(endpoint):
    """The names of the first users, asked of the emulator, which lets any key in."""
    now = time.gmtime()
    day, moment = time.strftime("%Y%m%d", now), time.strftime("%Y%m%dT%H%M%SZ", now)
    request = urllib.request.Request(
        endpoint,
        data=b"Action=ListUsers&Version=2010-05-08",
        headers={
            "Authorization": f"AWS4-HMAC-SHA256 Credential=AKIACONFORMANCETESTS/{day}/us-east-1/iam/aws4_request, "
            f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}",
            "X-Amz-Date": moment,
        },
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as answer:
        return re.findall(r"<UserName>([^<]+)</UserName>", answer.read().decode())


@contextlib.contextmanager
def canned_ec2():
    """An endpoint without latency for taws, whose first screen is always EC2 instances: one instance, at once."""
    page = f"""<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId>
<reservationSet><item><reservationId>r-1</reservationId><ownerId>111122223333</ownerId><groupSet/><instancesSet><item>
<instanceId>{PEER_ROW}</instanceId><imageId>ami-1</imageId><instanceState><code>16</code><name>running</name></instanceState>
<instanceType>t3.micro</instanceType><launchTime>2026-01-01T00:00:00.000Z</launchTime>
<placement><availabilityZone>us-east-1a</availabilityZone></placement><privateIpAddress>10.0.0.1</privateIpAddress>
</item></instancesSet></item></reservationSet></DescribeInstancesResponse>""".encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):  # noqa: N802 - the name is http.server's
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        do_GET = do_POST

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join(5)


if __name__ == "__main__":
    main()
