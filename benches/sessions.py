"""Sessions on loopback: echo, throughput, memory and reconnection of `bartizan shell` and `bartizan forward` against the embedded agent.

Everything passes through three processes: this one (both ends of the connections), the client, the emulator with its agent. Where
the official session-manager-plugin is installed, it is measured beside ours, carried by `--via plugin`.
"""

import contextlib
import os
import pty
import select
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from surroundings import environment

TARGET = "i-0c55b159cbfafe1f0"
MEGABYTE = 1_000_000
PIECE = bytes(256 << 10)


def measure(table, bartizan, megabytes, rounds):
    """Adds the sessions' figures to the table."""
    with bartizan.emulate("--scenario", "quiet", "--sessions") as (endpoint, _):
        with forward(bartizan, endpoint, echo) as connect:
            table.times("forward: 64 bytes there and back, ms", round_trips(connect(), rounds), "")
        with shell(bartizan, endpoint) as terminal:
            table.times("shell: key to echo, ms", key_echoes(terminal, rounds), "p50 <= 1.5 ms")
        for streams in (1, 8):
            with forward(bartizan, endpoint, drain) as connect:
                speed = uploads(connect, streams, megabytes)
            table.value(f"forward: up, {streams} at once, MB/s", f"{speed:.1f}", ">= 20")
            with forward(bartizan, endpoint, pour) as connect:
                speed = downloads(connect, streams, megabytes)
            table.value(f"forward: down, {streams} at once, MB/s", f"{speed:.1f}", ">= 20")
        with forward(bartizan, endpoint, echo) as connect:
            table.value("forward: connections at once that all answer", many(connect, 120), ">= 100")
        memory(table, bartizan, endpoint)
        if shutil.which("session-manager-plugin"):
            plugin(table, bartizan, endpoint, megabytes, rounds)
    with bartizan.emulate("--scenario", "quiet", "--sessions", "--session-fault", "close=60") as (endpoint, _):
        with forward(bartizan, endpoint, echo) as connect:
            times = sorted(round_trips(connect(), rounds))
        usual = times[len(times) // 2]
        table.times("forward: round trip with a new web socket in it, ms", [one for one in times if one > 3 * usual], "")


def plugin(table, bartizan, endpoint, megabytes, rounds):
    """The official client against the same agent."""
    via = ("--via", "plugin")
    with forward(bartizan, endpoint, echo, via) as connect:
        table.times("plugin: 64 bytes there and back, ms", round_trips(connect(), rounds), "")
    with shell(bartizan, endpoint, via) as terminal:
        table.times("plugin: key to echo, ms", key_echoes(terminal, rounds), "")
    for streams in (1, 8):
        # It sends 1 KiB a millisecond at most: what is enough for ours takes it minutes.
        with forward(bartizan, endpoint, drain, via) as connect:
            table.value(f"plugin: up, {streams} at once, MB/s", f"{uploads(connect, streams, min(megabytes, 5)):.2f}", "")
        with forward(bartizan, endpoint, pour, via) as connect:
            speed = downloads(connect, streams, megabytes)
        table.value(f"plugin: down, {streams} at once, MB/s", f"{speed:.1f}", ">= 8")


@contextlib.contextmanager
def forward(bartizan, endpoint, answer, via=()):
    """A forward to a server of ours; gives what connects through it."""
    with server(answer) as port, tempfile.TemporaryDirectory(prefix="bartizan-bench-") as home:
        local = free_port()
        process = started(bartizan, endpoint, home, f"{local}:{port}", via)
        try:
            connect = lambda: dial(local)  # noqa: E731 - shorter than a function with a name
            connect().close()
            yield connect
        finally:
            process.terminate()
            process.wait(10)


def started(bartizan, endpoint, home, ports, via=()):
    command = [bartizan.program, "--endpoint-url", endpoint, "forward", *via, TARGET, ports]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    # The plugin has a socket of its own there.
    return subprocess.Popen(command, env=environment(home, endpoint, {"TMPDIR": home}), **quiet)


@contextlib.contextmanager
def server(answer):
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=quietly, args=(answer, connection), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def quietly(answer, connection):
    with connection, contextlib.suppress(OSError):
        answer(connection)


def echo(connection):
    while piece := connection.recv(65536):
        connection.sendall(piece)


def drain(connection):
    """Takes as many bytes as the first eight say, and then says so."""
    left = int.from_bytes(exactly(connection, 8))
    while left:
        left -= len(connection.recv(min(left, 1 << 20)))
    connection.sendall(b"!")


def pour(connection):
    """Sends as many bytes as the first eight say."""
    left = int.from_bytes(exactly(connection, 8))
    while left:
        piece = PIECE[: min(left, len(PIECE))]
        connection.sendall(piece)
        left -= len(piece)


def exactly(connection, length):
    taken = b""
    while len(taken) < length:
        piece = connection.recv(length - len(taken))
        if not piece:
            raise ConnectionError("ended early")
        taken += piece
    return taken


def dial(port):
    deadline = time.monotonic() + 20
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port), 20)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def round_trips(connection, count):
    times = []
    with connection:
        exactly_echoed(connection)
        for _ in range(count):
            begun = time.perf_counter()
            exactly_echoed(connection)
            times.append(time.perf_counter() - begun)
    return times


def exactly_echoed(connection):
    connection.sendall(b"x" * 64)
    exactly(connection, 64)


def uploads(connect, streams, megabytes):
    def one(connection, length):
        connection.sendall(length.to_bytes(8))
        sent = 0
        while sent < length:
            piece = PIECE[: min(length - sent, len(PIECE))]
            connection.sendall(piece)
            sent += len(piece)
        exactly(connection, 1)

    return at_once(connect, streams, megabytes, one)


def downloads(connect, streams, megabytes):
    def one(connection, length):
        connection.sendall(length.to_bytes(8))
        left = length
        while left:
            piece = connection.recv(min(left, 1 << 20))
            if not piece:
                raise ConnectionError("ended early")
            left -= len(piece)

    return at_once(connect, streams, megabytes, one)


def at_once(connect, streams, megabytes, one):
    """Megabytes a second of all streams together."""
    length = megabytes * MEGABYTE // streams
    connections = [connect() for _ in range(streams)]
    threads = [threading.Thread(target=one, args=(connection, length)) for connection in connections]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - begun
    for connection in connections:
        connection.close()
    return length * streams / MEGABYTE / taken


def many(connect, count):
    connections = [connect() for _ in range(count)]
    for connection in connections:
        connection.sendall(b"x" * 64)
    answered = sum(exactly(connection, 64) == b"x" * 64 for connection in connections)
    for connection in connections:
        connection.close()
    return answered


@contextlib.contextmanager
def shell(bartizan, endpoint, via=()):
    """A shell in a terminal of its own that echoes keys and nothing else; gives the terminal."""
    with tempfile.TemporaryDirectory(prefix="bartizan-bench-") as home:
        process, terminal = pty.fork()
        if process == 0:
            command = [bartizan.program, "--endpoint-url", endpoint, "shell", *via, TARGET]
            os.execve(command[0], command, environment(home, endpoint))
        try:
            until(terminal, b"$ ")
            os.write(terminal, b"stty -icanon; echo rea''dy; cat > /dev/null\r")
            until(terminal, b"ready")
            yield terminal
        finally:
            os.write(terminal, b"\x03\rexit\r")
            with contextlib.suppress(OSError, TimeoutError):
                until(terminal, b"never said", 5)
            os.close(terminal)
            os.waitpid(process, 0)


def until(terminal, text, patience=30):
    seen = b""
    deadline = time.monotonic() + patience
    while text not in seen:
        if not select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
            raise TimeoutError(f"no {text!r} in {seen!r}")
        seen += os.read(terminal, 65536)
    return seen


def key_echoes(terminal, count):
    times = []
    for number in range(count):
        key = b"abcdefghijklmnopqrstuvwxyz"[number % 26 : number % 26 + 1]
        begun = time.perf_counter()
        os.write(terminal, key)
        until(terminal, key)
        times.append(time.perf_counter() - begun)
    return times


def memory(table, bartizan, endpoint, sessions=10):
    """Of clients with a forward each that has carried nothing yet."""
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(server(echo))
        resident = []
        for _ in range(sessions):
            home = stack.enter_context(tempfile.TemporaryDirectory(prefix="bartizan-bench-"))
            local = free_port()
            process = started(bartizan, endpoint, home, f"{local}:{port}")
            stack.callback(process.wait, 10)
            stack.callback(process.terminate)
            with dial(local) as connection:
                exactly_echoed(connection)
            resident.append(resident_megabytes(process.pid))
    known = [one for one in resident if one is not None]
    figure = f"{sum(known) / len(known):.1f}" if known else None
    table.value("forward: resident memory of the whole client, MB", figure, "")


def resident_megabytes(process):
    """Linux tells; elsewhere `None`."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1000
    return None
