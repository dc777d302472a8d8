"""Our own sessions behind a proxy whose certificate nobody but a private authority vouches for."""

from names import SESSIONS, impostor

TARGET = "i-0c55b159cbfafe1f0"


def run(report, bartizan):
    switches = ("--scenario", "quiet", "--sessions", "--session-host", SESSIONS)
    with bartizan.emulate(*switches) as (endpoint, _), impostor(endpoint) as (proxy, authority):

        def says(**extra):
            command = ("shell", TARGET, "--command", "sh -c 'echo good; echo bad >&2; exit 3'")
            return bartizan.run("--endpoint-url", endpoint, *command, endpoint=endpoint, extra={**proxy, **extra})

        status, out, complaint = says(AWS_CA_BUNDLE=authority)
        found = (status, out, "bad" in complaint)
        problems = [] if found == (3, "good\n", True) else [f"status {status}, {out!r}, {complaint!r}"]
        report.check("AWS_CA_BUNDLE: the session's web socket trusts it, through a proxy", problems)

        status, out, complaint = says()
        problems = [] if status not in (0, 3) and not out and "certificate" in complaint else [f"{status} {out!r} {complaint!r}"]
        report.check("without it the web socket is not opened, and the certificate is named", problems)
