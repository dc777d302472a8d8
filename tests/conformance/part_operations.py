"""boto3 and the AWS CLI talk to the emulator; every answer is held byte by byte against botocore's models."""

import collections
import traceback
from pathlib import Path

import emulated
import walk_cli
import walk_cloudtrail
import walk_guardduty
import walk_iam
import walk_kms
import walk_secretsmanager
import walk_ssm
import walk_sts
from clients import Boto, Cli
from shapes import deviations

WALKS = {
    "iam": walk_iam,
    "sts": walk_sts,
    "guardduty": walk_guardduty,
    "cloudtrail": walk_cloudtrail,
    "ssm": walk_ssm,
    "kms": walk_kms,
    "secretsmanager": walk_secretsmanager,
}
SCENARIOS = ["incident", "quiet"]


def run(report, bartizan):
    with bartizan.emulate("--scenario", "quiet") as (endpoint, _):
        offered = emulated.operations(endpoint)
    report.check(
        "the emulator offers operations of every service",
        [f"{service}: none" for service in WALKS if not offered.get(service)],
        ", ".join(f"{service} {len(names)}" for service, names in offered.items()),
    )
    reached = set()
    for scenario in SCENARIOS:
        with bartizan.emulate("--scenario", scenario, "--sessions") as (endpoint, complaints):
            for service, walk in WALKS.items():
                _boto(report, endpoint, scenario, service, walk, reached)
            _panics(report, f"no panic ({scenario})", complaints())
    missing = [f"{service} {name}" for service, names in offered.items() for name in sorted(names)]
    missing = [name for name in missing if name not in reached]
    report.check("every emulated operation was called and answered", missing, f"{len(reached)} operations")
    with bartizan.emulate("--scenario", "incident") as (endpoint, complaints):
        _cli(report, endpoint)
        _panics(report, "no panic (AWS CLI)", complaints())


def _boto(report, endpoint, scenario, service, walk, reached):
    aws = Boto(endpoint)
    name = f"boto3 {service} ({scenario})"
    try:
        problems = walk.walk(aws, scenario)
    except Exception as error:  # noqa: BLE001 - what was answered so far is still worth reading
        frames = traceback.extract_tb(error.__traceback__)
        places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames if "conformance" in frame.filename]
        problems = [f"{type(error).__name__} ({' '.join(places)}): {error}"]
    reached |= {answer.name for answer in aws.answers if answer.status < 300}
    report.check(f"{name}: what is said is true", problems)
    held(report, f"{name}: raw answers", aws.answers)


def held(report, name, answers):
    """0 deviations over all answers; the same deviation of one operation is told once, with its number."""
    found = collections.Counter()
    for answer in answers:
        for line in deviations(answer):
            found[f"{answer.name} ({answer.status}): {line}"] += 1
    operations = len({answer.name for answer in answers})
    note = f"{len(answers)} answers of {operations} operations, {sum(found.values())} deviations"
    if not answers:
        found["no answer at all"] = 1
    report.check(name, [f"{line} (×{times})" if times > 1 else line for line, times in found.items()], note)


def _cli(report, endpoint):
    cli = Cli(endpoint)
    try:
        problems, answers = walk_cli.walk(cli)
    finally:
        cli.close()
    report.check("the AWS CLI reads every service", problems, f"{len(walk_cli.COMMANDS)} commands")
    held(report, "the AWS CLI: raw answers", answers)


def _panics(report, name, complaints):
    report.check(name, [line for line in complaints.splitlines() if "panicked" in line])
