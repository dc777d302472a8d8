"""The huge account, made lazily, through boto3: all users, all findings, nodes, and events by page and by attribute."""

import part_operations
import walk_cloudtrail
import walk_guardduty
import walk_iam
from clients import Boto
from pages import entries

USERS = 10_000
FINDINGS = {"us-east-1": 40_000, "eu-west-1": 10_000}


def run(report, bartizan):
    with bartizan.emulate("--scenario", "huge") as (endpoint, complaints):
        aws = Boto(endpoint)
        problems = [*_users(aws), *_nodes(aws), *_events(aws)]
        for region, count in FINDINGS.items():
            problems += _findings(aws.client("guardduty", region), region, count)
        report.check("the huge account is complete", problems, f"{USERS} users, {sum(FINDINGS.values())} findings")
        part_operations.held(report, "the huge account: raw answers", aws.answers)
        report.check("no panic (huge)", [line for line in complaints().splitlines() if "panicked" in line])


def _users(aws):
    iam = aws.client("iam")
    names = [user["UserName"] for user in entries(iam, "list_users", "Users", size=1000)]
    problems = []
    if len(names) != USERS or len(set(names)) != USERS:
        problems.append(f"ListUsers: {len(names)} users, {len(set(names))} names")
    if iam.get_account_summary()["SummaryMap"]["Users"] != USERS:
        problems.append("GetAccountSummary: another number of users")
    reported = {row["user"] for row in walk_iam.credential_report(problems, iam)}
    if reported - {"<root_account>"} != set(names):
        problems.append(f"the credential report has {len(reported)} rows, other users than ListUsers")
    for name in (names[0], names[4999], names[-1]):
        for operation in ("get_user", "list_access_keys", "list_mfa_devices", "list_groups_for_user"):
            getattr(iam, operation)(UserName=name)
    return problems


def _findings(guardduty, region, count):
    detector = guardduty.list_detectors()["DetectorIds"][0]
    ids = entries(guardduty, "list_findings", "FindingIds", size=50, DetectorId=detector)
    problems = []
    if len(ids) != count or len(set(ids)) != count:
        problems.append(f"ListFindings {region}: {len(ids)} ids, {len(set(ids))} different ones, not {count}")
    some = ids[:: max(1, len(ids) // 200)]
    found = {finding["Id"] for finding in walk_guardduty.get(guardduty, detector, some)}
    if found != set(some):
        problems.append(f"GetFindings {region}: {len(found)} of {len(some)}")
    return problems


def _nodes(aws):
    nodes = entries(aws.client("ssm"), "describe_instance_information", "InstanceInformationList", size=50)
    names = {node["InstanceId"] for node in nodes}
    return (
        [] if len(names) == len(nodes) > 100 else [f"DescribeInstanceInformation: {len(nodes)} nodes, {len(names)} ids"]
    )


def _events(aws):
    cloudtrail = aws.client("cloudtrail")
    problems = []
    events = walk_cloudtrail.lookup(cloudtrail, pages=6)
    walk_cloudtrail.true(problems, events)
    if len(events) != 300:
        problems.append(f"LookupEvents: {len(events)} events in six pages")
    name = events[150]["EventName"]
    by_name = [{"AttributeKey": "EventName", "AttributeValue": name}]
    found = walk_cloudtrail.lookup(cloudtrail, pages=2, LookupAttributes=by_name)
    if not found or any(event["EventName"] != name for event in found):
        problems.append(f"LookupEvents EventName={name}: {len(found)} events, not all of that name")
    return problems
