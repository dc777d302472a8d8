"""Starts and always stops the programs that the tests talk to: our emulator, and moto."""

import contextlib
import logging
import selectors
import subprocess
import tempfile
import time
from pathlib import Path

from surroundings import ROOT, environment

DATA = ROOT.parent / "shared" / "data"


class Bartizan:
    """The built program."""

    def __init__(self, program):
        self.program = program

    def run(self, *arguments, endpoint=None, timeout=120, extra=None):
        """Runs a command that ends by itself; gives exit status, stdout and stderr."""
        with tempfile.TemporaryDirectory(prefix="bartizan-home-") as home:
            done = subprocess.run(
                [self.program, *arguments],
                env=environment(home, endpoint, extra),
                cwd=home,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    @contextlib.contextmanager
    def emulate(self, *arguments):
        """`bartizan emulate` on a free port of loopback; gives its address and a function that reads its stderr."""
        with tempfile.TemporaryDirectory(prefix="bartizan-emulate-") as home:
            complaints = Path(home) / "stderr"
            with complaints.open("wb") as stderr:
                server = subprocess.Popen(
                    [self.program, "emulate", "--listen", "127.0.0.1:0", *arguments],
                    env=environment(home),
                    cwd=home,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                )
            try:
                yield _address(server, complaints), complaints.read_text
            finally:
                server.terminate()
                try:
                    server.wait(timeout=5)
                except subprocess.TimeoutExpired:
                    server.kill()
                    server.wait(timeout=5)
                server.stdout.close()


def _address(server, complaints, timeout=60):
    """The first line of the emulator's stdout: `listening on http://127.0.0.1:PORT`."""
    line = b""
    deadline = time.monotonic() + timeout
    with selectors.DefaultSelector() as selector:
        selector.register(server.stdout, selectors.EVENT_READ)
        while not line.endswith(b"\n"):
            if not selector.select(timeout=max(0, deadline - time.monotonic())):
                raise TimeoutError("the emulator did not say where it listens")
            piece = server.stdout.read1(4096)
            if not piece:
                raise RuntimeError(f"the emulator ended: {complaints.read_text()[-2000:]}")
            line += piece
    words = line.decode().split()
    address = next((word for word in words if word.startswith("http://127.0.0.1:")), None)
    if address is None:
        raise RuntimeError(f"the emulator said {line!r}, not where it listens")
    return address.rstrip("/")


@contextlib.contextmanager
def moto():
    """moto in this process, so that ages can be set, and empty; gives its address."""
    import urllib3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        # What an earlier server of this process held is still there.
        urllib3.request("POST", f"http://{host}:{port}/moto-api/reset", timeout=10)
        yield f"http://{host}:{port}"
    finally:
        server.stop()
