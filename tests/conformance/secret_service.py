"""A real Secret Service for a test: gnome-keyring on a bus and in a home of its own."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from surroundings import environment

PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon", "secret-tool")
PACKAGES = "dbus-daemon gnome-keyring libsecret-tools"


def missing():
    """Those of the programs that are not here."""
    return [program for program in PROGRAMS if not shutil.which(program)]


@contextlib.contextmanager
def keyring():
    """An unlocked keyring; gives the variables by which programs find it, and a function that stores an item of ours."""
    with tempfile.TemporaryDirectory(prefix="bartizan-keyring-") as home:
        folders = {"XDG_RUNTIME_DIR": "run", "XDG_DATA_HOME": "data", "XDG_CACHE_HOME": "cache"}
        variables = {name: f"{home}/{folder}" for name, folder in folders.items()}
        for folder in ("run", "data"):
            Path(home, folder).mkdir(mode=0o700)
        surroundings = environment(home) | variables
        bus = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--print-address"],
            env=surroundings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            variables["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().decode().strip()
            surroundings |= variables
            subprocess.run(
                ["gnome-keyring-daemon", "--unlock", "--components=secrets", "--daemonize"],
                env=surroundings,
                input=b"test-pass",
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=True,
                timeout=60,
            )

            def store(item, value):
                label = ["--label", f"keyring:{item}@bartizan", "service", "bartizan", "username", item]
                line = ["secret-tool", "store", *label]
                subprocess.run(line, env=surroundings, input=value.encode(), check=True, timeout=60)

            yield variables, store
        finally:
            bus.terminate()
            bus.wait(timeout=10)
            bus.stdout.close()
            _end_daemons(home)


def _end_daemons(home):
    """The daemon ends with its bus; one that does not is ended here. Ours are those with our home."""
    mark = f"HOME={home}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            is_daemon = (process / "comm").read_text().startswith("gnome-keyring")
            if is_daemon and mark in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGTERM)
