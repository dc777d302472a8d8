"""What is stored is what AWS's own tools use: rotations into each store over moto and the embedded AWS,
`credential_process` over a real keyring, and how botocore reads credentials files."""

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import botocore.configloader
import botocore.exceptions
import programs
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


STORES = (
    "keyring:prod",
    "credentials:prod",
    "new-credentials:made",
    "secretsmanager:team/key",
    "new-secretsmanager:team/made",
)
# Fast: what is waited for in earnest is none of this part's business.
AT_ONCE = ("--yes", "--soak", "0s", "--observe", "0s", "--shorten", "20", "--wait", "--reason", "conformance")
FILE = "# mine\r\n[prod]\r\naws_access_key_id={id}\r\naws_secret_access_key = {secret}\r\n\r\n[z]\r\nregion = x"


def run(report, bartizan):
    count = len(list(CORPUS.iterdir()))
    report.check("botocore finds the pairs of the credentials files where we do", _corpus(), f"{count} files")
    lacking = secret_service.missing()
    if lacking:
        why = f"{', '.join(lacking)} not here (Debian: apt-get install {secret_service.PACKAGES})"
        report.leave_out("credential_process", why)
        return
    with secret_service.keyring() as (variables, store), bartizan.emulate("--scenario", "quiet") as (endpoint, _):
        problems = _served(bartizan, endpoint, variables, store)
        report.check("boto3 and the AWS CLI work with what credential-process serves", problems)
    for name, world in (("moto", programs.moto), ("the embedded AWS", lambda: _embedded(bartizan))):
        with secret_service.keyring() as (variables, _), world() as endpoint:
            boto = Boto(endpoint, keep=False)
            for store, user in zip(STORES, _users(boto.client("iam"), is_empty=name == "moto")):
                problems = _rotated(bartizan, boto, variables, store, user)
                report.check(f"a rotation over {name} into {store}: boto3 works with what is there", problems)


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
    iam.delete_access_key(UserName=user["UserName"], AccessKeyId=_one_key(iam, user)["AccessKeyId"])
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
        line = [bartizan.program, "credential-process", "--profile", "none"]
        done = subprocess.run(line, env=surroundings, capture_output=True, timeout=60)
        if done.returncode != 1 or done.stdout or len(done.stderr.splitlines()) != 1:
            problems.append(f"an unknown profile: {done}")
    return problems


@contextlib.contextmanager
def _embedded(bartizan):
    with bartizan.emulate("--scenario", "quiet") as (endpoint, _):
        yield endpoint


def _users(iam, is_empty):
    """One user for each store."""
    for number in range(len(STORES) if is_empty else 0):
        iam.create_user(UserName=f"user-{number}")
    return iam.list_users()["Users"][: len(STORES)]


def _one_key(iam, user):
    """A new key of a user who then has no other."""
    for key in iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=user["UserName"], AccessKeyId=key["AccessKeyId"])
    return iam.create_access_key(UserName=user["UserName"])["AccessKey"]


def _rotated(bartizan, boto, variables, store, user):
    """Rotates the user's key into a store; who boto3 is by what the store then has."""
    kind, _, name = store.partition(":")
    iam, vault = boto.client("iam"), boto.client("secretsmanager")
    old = _one_key(iam, user)
    if store == "secretsmanager:team/key":
        pair = {"AccessKeyId": old["AccessKeyId"], "SecretAccessKey": old["SecretAccessKey"], "team": "blue"}
        vault.create_secret(Name=name, SecretString=json.dumps(pair))
    with tempfile.TemporaryDirectory(prefix="bartizan-stores-") as home:
        before = FILE.format(id=old["AccessKeyId"], secret=old["SecretAccessKey"])
        credentials = Path(home, "credentials")
        credentials.write_bytes(before.encode())
        credentials.chmod(0o600)
        surroundings = environment(home, boto.endpoint, variables)
        line = [bartizan.program, "rotate", user["UserName"], "--store", store, *AT_ONCE]
        done = subprocess.run(line, env=surroundings, stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
        keys = iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]
        problems = [] if done.returncode == 0 else [f"status {done.returncode}: {done.stderr[-800:]!r}"]
        if len(keys) != 1 or keys[0]["AccessKeyId"] == old["AccessKeyId"] or keys[0]["Status"] != "Active":
            return [*problems, f"the user has {keys}"]
        new = keys[0]["AccessKeyId"]
        if kind == "keyring":
            command = f'"{bartizan.program}" credential-process --profile {name}'
            Path(home, "config").write_text(f"[profile {name}]\ncredential_process = {command}\n")
            credentials.unlink()
        elif kind.endswith("secretsmanager"):
            # Without a stage moto gives the version that was put in first, whatever stages say.
            pair = json.loads(vault.get_secret_value(SecretId=name, VersionStage="AWSCURRENT")["SecretString"])
            if pair.get("AccessKeyId") != new or (pair.get("team") != "blue" and kind == "secretsmanager"):
                problems.append("the secret does not hold the new key and what it held before")
            name = "prod"
            lines = ("[prod]", f"aws_access_key_id={new}", f"aws_secret_access_key={pair['SecretAccessKey']}")
            credentials.write_text("\n".join(lines))
        else:
            problems += _only_values(credentials.read_bytes().decode(), before, old, new, kind)
        for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            del surroundings[variable]
        return problems + _boto(surroundings, name, [new, user["Arn"]])


def _only_values(after, before, old, new, kind):
    """Nothing but the two values changed, or one section came."""
    if kind == "credentials":
        secret = next(line.split("= ")[1] for line in after.splitlines() if line.startswith("aws_secret_access_key"))
        wanted = before.replace(old["AccessKeyId"], new).replace(old["SecretAccessKey"], secret)
        return [] if after == wanted else ["more than two values of the credentials file changed"]
    begins = f"{before}\r\n[made]\r\naws_access_key_id = {new}\r\naws_secret_access_key = "
    is_one = after.startswith(begins) and after.count("\n") == begins.count("\n")
    return [] if is_one else ["more than one section came"]


def _item(user, key, secret):
    account = user["Arn"].split(":")[4]
    item = {"Version": 1, "Account": account, "User": user["UserName"], "AccessKeyId": key["AccessKeyId"]}
    return json.dumps(item | ({"SecretAccessKey": key["SecretAccessKey"]} if secret else {}))


_SCRIPT = """
import boto3, json, sys
session = boto3.Session(profile_name=sys.argv[1])
who = session.client("sts").get_caller_identity()
print(json.dumps([session.get_credentials().access_key, who["Arn"]]))
"""


def _boto(surroundings, profile, wanted):
    done = subprocess.run([sys.executable, "-c", _SCRIPT, profile], env=surroundings, capture_output=True, timeout=120)
    if done.returncode or json.loads(done.stdout) != wanted:
        return [f"boto3 says {done.stdout!r} {done.stderr[-500:]!r}, not {wanted}"]
    return []


def _callers(surroundings, user, key, when):
    """Who boto3 and the AWS CLI are, each in a process of its own."""
    problems = [f"{when}: {problem}" for problem in _boto(surroundings, "prod", [key, user["Arn"]])]
    aws = Path(sys.executable).with_name("aws")
    if not aws.exists() and not shutil.which("aws"):
        return [*problems, "the AWS CLI is not here"]
    line = [str(aws if aws.exists() else "aws"), "--profile", "prod", "sts", "get-caller-identity", "--output", "json"]
    done = subprocess.run(line, env=surroundings, capture_output=True, timeout=120)
    if done.returncode or json.loads(done.stdout)["Arn"] != user["Arn"]:
        problems.append(f"{when}: the AWS CLI says {done.stdout!r} {done.stderr[-500:]!r}")
    return problems
