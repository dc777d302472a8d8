"""IAM on its bad days, met by an unmodified boto3: late replicas, lost answers, an attacker, its own history."""

import time

import boto3
import botocore.config
import botocore.exceptions

from clients import Boto
from emulated import refusal
from surroundings import REGION

BOUND = 3


def run(report, bartizan):
    with bartizan.emulate("--scenario", "quiet", "--propagation", str(BOUND), "--flapping") as (endpoint, _):
        report.check("a new key is refused, flaps, and then holds", _propagation(endpoint))
    for kind in ("dropped", "failed"):
        fault = f"iam:CreateAccessKey={kind},first=1"
        with bartizan.emulate("--scenario", "quiet", "--fault", fault) as (endpoint, _):
            report.check(f"boto3's own retries make two keys where an answer is lost ({kind})", _trap(endpoint))
    with bartizan.emulate("--scenario", "quiet", "--fault", "iam:CreateAccessKey=stalled,first=1") as (endpoint, _):
        report.check("a call that never answers has taken effect", _stalled(endpoint))
    with bartizan.emulate("--scenario", "quiet") as (endpoint, _):
        report.check("what is done is in the event history", _history(endpoint))
    name = _a_user_with_a_key(bartizan)
    with bartizan.emulate("--scenario", "quiet", "--attacker", name, "--propagation", "8", "--replicas", "1") as (endpoint, _):
        report.check("an attacker takes a containment back", _attacker(endpoint, name))
    status, _, complaint = bartizan.run("emulate", "--fault", "iam:ListUser=throttle")
    problems = [] if status == 2 and "did you mean ListUsers?" in complaint else [f"{status}: {complaint}"]
    report.check("--fault with a misspelt operation is refused", problems)


def _client(endpoint, service, key=None, retries=None, timeout=30):
    config = botocore.config.Config(
        retries=retries or {"total_max_attempts": 1}, proxies={}, read_timeout=timeout, connect_timeout=5
    )
    signed = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]} if key else {}
    return boto3.Session(region_name=REGION, **signed).client(service, endpoint_url=endpoint, config=config)


def _without_keys(iam):
    for user in iam.list_users()["Users"]:
        if not iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]:
            return user["UserName"]
    raise LookupError("every user has a key")


def _a_user_with_a_key(bartizan):
    with bartizan.emulate("--scenario", "quiet") as (endpoint, _):
        iam = Boto(endpoint).client("iam")
        for user in iam.list_users()["Users"]:
            keys = iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]
            if [key["Status"] for key in keys] == ["Active"]:
                return user["UserName"]
    raise LookupError("no user has one active key")


def _propagation(endpoint):
    problems = []
    iam = _client(endpoint, "iam")
    key = iam.create_access_key(UserName=_without_keys(iam))["AccessKey"]
    sts = _client(endpoint, "sts", key)
    began, codes = time.monotonic(), []
    while time.monotonic() - began < BOUND + 0.5:
        codes.append(refusal(sts.get_caller_identity))
        time.sleep(0.02)
    if set(codes) != {"InvalidClientTokenId", "no error"}:
        problems.append(f"GetCallerIdentity gave {set(codes)}")
    if codes[0] == "no error":
        problems.append("the new key worked at once")
    pairs = list(zip(codes, codes[1:]))
    if ("no error", "InvalidClientTokenId") not in pairs:
        problems.append("a key that had worked was never refused again")
    late = [refusal(sts.get_caller_identity) for _ in range(30)]
    if set(late) != {"no error"}:
        problems.append(f"after the bound: {set(late)}")
    return problems


def _trap(endpoint):
    iam = _client(endpoint, "iam", retries={"mode": "legacy"})
    name = _without_keys(iam)
    told = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    keys = [key["AccessKeyId"] for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]]
    if len(keys) != 2 or told not in keys:
        return [f"one call made {len(keys)} keys"]
    return []


def _stalled(endpoint):
    iam = _client(endpoint, "iam", timeout=1)
    name = _without_keys(iam)
    try:
        iam.create_access_key(UserName=name)
        return ["it was answered"]
    except botocore.exceptions.ReadTimeoutError:
        keys = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
        return [] if len(keys) == 1 else [f"{len(keys)} keys were made"]


def _history(endpoint):
    iam, trail = _client(endpoint, "iam"), _client(endpoint, "cloudtrail")
    key = iam.create_access_key(UserName=_without_keys(iam))["AccessKey"]
    _client(endpoint, "sts", key).get_caller_identity()
    problems = []
    for attribute, value, name in [
        ("ResourceName", key["AccessKeyId"], "CreateAccessKey"),
        ("AccessKeyId", key["AccessKeyId"], "GetCallerIdentity"),
    ]:
        lookup = {"LookupAttributes": [{"AttributeKey": attribute, "AttributeValue": value}]}
        deadline, events = time.monotonic() + 15, []
        while not events and time.monotonic() < deadline:
            time.sleep(0.6)
            events = trail.lookup_events(**lookup)["Events"]
        if [event["EventName"] for event in events] != [name]:
            problems.append(f"{attribute} {value}: {[event['EventName'] for event in events]}, not {name}")
        if any(key["SecretAccessKey"] in event["CloudTrailEvent"] for event in events):
            problems.append(f"{name}: the secret is in the event")
        if any("Boto3" not in event["CloudTrailEvent"] for event in events):
            problems.append(f"{name}: not boto3's user agent")
    return problems


def _attacker(endpoint, name):
    iam = _client(endpoint, "iam")
    key = iam.list_access_keys(UserName=name)["AccessKeyMetadata"][0]["AccessKeyId"]
    iam.update_access_key(UserName=name, AccessKeyId=key, Status="Inactive")

    def status():
        return iam.list_access_keys(UserName=name)["AccessKeyMetadata"][0]["Status"]

    # Lists follow in a quarter of the eight seconds, and the attacker is there after four.
    deadline = time.monotonic() + 20
    while status() != "Inactive":
        if time.monotonic() > deadline:
            return ["UpdateAccessKey did nothing"]
        time.sleep(0.1)
    while status() == "Inactive":
        if time.monotonic() > deadline:
            return ["nobody took it back"]
        time.sleep(0.2)
    return []
