"""`bartizan users` and `bartizan keys` over moto, a server that neither of us wrote, agree with boto3 row by row."""

import datetime

import programs
import seed_moto
from clients import Boto
from rows import rows

STATUS = {True: "Active", False: "Inactive"}


def run(report, bartizan):
    with programs.moto() as endpoint:
        boto = Boto(endpoint, keep=False)
        seed_moto.seed(boto)
        users, keys = _read(boto.client("iam"))
        for table, wanted, own in (("users", users, user_row), ("keys", keys, key_row)):
            status, output, complaint = bartizan.run(table, "--json", endpoint=endpoint, timeout=300)
            problems = [] if status == 0 else [f"exit status {status}: {complaint.strip()[-500:]}"]
            listed = [own(row) for row in rows(output)]
            problems += _differences(wanted, listed)
            problems += _unnoticed(wanted, listed)
            report.check(f"bartizan {table} over moto agrees with boto3", problems, f"{len(wanted)} rows")


def _read(iam):
    """The same facts, read by boto3: by user name, and by key id."""
    users, keys = {}, {}
    for page in iam.get_paginator("list_users").paginate():
        for user in page["Users"]:
            name = user["UserName"]
            own_keys = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
            users[name] = {
                "name": name,
                "arn": user["Arn"],
                "created": _time(user["CreateDate"]),
                "password": _has_password(iam, name),
                "password_last_used": _time(user.get("PasswordLastUsed")),
                "mfa": sorted(device["SerialNumber"] for device in iam.list_mfa_devices(UserName=name)["MFADevices"]),
                "groups": sorted(group["GroupName"] for group in iam.list_groups_for_user(UserName=name)["Groups"]),
                "keys": sorted((key["AccessKeyId"], key["Status"], _time(key["CreateDate"])) for key in own_keys),
            }
            for key in own_keys:
                used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
                keys[key["AccessKeyId"]] = {
                    "name": key["AccessKeyId"],
                    "user": name,
                    "status": key["Status"],
                    "created": _time(key["CreateDate"]),
                    "last_used": _time(used.get("LastUsedDate")),
                    "service": used["ServiceName"] if "LastUsedDate" in used else None,
                    "region": used["Region"] if "LastUsedDate" in used else None,
                }
    return users, keys


def _has_password(iam, name):
    try:
        iam.get_login_profile(UserName=name)
    except iam.exceptions.NoSuchEntityException:
        return False
    return True


def _time(value):
    """A time as both sides write it here: UTC, whole seconds."""
    if value is None:
        return None
    if isinstance(value, str) and value.startswith("<"):
        return value
    if isinstance(value, str):
        value = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _fact(record, name):
    """A fact that is known, or what stands in its place: unknown, denied and failed never agree with anything."""
    fact = record[name]
    return fact["value"] if fact["state"] == "value" else f"<{fact['state']}>"


def user_row(record):
    """A row of `bartizan users --json` in the words above."""
    password, mfa, keys, groups = (_fact(record, name) for name in ("password", "mfa", "keys", "groups"))
    is_known = isinstance(keys, list)
    return {
        "name": record["name"],
        "arn": record["arn"],
        "created": _time(_fact(record, "created")),
        "password": password if isinstance(password, str) and password != "none" else password != "none",
        "password_last_used": _time(_fact(record, "password_last_used")),
        "mfa": sorted(device["serial"] for device in mfa["devices"])
        if isinstance(mfa, dict)
        else []
        if mfa == "off"
        else mfa,
        "groups": sorted(groups) if isinstance(groups, list) else groups,
        "keys": sorted((key["id"], STATUS[key["active"]], _time(key["created"])) for key in keys) if is_known else keys,
    }


def key_row(record):
    """A row of `bartizan keys --json` in the words above."""
    used = _fact(record, "last_used")
    at = used["at"] if isinstance(used, dict) else {}
    return {
        "name": _fact(record, "id"),
        "user": record["handle"]["user"],
        "status": _fact(record, "status").capitalize(),
        "created": _time(_fact(record, "created")),
        "last_used": _time(at["when"]) if at else None if used == "never" else used,
        "service": at.get("service"),
        "region": at.get("region"),
    }


def _differences(wanted, listed):
    """Every row and every fact that differs. Root has a row of its own, and moto no root."""
    problems = []
    found = {}
    for row in listed:
        if row["name"] in found:
            problems.append(f"{row['name']}: listed twice")
        found[row["name"]] = row
    found.pop("<root_account>", None)
    for name in sorted(set(wanted) ^ set(found)):
        problems.append(f"{name}: {'not listed' if name in wanted else 'not in moto'}")
    for name in sorted(set(wanted) & set(found)):
        for fact, value in wanted[name].items():
            if found[name].get(fact) != value:
                problems.append(f"{name}: {fact} is {found[name].get(fact)!r}, boto3 reads {value!r}")
    return problems


def _unnoticed(wanted, listed):
    """The comparison must be able to fail: any fact that is changed on one side has to come out."""
    name = min(wanted)
    return [
        f"a changed {fact} would not have been noticed"
        for fact in wanted[name]
        if fact != "name" and not _differences(wanted | {name: wanted[name] | {fact: "something else"}}, listed)
    ]
