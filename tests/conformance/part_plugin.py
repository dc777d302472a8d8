"""The official client against the embedded agent: `aws ssm start-session` with the session-manager-plugin.

The plugin is in no package registry, so it runs only where a machine has it on PATH.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from clients import Boto
from names import SESSIONS, impostor
from surroundings import REGION, environment
from talk import LONG, Talk

NAME = "session-manager-plugin"
TARGET = "i-0c55b159cbfafe1f0"
OPENED = re.compile(rb"Port (\d+) opened for sessionId")


def run(report, bartizan):
    plugin = shutil.which(NAME)
    if plugin is None:
        report.leave_out("plugin", f"not run: no {NAME} on PATH", counts=False)
        return
    version = subprocess.run([plugin, "--version"], capture_output=True, timeout=LONG, check=True).stdout
    print(f"  {NAME} {version.decode().strip()}", flush=True)
    with bartizan.emulate("--scenario", "quiet", "--sessions") as (endpoint, _):
        for check in (shell, interactive_command, command, failed_command, multiplexed, denied_host):
            attempt(report, check, endpoint)
        for check in (refused_target, many_connections, ssh_stream, terminated, interrupted_forward):
            attempt(report, check, endpoint)
        attempt(report, via_plugin, bartizan, endpoint)
    with bartizan.emulate("--scenario", "quiet", "--sessions", "--agent-version", "3.0.196.0") as (endpoint, _):
        attempt(report, basic, endpoint)
    # The last that reaches itself by way of the document for other hosts is older than this.
    with bartizan.emulate("--scenario", "quiet", "--sessions", "--agent-version", "3.3.1611.0") as (endpoint, _):
        attempt(report, remote_host, endpoint)
    with bartizan.emulate("--scenario", "quiet", "--sessions", "--session-fault", "close=40") as (endpoint, _):
        attempt(report, shell_with_closed_sockets, endpoint)
    with bartizan.emulate("--scenario", "quiet", "--sessions", "--session-fault", "close=100") as (endpoint, _):
        attempt(report, forward_with_closed_sockets, endpoint)
    with bartizan.emulate("--scenario", "quiet", "--sessions", "--session-fault", "forget,close=40") as (endpoint, _):
        attempt(report, forgotten, endpoint)
    with bartizan.emulate("--scenario", "quiet", "--sessions", "--session-kms", REGION) as (endpoint, _):
        attempt(report, encrypted_shell, endpoint)
    with bartizan.emulate("--scenario", "quiet", "--sessions", "--session-host", SESSIONS) as (endpoint, _):
        attempt(report, aws_host, endpoint)


def attempt(report, check, *arguments):
    """One check; what it raises is its problem."""
    name = f"plugin: {check.__doc__.strip().rstrip('.')}"
    begun = time.monotonic()
    try:
        problems = check(*arguments) or []
    except Exception as error:  # noqa: BLE001 - whatever went wrong is what there is to say
        problems = [f"{type(error).__name__}: {error}"]
    report.check(name, problems, f"{time.monotonic() - begun:.1f} s")


def arguments(endpoint, document=None, **parameters):
    command = [sys.executable, "-m", "awscli", "ssm", "start-session", "--target", TARGET, "--endpoint-url", endpoint]
    if document:
        values = {name: [str(value)] for name, value in parameters.items()}
        command += ["--document-name", document, "--parameters", json.dumps(values)]
    return command


@contextlib.contextmanager
def started(endpoint, document=None, extra=None, size=(80, 24), **parameters):
    """`aws ssm start-session` on a terminal of its own."""
    with tempfile.TemporaryDirectory(prefix="bartizan-plugin-") as home:
        talk = Talk(arguments(endpoint, document, **parameters), environment(home, extra={"TMPDIR": home, **(extra or {})}), *size)
        try:
            talk.until(b"Starting session with SessionId")
            yield talk
        finally:
            talk.close()


def unlike(what, seen, wanted):
    return [] if seen == wanted else [f"{what}: {seen!r}, not {wanted!r}"]


def said(talk, text):
    return [] if text in talk.seen else [f"no {text!r} in {talk.seen[-500:]!r}"]


# --- terminals -----------------------------------------------------------------------------------------------------------


def shell(endpoint):
    """a shell: size, resize, Ctrl-C, bytes that are no UTF-8, exit, terminal as before."""
    with started(endpoint, size=(132, 43)) as talk:
        return converse(talk)


def converse(talk):
    talk.until(b"$ ")
    # The plugin looks at the terminal's size twice a second.
    expect_size(talk, b"43 132")
    talk.resize(80, 24)
    expect_size(talk, b"24 80")
    # What is typed before the prompt is echoed before it.
    talk.until(b"$ ")
    talk.types(b"cat\r")
    talk.types(b"one\r")
    talk.until(b"one\none")
    talk.types(b"\x03")
    talk.until(b"$ ")
    talk.types(b"echo back=$?\r")
    talk.until(b"back=130")
    talk.types(b"printf 'a\\377b\\303\\251<\\357\\277\\275>\\n'\r")
    talk.until(b"a\xffb\xc3\xa9<\xef>")
    talk.types(b"seq 1 20000 | cksum; seq 1 20000; echo fin''ished\r")
    shown = talk.until(b"finished")
    numbers = [int(line) for line in shown.split() if line.isdigit()]
    problems = unlike("the last lines of seq", numbers[-20000:], list(range(1, 20001)))
    talk.types(b"exit\r")
    problems += unlike("exit status", talk.ends(), 0)
    return problems + said(talk, b"Exiting session with sessionId:")


def expect_size(talk, wanted):
    for _ in range(20):
        talk.types(b"stty size; echo si''zed\r")
        if wanted in talk.until(b"sized"):
            return
        time.sleep(0.25)
    raise AssertionError(f"the size is never {wanted!r}: {talk.seen[-300:]!r}")


def interactive_command(endpoint):
    """an interactive command has a terminal and takes input."""
    command = "sh -c 'test -t 0 && echo terminal; read line; echo got $line'"
    with started(endpoint, "AWS-StartInteractiveCommand", command=command) as talk:
        talk.until(b"terminal")
        talk.types(b"word\r")
        talk.until(b"got word")
        return unlike("exit status", talk.ends(), 0)


def command(endpoint):
    """a command without a terminal: both outputs apart, and the exit code."""
    words = {"command": "sh -c 'echo good; echo bad >&2; exit 3'", "separateOutputStream": "true"}
    prefixes = {"stdOutSeparatorPrefix": "out:", "stdErrSeparatorPrefix": "err:"}
    with started(endpoint, "AWS-StartNonInteractiveCommand", **words, **prefixes) as talk:
        problems = unlike("exit status", talk.ends(), 0)
        for text in (b"out:good", b"err:bad", b"EXIT_CODE: 3"):
            problems += said(talk, text)
        return problems


def failed_command(endpoint):
    """a command that is not there."""
    words = {"command": "no-such-program", "separateOutputStream": "true"}
    with started(endpoint, "AWS-StartNonInteractiveCommand", **words) as talk:
        problems = unlike("exit status", talk.ends(), 0)
        return problems + said(talk, b"executable file not found") + said(talk, b"EXIT_CODE: 1")


def terminated(endpoint):
    """an administrator ends the session."""
    with started(endpoint) as talk:
        talk.until(b"$ ")
        session = re.search(rb"SessionId: (\S+)", talk.seen)[1].decode()
        boto = Boto(endpoint, keep=False).client("ssm")
        boto.terminate_session(SessionId=session)
        problems = unlike("exit status", talk.ends(), 0)
        ended = boto.describe_sessions(State="History", Filters=[{"key": "SessionId", "value": session}])["Sessions"]
        problems += unlike("in the history", [one["Status"] for one in ended], ["Terminated"])
        return problems + said(talk, b"Exiting session with sessionId:")


def shell_with_closed_sockets(endpoint):
    """a shell over web sockets that close every 40 messages: every line once."""
    with started(endpoint) as talk:
        talk.until(b"$ ")
        problems = []
        for number in range(15):
            talk.types(b"echo %d-$((1000+%d))\r" % (number, number))
            talk.until(b"%d-%d\n" % (number, 1000 + number))
        for number in range(15):
            problems += unlike(f"line {number}", talk.seen.count(b"%d-%d\n" % (number, 1000 + number)), 1)
        talk.types(b"exit\r")
        return problems + unlike("exit status", talk.ends(), 0)


def forgotten(endpoint):
    """a session that is gone when the plugin comes back."""
    with started(endpoint) as talk:
        talk.until(b"$ ")
        talk.types(b"seq 1 100000\r")
        return unlike("exit status", talk.ends(), 0) + said(talk, b"timed out")


def encrypted_shell(endpoint):
    """a shell encrypted with a key of KMS."""
    with impostor(endpoint) as (proxy, authority):
        with started(endpoint, size=(132, 43), extra={**proxy, "SSL_CERT_FILE": authority}) as talk:
            talk.until(b"This session is encrypted using AWS KMS")
            return converse(talk)


def aws_host(endpoint):
    """a shell whose web socket leads to a host of AWS, through a proxy, over TLS."""
    with impostor(endpoint) as (proxy, authority):
        with started(endpoint, size=(132, 43), extra={**proxy, "SSL_CERT_FILE": authority}) as talk:
            return converse(talk)


# --- connections ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def forwarded(endpoint, document="AWS-StartPortForwardingSession", **parameters):
    """A forward that listens; gives the talk and the local port."""
    with started(endpoint, document, **parameters) as talk:
        talk.until(b"opened for sessionId")
        talk.until(b".")
        yield talk, int(OPENED.search(talk.seen)[1])


@contextlib.contextmanager
def pour(length):
    """A server that sends noise and closes; gives its port and the noise's hash."""
    noise = os.urandom(length)
    with server(lambda connection: connection.sendall(noise)) as port:
        yield port, hashlib.sha256(noise).digest()


def echo():
    """A server that sends everything back; gives its port."""

    def answer(connection):
        while piece := connection.recv(65536):
            connection.sendall(piece)

    return server(answer)


@contextlib.contextmanager
def server(talk):
    """A server on loopback; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)

    def answer(connection):
        with connection, contextlib.suppress(OSError):
            talk(connection)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def round_trip(port, length):
    """Sends noise through an echo; the problems."""
    sent = os.urandom(length)
    received = hashlib.sha256()
    with socket.create_connection(("127.0.0.1", port), LONG) as connection:
        writing = threading.Thread(target=connection.sendall, args=(sent,))
        writing.start()
        left = length
        while left:
            piece = connection.recv(65536)
            if not piece:
                return [f"ended {left} bytes early"]
            received.update(piece)
            left -= len(piece)
        writing.join()
    return unlike("hash", received.digest(), hashlib.sha256(sent).digest())


def multiplexed(endpoint):
    """a forward: a megabyte each way."""
    with echo() as port, forwarded(endpoint, portNumber=port) as (talk, local):
        talk.until(b"Waiting for connections...")
        return round_trip(local, 1_000_000)


def many_connections(endpoint):
    """a forward with fifty connections at once."""
    with echo() as port, forwarded(endpoint, portNumber=port) as (_, local):
        problems = []
        threads = [threading.Thread(target=lambda: problems.extend(round_trip(local, 20_000))) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return problems


def remote_host(endpoint):
    """a forward to a host behind the target."""
    document = "AWS-StartPortForwardingSessionToRemoteHost"
    with echo() as port, forwarded(endpoint, document, host="localhost", portNumber=port) as (_, local):
        return round_trip(local, 100_000)


def denied_host(endpoint):
    """a forward to the instance's metadata is forbidden, and the plugin says why."""
    document = "AWS-StartPortForwardingSessionToRemoteHost"
    with started(endpoint, document, host="169.254.169.254", portNumber=80) as talk:
        talk.ends()
        return said(talk, b"forbidden")


def refused_target(endpoint):
    """a forward to a port that nobody listens on: said, closed, and the forward goes on."""
    with socket.create_server(("127.0.0.1", 0)) as dead:
        port = dead.getsockname()[1]
    with forwarded(endpoint, portNumber=port) as (talk, local):
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", local), LONG) as connection:
                connection.settimeout(LONG)
                with contextlib.suppress(ConnectionResetError):
                    if connection.recv(8):
                        return ["something answered"]
            talk.until(b"Connection to destination port failed")
    return []


def basic(endpoint):
    """a forward of an old agent: one connection after the other."""
    with echo() as port, forwarded(endpoint, portNumber=port) as (_, local):
        return [problem for _ in range(3) for problem in round_trip(local, 100_000)]


def interrupted_forward(endpoint):
    """Ctrl-C ends a forward, for the service too."""
    with echo() as port, forwarded(endpoint, portNumber=port) as (talk, local):
        problems = round_trip(local, 1000)
        # The plugin numbers its messages without a lock: what ends the connection must be out before what ends the session.
        time.sleep(1)
        session = re.search(rb"SessionId: (\S+)", talk.seen)[1].decode()
        talk.types(b"\x03")
        problems += unlike("exit status", talk.ends(), 0)
        boto = Boto(endpoint, keep=False).client("ssm")
        for _ in range(50):
            alive = boto.describe_sessions(State="Active", Filters=[{"key": "SessionId", "value": session}])["Sessions"]
            if not alive:
                return problems
            time.sleep(0.1)
        return [*problems, "the session is still active"]


def forward_with_closed_sockets(endpoint):
    """a download over web sockets that close every 100 messages: no byte lost or doubled."""
    # An upload does not survive this: what the plugin cannot write to a closed web socket it forgets.
    with pour(1_000_000) as (port, wanted), forwarded(endpoint, portNumber=port) as (_, local):
        with socket.create_connection(("127.0.0.1", local), LONG) as connection:
            received = b"".join(iter(lambda: connection.recv(65536), b""))
        problems = unlike("length", len(received), 1_000_000)
        return problems + unlike("hash", hashlib.sha256(received).digest(), wanted)


def ssh_stream(endpoint):
    """a byte stream on stdin and stdout, as ssh uses it."""
    with echo() as port, tempfile.TemporaryDirectory(prefix="bartizan-plugin-") as home:
        command = arguments(endpoint, "AWS-StartSSHSession", portNumber=port)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen(command, env=environment(home, extra={"TMPDIR": home}), start_new_session=True, **pipes)
        try:
            sent = bytes(range(256)) * 200
            process.stdin.write(sent)
            process.stdin.flush()
            received = b""
            while len(received) < len(sent) and (piece := process.stdout.read1(65536)):
                received += piece
                # What the plugin itself says stands before the first byte of the target.
                at = received.find(sent[:256])
                received = received[at:] if at > 0 else received
            return unlike("length", len(received), len(sent)) + unlike("bytes", received == sent, True)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate(timeout=LONG)


# --- our own fallback ----------------------------------------------------------------------------------------------------


def via_plugin(bartizan, endpoint):
    """`bartizan shell --via plugin`: the token in no argument, the terminal as before."""
    with tempfile.TemporaryDirectory(prefix="bartizan-plugin-") as home:
        command = [bartizan.program, "--endpoint-url", endpoint, "shell", "--via", "plugin", TARGET]
        talk = Talk(command, environment(home, endpoint), 132, 43)
        try:
            before = talk.settings()
            talk.until(b"$ ")
            shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, timeout=LONG, check=True).stdout
            plugins = [line for line in shown.splitlines() if NAME.encode() in line.split(b" ")[0]]
            problems = [] if plugins else ["the plugin is not among the processes"]
            problems += [f"the token is an argument: {line[:80]!r}" for line in plugins if b"TokenValue" in line]
            talk.types(b"\r")
            problems += converse(talk)
            return problems + unlike("the terminal's settings", talk.settings(), before)
        finally:
            talk.close()
