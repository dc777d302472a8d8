"""Bad days on purpose (`--fault`) look as AWS's own do: codes, statuses and envelopes over all services."""

import contextlib

import botocore.exceptions
import botocore.parsers
from botocore import xform_name

from clients import Boto
from refused import BAD_KEY, PLAIN
from shapes import deviations, error_code

THROTTLED = {
    "iam": (400, "Throttling"),
    "sts": (400, "Throttling"),
    "guardduty": (429, "ThrottlingException"),
    "cloudtrail": (400, "ThrottlingException"),
    "ssm": (400, "ThrottlingException"),
}
# Not sts: AWS answers GetCallerIdentity without any permission.
DENIED = {
    "iam": (403, "AccessDenied"),
    "guardduty": (403, "AccessDeniedException"),
    "cloudtrail": (400, "AccessDeniedException"),
    "ssm": (400, "AccessDeniedException"),
}
EXPIRED = {
    "iam": (403, "ExpiredToken"),
    "sts": (403, "ExpiredToken"),
    "guardduty": (403, "ExpiredTokenException"),
    "cloudtrail": (400, "ExpiredTokenException"),
    "ssm": (400, "ExpiredTokenException"),
}
for table in (THROTTLED, DENIED, EXPIRED):
    table |= {"kms": table["ssm"], "secretsmanager": table["ssm"]}
DISABLED = {service: BAD_KEY[service][0] for service in BAD_KEY if service not in ("iam", "sts")}
ANSWERED = {"throttle": THROTTLED, "denied": DENIED, "expired": EXPIRED, "disabled": DISABLED}
# Faults of the connection, and what botocore calls them.
CUT_OFF = {
    "reset": (botocore.exceptions.ConnectionClosedError,),
    "truncated": (botocore.exceptions.ResponseStreamingError, botocore.parsers.ResponseParserError),
    "hang": (botocore.exceptions.ReadTimeoutError,),
}


def run(report, bartizan):
    for kind, expected in ANSWERED.items():
        with bartizan.emulate("--scenario", "quiet", "--fault", f"*={kind}") as (endpoint, _):
            boto = Boto(endpoint)
            problems = []
            for service, wanted in expected.items():
                with contextlib.suppress(botocore.exceptions.ClientError):
                    _call(boto, service)
                answer = boto.answers[-1]
                if (answer.status, error_code(answer)) != wanted:
                    problems.append(f"{service}: {answer.status} {error_code(answer)}, not {wanted}")
                problems += [f"{service}: {line}" for line in deviations(answer)]
            report.check(f"--fault *={kind}", problems, f"{len(expected)} services")
    for kind, errors in CUT_OFF.items():
        with bartizan.emulate("--scenario", "quiet", "--fault", f"*={kind}") as (endpoint, _):
            boto = Boto(endpoint, read_timeout=1)
            problems = []
            for service in PLAIN:
                try:
                    _call(boto, service)
                    # botocore takes half a JSON body for an empty one; the strict reader does not.
                    if kind != "truncated" or not deviations(boto.answers[-1]):
                        problems.append(f"{service}: answered in full")
                except errors:
                    pass
                except botocore.exceptions.BotoCoreError as other:
                    problems.append(f"{service}: {type(other).__name__}, not one of {errors}: {other}")
            report.check(f"--fault *={kind}", problems, f"{len(PLAIN)} services")


def _call(boto, service):
    operation, parameters = PLAIN[service]
    getattr(boto.client(service), xform_name(operation))(**parameters({}))
