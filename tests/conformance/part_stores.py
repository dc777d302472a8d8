"""What is stored is what AWS's own tools use: `credential_process` over a real keyring, and how botocore reads credentials files."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import botocore.configloader
import botocore.exceptions
import secret_service
from clients import Boto
from surroundings import REGION, ROOT, environment

CORPUS = ROOT / "tests" / "world" / "stores" / "corpus"
# What botocore makes of those files of the corpus that it reads otherwise than we do, or not at all.
OTHERWISE = {
    "a-byte-order-mark": "refused",
    "a-comment-behind-a-value": ("ID # since May", "SECRET ; do not share"),
    "another-section-twice": "refused",
    "blanks-in-brackets": (None, None),
    "the-pair-in-two-sections-of-one-name": "refused",
    "two-sections-of-one-name": "refused",
}


def run(report, bartizan):
    report.check("botocore finds the pairs of the credentials files where we do", _corpus(), f"{len(list(CORPUS.iterdir()))} files")
    lacking = secret_service.missing()
    if lacking:
        report.leave_out("credential_process", f"{', '.join(lacking)} not here (Debian: apt-get install {secret_service.PACKAGES})")
        return
    with secret_service.keyring() as (variables, store), bartizan.emulate("--scenario", "quiet") as (endpoint, _):
        report.check("boto3 and the AWS CLI work with what credential-process serves", _served(bartizan, endpoint, variables, store))


def _corpus():
    problems = []
    for path in sorted(CORPUS.iterdir()):
        try:
            section = botocore.configloader.raw_config_parse(str(path)).get("prod") or {}
            found = (section.get("aws_access_key_id"), section.get("aws_secret_access_key"))
        except botocore.exceptions.ConfigParseError:
            found = "refused"
        wanted = OTHERWISE.get(path.name, ("ID", "SECRET"))
        if found != wanted:
            problems.append(f"{path.name}: {found}, not {wanted}")
    return problems


def _served(bartizan, endpoint, variables, store):
    iam = Boto(endpoint, keep=False).client("iam")
    user = iam.list_users()["Users"][0]
    for key in iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=user["UserName"], AccessKeyId=key["AccessKeyId"])
    problems = []
    with tempfile.TemporaryDirectory(prefix="bartizan-stores-") as home:
        command = f'"{bartizan.program}" credential-process --profile prod'
        Path(home, "config").write_text(f"[profile prod]\nregion = {REGION}\ncredential_process = {command}\n")
        surroundings = environment(home, endpoint, variables)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            del surroundings[name]
        pending = None
        for round_number in range(2):
            key = iam.create_access_key(UserName=user["UserName"])["AccessKey"]
            store(f"key/{key['AccessKeyId']}", _item(user, key, secret=True))
            if pending:
                problems += _callers(surroundings, user, pending, f"round {round_number}, the new key is pending")
            store("profile/prod", _item(user, key, secret=False))
            problems += _callers(surroundings, user, key["AccessKeyId"], f"round {round_number}")
            pending = key["AccessKeyId"]
        done = subprocess.run([bartizan.program, "credential-process", "--profile", "none"], env=surroundings, capture_output=True, timeout=60)
        if done.returncode != 1 or done.stdout or len(done.stderr.splitlines()) != 1:
            problems.append(f"an unknown profile: {done}")
    return problems


def _item(user, key, secret):
    account = user["Arn"].split(":")[4]
    item = {"Version": 1, "Account": account, "User": user["UserName"], "AccessKeyId": key["AccessKeyId"]}
    return json.dumps(item | ({"SecretAccessKey": key["SecretAccessKey"]} if secret else {}))


_SCRIPT = """
import boto3, json
session = boto3.Session(profile_name="prod")
who = session.client("sts").get_caller_identity()
print(json.dumps([session.get_credentials().access_key, who["Arn"]]))
"""


def _callers(surroundings, user, key, when):
    """Who boto3 and the AWS CLI are, each in a process of its own."""
    problems = []
    done = subprocess.run([sys.executable, "-c", _SCRIPT], env=surroundings, capture_output=True, timeout=120)
    if done.returncode or json.loads(done.stdout) != [key, user["Arn"]]:
        problems.append(f"{when}: boto3 says {done.stdout!r} {done.stderr[-500:]!r}")
    aws = Path(sys.executable).with_name("aws")
    if not aws.exists() and not shutil.which("aws"):
        return [*problems, "the AWS CLI is not here"]
    line = [str(aws if aws.exists() else "aws"), "--profile", "prod", "sts", "get-caller-identity", "--output", "json"]
    done = subprocess.run(line, env=surroundings, capture_output=True, timeout=120)
    if done.returncode or json.loads(done.stdout)["Arn"] != user["Arn"]:
        problems.append(f"{when}: the AWS CLI says {done.stdout!r} {done.stderr[-500:]!r}")
    return problems
