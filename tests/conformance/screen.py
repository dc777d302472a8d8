"""A pseudo-terminal with a screen: what a person would see, and when.

The screen knows what ratatui's crossterm backend writes: text, cursor moves, colours, clearing.
It is not a terminal emulator.
"""

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

TOKEN = re.compile(
    r"\x1b\[(?P<private>[?>=]?)(?P<numbers>[0-9;:]*)(?P<final>[@-~])"
    r"|\x1b\](?P<title>[^\x07\x1b]*)(?:\x07|\x1b\\)"
    r"|\x1b(?P<escape>[()][A-Za-z0-9]|[=>78cMDE])"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f])"
    r"|(?P<text>[^\x00-\x1f\x1b]+)"
)


class Screen:
    """Text and ground (background colour, reversed or not) of each cell."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.cells = [[" "] * columns for _ in range(rows)]
        self.grounds = [["default"] * columns for _ in range(rows)]
        self._row = self._column = 0
        self._background = "default"
        self._is_reversed = False
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, data):
        """Takes bytes in pieces of any size; half a character or half a sequence waits for its other half."""
        text = self._rest + self._decoder.decode(data)
        position = 0
        while (token := TOKEN.match(text, position)) is not None:
            position = token.end()
            self._take(token)
        self._rest = text[position:]

    def _take(self, token):
        if token["text"] is not None:
            for character in token["text"]:
                if self._row < self.rows and self._column < self.columns:
                    self.cells[self._row][self._column] = character
                    self.grounds[self._row][self._column] = self._ground()
                self._column += 1
        elif token["final"] is not None and not token["private"]:
            self._command(token["final"], token["numbers"])
        elif token["control"] == "\r":
            self._column = 0
        elif token["control"] == "\n":
            self._row = min(self._row + 1, self.rows - 1)

    def _command(self, final, numbers):
        values = [int(number) if number.isdigit() else 0 for number in re.split("[;:]", numbers)]
        if final in "Hf":
            self._row = max(values[0], 1) - 1
            self._column = (max(values[1], 1) if len(values) > 1 else 1) - 1
        elif final == "m":
            self._paint(values)
        elif final in "ABCD":
            step = max(values[0], 1)
            self._row += {"A": -step, "B": step}.get(final, 0)
            self._column += {"D": -step, "C": step}.get(final, 0)
        elif final == "G":
            self._column = max(values[0], 1) - 1
        elif final == "J" and values[0] == 2:
            self.cells = [[" "] * self.columns for _ in range(self.rows)]
        elif final == "K":
            self.cells[self._row][self._column :] = [" "] * (self.columns - self._column)

    def _ground(self):
        return f"reversed {self._background}" if self._is_reversed else self._background

    def _paint(self, values):
        """Select Graphic Rendition, as far as grounds go."""
        values = list(values)
        while values:
            value = values.pop(0)
            if value in (38, 48):
                size = 2 if values[:1] == [5] else 4
                colour, values = values[:size], values[size:]
                if value == 48:
                    self._background = str(colour)
            elif value == 0:
                self._background, self._is_reversed = "default", False
            elif value in (7, 27):
                self._is_reversed = value == 7
            elif value == 49:
                self._background = "default"
            elif 40 <= value <= 47 or 100 <= value <= 107:
                self._background = str(value)

    def marked_row(self):
        """The row of a list that is painted unlike the rows above and below it, or nothing."""
        column = self.columns // 4
        column_grounds = [row[column] for row in self.grounds]
        for number in range(2, self.rows - 2):
            above, own, below = column_grounds[number - 1 : number + 2]
            if own != above and own != below:
                return number
        return None

    def text(self):
        return "\n".join("".join(row) for row in self.cells)

    def is_drawn(self):
        """Whether there is more than a stray character on the screen."""
        return sum(cell != " " for row in self.cells for cell in row) > 40


class Terminal:
    """A program in a pseudo-terminal of its own."""

    def __init__(self, command, environment, columns=80, rows=24):
        self.screen = Screen(columns, rows)
        self.bytes = 0
        self.status = None
        self.last = b""
        self.started = time.perf_counter()
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, environment)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def write(self, keys):
        os.write(self._master, keys)

    def read(self, timeout):
        """Takes what the program wrote within the timeout; gives the time of its arrival, or nothing."""
        if not select.select([self._master], [], [], timeout)[0]:
            return None
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return None
        arrived = time.perf_counter()
        self.bytes += len(data)
        self.last = (self.last + data)[-8192:]
        self.screen.feed(data)
        self._answer(data)
        return arrived

    def _answer(self, data):
        """The answers that every terminal gives to questions about itself."""
        if b"\x1b[6n" in data:
            self.write(b"\x1b[1;1R")
        if b"\x1b[c" in data:
            self.write(b"\x1b[?62;c")

    def until(self, seen, timeout):
        """Reads until `seen(screen)`; gives the moment of the chunk that made it true, or nothing."""
        deadline = time.perf_counter() + timeout
        while (left := deadline - time.perf_counter()) > 0:
            arrived = self.read(left)
            if arrived is not None and seen(self.screen):
                return arrived
            if arrived is None and not self.is_running():
                return None
        return None

    def settle(self, quiet=0.3, timeout=20):
        """Reads until nothing was written for a while."""
        deadline = time.perf_counter() + timeout
        while time.perf_counter() < deadline and self.read(quiet) is not None:
            pass

    def is_running(self):
        if self.status is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = os.waitstatus_to_exitcode(status) if ended else None
        return self.status is None

    def until_end(self, timeout):
        """Reads until the program has ended; gives its exit status, or nothing."""
        deadline = time.perf_counter() + timeout
        while self.is_running() and time.perf_counter() < deadline:
            self.read(0.05)
        while self.status is not None and self.read(0.05) is not None:
            pass
        return self.status

    def memory(self):
        """Resident memory in MB, where the system tells (Linux)."""
        try:
            with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
                return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))
        except (OSError, StopIteration):
            return None

    def ticks(self):
        """Processor time in clock ticks, where the system tells (Linux)."""
        try:
            with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])
        except OSError:
            return None

    def close(self):
        if self.is_running():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._master)
