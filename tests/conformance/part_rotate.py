"""`bartizan rotate` over an IAM on its bad days; then boto3 works with what the store holds, and the old key is gone."""

import contextlib
import subprocess
import tempfile
import time
from pathlib import Path

import boto3
import botocore.config
import botocore.session

import secret_service
from surroundings import REGION, environment

# The first key of the user is made by this test, the second by the rotation.
BAD_DAYS = {
    "late and flapping replicas and throttles": ["--propagation", "2", "--flapping", "--fault", "*=throttle,percent=5"],
    "an answer of CreateAccessKey that was lost": ["--fault", "iam:CreateAccessKey=dropped,after=1,first=1"],
    "a CreateAccessKey that took effect and failed": ["--fault", "iam:CreateAccessKey=failed,after=1,first=1"],
    "a CreateAccessKey cut in half": ["--fault", "iam:CreateAccessKey=truncated,after=1,first=1"],
    "lost answers to the old key's end": [
        "--fault",
        "iam:UpdateAccessKey=dropped,first=1",
        "--fault",
        "iam:DeleteAccessKey=failed,first=1",
    ],
}


def run(report, bartizan):
    absent = secret_service.missing()
    if absent:
        report.leave_out("rotate", f"{', '.join(absent)} not here (Debian: apt-get install {secret_service.PACKAGES})")
        return
    for name, faults in BAD_DAYS.items():
        with _place() as place, bartizan.emulate("--scenario", "quiet", *faults) as (endpoint, _):
            report.check(f"a rotation over {name}", _into_file(bartizan, place, endpoint))


class Place:
    """A home with a keyring in it."""

    def __init__(self, home, keyring):
        self.home = Path(home)
        self.variables = keyring | {"BARTIZAN_STATE_DIR": str(self.home / "state")}

    def environment(self, endpoint):
        return environment(self.home, endpoint, self.variables)


@contextlib.contextmanager
def _place():
    with tempfile.TemporaryDirectory(prefix="bartizan-rotate-") as home, secret_service.keyring() as (keyring, _):
        yield Place(home, keyring)


def _rotate(bartizan, place, endpoint, user, store):
    # A debug build can wait a tenth as long; what it waits for is the same.
    quick = ["--shorten", "10"] if "debug" in Path(bartizan.program).parts else []
    arguments = ["rotate", user, "--store", store, "--soak", "0s", "--observe", "0s", "--yes", "--wait", *quick]
    done = subprocess.run(
        [bartizan.program, *arguments],
        env=place.environment(endpoint),
        cwd=place.home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=180,
        check=False,
    )
    if done.returncode == 0:
        return []
    return [f"bartizan {' '.join(arguments)}: exit status {done.returncode}", *done.stderr.decode().splitlines()[-8:]]


def _client(endpoint, service, key=None):
    signed = {} if key is None else {"aws_access_key_id": key[0], "aws_secret_access_key": key[1]}
    config = botocore.config.Config(retries={"total_max_attempts": 6, "mode": "standard"}, proxies={})
    return boto3.Session(region_name=REGION, **signed).client(service, endpoint_url=endpoint, config=config)


def _old_key(endpoint, user):
    """A key that every list has."""
    iam = _client(endpoint, "iam")
    key = iam.create_access_key(UserName=user)["AccessKey"]
    deadline = time.monotonic() + 20
    while sum(bool(iam.list_access_keys(UserName=user)["AccessKeyMetadata"]) for _ in range(8)) < 8:
        if time.monotonic() > deadline:
            raise TimeoutError("the new key is in no list")
        time.sleep(0.2)
    return key["AccessKeyId"], key["SecretAccessKey"]


def _without_keys(endpoint):
    iam = _client(endpoint, "iam")
    for user in iam.list_users()["Users"]:
        if not iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]:
            return user["UserName"]
    raise LookupError("every user has a key")


def _rotated(endpoint, user, old, new):
    """The new pair works as the user, and it is the only key there is."""
    problems = []
    if new[0] == old[0]:
        problems.append("the store still holds the old key")
    arn = _client(endpoint, "sts", new).get_caller_identity()["Arn"]
    if not arn.endswith(f":user/{user}") and not arn.endswith(f"/{user}"):
        problems.append(f"the new key is that of {arn}")
    keys = _client(endpoint, "iam").list_access_keys(UserName=user)["AccessKeyMetadata"]
    left = [(key["AccessKeyId"], key["Status"]) for key in keys]
    if left != [(new[0], "Active")]:
        problems.append(f"ListAccessKeys: {left}, and the new key is {new[0]}")
    return problems


def _into_file(bartizan, place, endpoint):
    user = _without_keys(endpoint)
    old = _old_key(endpoint, user)
    file = place.home / "credentials"
    text = f"# mine\n[{user}]\naws_access_key_id = {old[0]}\naws_secret_access_key = {old[1]}\nregion = {REGION}\n"
    file.write_text(text)
    file.chmod(0o600)
    problems = _rotate(bartizan, place, endpoint, user, f"credentials:{user}")
    if problems:
        return problems
    core = botocore.session.Session()
    core.set_config_variable("credentials_file", str(file))
    pair = core.full_config["profiles"][user]
    new = (pair["aws_access_key_id"], pair["aws_secret_access_key"])
    if file.read_text() != text.replace(old[0], new[0]).replace(old[1], new[1]):
        problems.append("more than the two values was changed in the credentials file")
    return problems + _rotated(endpoint, user, old, new)
