"""A program on a pseudo-terminal that is talked to: types, waits for text, changes the size, waits for the end."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

# Longer than anything takes on a loaded machine: what hangs is to fail.
LONG = 60


class Talk:
    """A program on a terminal of its own; all that it has shown is in `seen`, without CR."""

    def __init__(self, command, environment, columns=80, rows=24):
        self.seen = b""
        self._read_to = 0
        self._status = None
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            # Ignored signals are inherited, and whoever started us may have ignored some.
            for one in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
                signal.signal(one, signal.SIG_DFL)
            os.execvpe(command[0], command, environment)
        self.resize(columns, rows)

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def types(self, keys):
        os.write(self.master, keys)

    def until(self, text, patience=LONG):
        """Reads on until `text` was shown, and gives what came before it; what was found before is not found again."""
        deadline = time.monotonic() + patience
        while (at := self.seen.find(text, self._read_to)) < 0:
            if not self._read(deadline - time.monotonic()):
                raise TimeoutError(f"no {text!r} after {self.seen[self._read_to :][-1500:]!r}")
        before = self.seen[self._read_to : at]
        self._read_to = at + len(text)
        return before

    def settings(self):
        """The terminal's settings, as `stty` knows them."""
        return termios.tcgetattr(self.master)[:4]

    def ends(self, patience=LONG):
        """Reads until the program has ended; gives its exit status."""
        deadline = time.monotonic() + patience
        while self._status is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"it goes on after {self.seen[-1500:]!r}")
            if not self._read(min(left, 0.2)):
                self._look()
        while self._read(0.1):
            pass
        return self._status

    def close(self):
        """Ends the program and what it has started, if it still runs."""
        self._look()
        if self._status is None:
            # It leads a session of its own, and so a group.
            os.killpg(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)

    def _look(self):
        if self._status is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            self._status = os.waitstatus_to_exitcode(status) if ended else None

    def _read(self, timeout):
        """Whether something came in time."""
        if not select.select([self.master], [], [], max(0, timeout))[0]:
            return False
        try:
            piece = os.read(self.master, 65536)
        except OSError:
            # Linux says so when the other side is closed.
            time.sleep(0.02)
            return False
        self.seen += piece.replace(b"\r", b"")
        return bool(piece)
