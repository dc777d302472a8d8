"""CloudTrail through boto3: the event history, newest first, in all pages, by each lookup attribute."""

import datetime
import json
import time

import botocore.exceptions

ATTRIBUTES = {
    "EventId": lambda event: event["EventId"],
    "EventName": lambda event: event["EventName"],
    "ReadOnly": lambda event: event["ReadOnly"],
    "Username": lambda event: event.get("Username"),
    "EventSource": lambda event: event["EventSource"],
    "AccessKeyId": lambda event: event.get("AccessKeyId"),
    "ResourceType": lambda event: next((resource.get("ResourceType") for resource in event["Resources"]), None),
    "ResourceName": lambda event: next((resource.get("ResourceName") for resource in event["Resources"]), None),
}
PAGES = 8


def walk(aws, scenario):
    problems = []
    cloudtrail = aws.client("cloudtrail")
    _trails(problems, cloudtrail)
    # What the walks before this one did is in the history two seconds later, and would come between two readings.
    time.sleep(2.5)
    events = lookup(cloudtrail, MaxResults=50)
    if not events:
        problems.append("LookupEvents: no event")
        return problems
    true(problems, events)
    _pages(problems, cloudtrail, events)
    _range(problems, cloudtrail, events)
    _attributes(problems, cloudtrail, events)
    if scenario == "incident":
        _region(problems, aws)
    return problems


def _trails(problems, cloudtrail):
    described = [trail["TrailARN"] for trail in cloudtrail.describe_trails()["trailList"]]
    listed = [
        trail["TrailARN"] for page in cloudtrail.get_paginator("list_trails").paginate() for trail in page["Trails"]
    ]
    if sorted(described) != sorted(listed):
        problems.append(f"DescribeTrails has {described}, ListTrails {listed}")
    for arn in described:
        cloudtrail.get_trail_status(Name=arn)
        cloudtrail.get_event_selectors(TrailName=arn)


def _page(cloudtrail, **parameters):
    """One page; waits where the two calls a second of an account and region are used up."""
    for _ in range(20):
        try:
            return cloudtrail.lookup_events(**parameters)
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "ThrottlingException":
                raise
            time.sleep(0.5)
    raise TimeoutError("LookupEvents is throttled for ten seconds")


def lookup(cloudtrail, pages=PAGES, **parameters):
    """The events of the first pages."""
    events, token = [], {}
    for _ in range(pages):
        page = _page(cloudtrail, **parameters, **token)
        events += page["Events"]
        if not page.get("NextToken"):
            break
        token = {"NextToken": page["NextToken"]}
    return events


def true(problems, events):
    times = [event["EventTime"] for event in events]
    if times != sorted(times, reverse=True):
        problems.append("LookupEvents: not newest first")
    if len({event["EventId"] for event in events}) != len(events):
        problems.append("LookupEvents: an event came twice")
    for event in events:
        inner = json.loads(event["CloudTrailEvent"])
        for outer, name in (("EventId", "eventID"), ("EventName", "eventName"), ("EventSource", "eventSource")):
            if event[outer] != inner[name]:
                problems.append(f"{event['EventId']}: {outer} is {event[outer]}, inside {inner[name]}")
        if event["ReadOnly"] != str(inner.get("readOnly", False)).lower():
            problems.append(f"{event['EventId']}: ReadOnly is {event['ReadOnly']}, inside {inner.get('readOnly')}")
        at = event["EventTime"].astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        if at != inner["eventTime"]:
            problems.append(f"{event['EventId']}: EventTime is {at}, inside {inner['eventTime']}")


def _pages(problems, cloudtrail, events):
    """Small pages give the same events; a whole page has 50."""
    small = lookup(cloudtrail, pages=4, MaxResults=7)
    if [event["EventId"] for event in small] != [event["EventId"] for event in events[: len(small)]]:
        problems.append("LookupEvents in pages of 7: other events than in pages of 50")
    first = _page(cloudtrail)
    if len(first["Events"]) != min(50, len(events)):
        problems.append(f"LookupEvents without MaxResults: {len(first['Events'])} events")


def _range(problems, cloudtrail, events):
    start, end = events[min(40, len(events) - 1)]["EventTime"], events[0]["EventTime"]
    found = lookup(cloudtrail, StartTime=start, EndTime=end)
    if any(not start <= event["EventTime"] <= end for event in found) or not found:
        problems.append(f"LookupEvents from {start} to {end}: {len(found)} events, some outside")


def _attributes(problems, cloudtrail, events):
    for key, value_of in ATTRIBUTES.items():
        value = next((value_of(event) for event in events if value_of(event)), None)
        if value is None:
            continue
        attribute = [{"AttributeKey": key, "AttributeValue": value}]
        found = lookup(cloudtrail, pages=2, LookupAttributes=attribute)
        expected = [event["EventId"] for event in events if _has(event, key, value, value_of)]
        missing = set(expected[:50]) - {event["EventId"] for event in found}
        if missing:
            problems.append(f"LookupEvents {key}={value}: {len(missing)} of {len(expected)} events are missing")
        wrong = [event["EventId"] for event in found if not _has(event, key, value, value_of)]
        if wrong:
            problems.append(f"LookupEvents {key}={value}: {len(wrong)} other events, {wrong[0]}")


def _has(event, key, value, value_of):
    if key.startswith("Resource"):
        return any(resource.get(key) == value for resource in event["Resources"])
    return value_of(event) == value


def _region(problems, aws):
    """Global services are recorded in us-east-1 alone."""
    events = lookup(aws.client("cloudtrail", "eu-central-1"), pages=2)
    strays = [event["EventName"] for event in events if event["EventSource"] == "iam.amazonaws.com"]
    if strays:
        problems.append(f"LookupEvents in eu-central-1: events of IAM, {strays[:5]}")
