"""What must be refused: a table of requests, with the code and status that AWS answers."""

import dataclasses
import datetime
from collections.abc import Callable

NOW = datetime.datetime.now(datetime.timezone.utc)


@dataclasses.dataclass
class Signed:
    """With what a request is signed."""

    key: str = "AKIACONFORMANCETESTS"
    secret: str | None = None
    moved: datetime.timedelta = datetime.timedelta()


@dataclasses.dataclass
class Request:
    """A request built by hand."""

    name: str
    service: str
    operation: str
    expected: list
    body: Callable = lambda _: {}
    signed: Signed | None = dataclasses.field(default_factory=Signed)
    headers: dict = dataclasses.field(default_factory=dict)
    # Another X-Amz-Target operation, or another path of a REST service.
    target: str | None = None


@dataclasses.dataclass
class Call:
    """A call through boto3 with wrong parameters."""

    name: str
    service: str
    operation: str
    expected: list
    parameters: Callable


def facts(boto):
    """What exists: names and ids that the wrong requests need."""
    iam = boto.client("iam")
    users = iam.list_users()["Users"]
    room_for_a_key = [
        user["UserName"]
        for user in users
        if len(iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]) < 2
    ]
    guardduty = boto.client("guardduty")
    detector = guardduty.list_detectors()["DetectorIds"][0]
    events = boto.client("cloudtrail").lookup_events(MaxResults=1)
    findings = guardduty.list_findings(DetectorId=detector, MaxResults=1)
    sessions = boto.client("ssm").describe_sessions(State="History", MaxResults=1)
    return {
        "user": users[0]["UserName"],
        "room_for_a_key": room_for_a_key[0],
        "detector": detector,
        "events_token": events.get("NextToken", "none"),
        "findings_token": findings.get("NextToken", "none"),
        "sessions_token": sessions.get("NextToken", "none"),
        "users_marker": iam.list_users(MaxItems=1).get("Marker", "none"),
    }


# One harmless operation of each service, and how its protocol refuses.
PLAIN = {
    "iam": ("ListUsers", lambda _: {}),
    "sts": ("GetCallerIdentity", lambda _: {}),
    "guardduty": ("ListDetectors", lambda _: {}),
    "cloudtrail": ("LookupEvents", lambda _: {"MaxResults": 1}),
    "ssm": ("DescribeSessions", lambda _: {"State": "Active"}),
    "kms": ("DescribeKey", lambda _: {"KeyId": "alias/sessions"}),
    "secretsmanager": ("DeleteSecret", lambda _: {"SecretId": "nothing", "ForceDeleteWithoutRecovery": True}),
}
QUERY = ("iam", "sts")
UNSIGNED = {
    "iam": [(403, "MissingAuthenticationToken")],
    "sts": [(403, "MissingAuthenticationToken")],
    "guardduty": [(403, "MissingAuthenticationTokenException")],
    "cloudtrail": [(400, "MissingAuthenticationTokenException")],
    "ssm": [(400, "MissingAuthenticationTokenException")],
}
# The API references print 400 for IncompleteSignature, the services answer 403 too.
GARBLED = {
    "iam": [(400, "IncompleteSignature"), (403, "IncompleteSignature")],
    "sts": [(400, "IncompleteSignature"), (403, "IncompleteSignature")],
    "guardduty": [(403, "IncompleteSignatureException"), (400, "IncompleteSignatureException")],
    "cloudtrail": [(400, "IncompleteSignatureException")],
    "ssm": [(400, "IncompleteSignatureException")],
}
BAD_SIGNATURE = {
    "iam": [(403, "SignatureDoesNotMatch")],
    "sts": [(403, "SignatureDoesNotMatch")],
    "guardduty": [(403, "InvalidSignatureException")],
    "cloudtrail": [(400, "InvalidSignatureException")],
    "ssm": [(400, "InvalidSignatureException")],
}
BAD_KEY = {
    "iam": [(403, "InvalidClientTokenId")],
    "sts": [(403, "InvalidClientTokenId")],
    "guardduty": [(403, "UnrecognizedClientException")],
    "cloudtrail": [(400, "UnrecognizedClientException")],
    "ssm": [(400, "UnrecognizedClientException")],
}
# The services of one protocol refuse alike.
for table in (UNSIGNED, GARBLED, BAD_SIGNATURE, BAD_KEY):
    table |= {"kms": table["ssm"], "secretsmanager": table["ssm"]}


def _for_each_service():
    cases = []
    for service, (operation, body) in PLAIN.items():
        cases += [
            Request("no Authorization", service, operation, UNSIGNED[service], body, signed=None),
            Request(
                "a garbled Authorization",
                service,
                operation,
                GARBLED[service],
                body,
                headers={"Authorization": "AWS4-HMAC-SHA256 nonsense"},
            ),
            Request(
                "an Authorization of another kind",
                service,
                operation,
                GARBLED[service],
                body,
                headers={"Authorization": "Bearer nonsense"},
            ),
            Request(
                "signed two hours ago",
                service,
                operation,
                BAD_SIGNATURE[service],
                body,
                signed=Signed(moved=datetime.timedelta(hours=-2)),
            ),
            Request(
                "signed two hours ahead",
                service,
                operation,
                BAD_SIGNATURE[service],
                body,
                signed=Signed(moved=datetime.timedelta(hours=2)),
            ),
        ]
    return cases


INVALID_ACTION = [(400, "InvalidAction")]
UNKNOWN = [(400, "UnknownOperationException")]
NOT_READ = [(400, "SerializationException")]
VALIDATION = [(400, "ValidationError")]
JSON_VALIDATION = [(400, "ValidationException")]
BAD_REQUEST = [(400, "BadRequestException")]

RAW = [
    *_for_each_service(),
    Request("an unknown action", "iam", "ListUsers", INVALID_ACTION, lambda _: {"Action": "ListDwarves"}),
    Request("an unknown action", "sts", "GetCallerIdentity", INVALID_ACTION, lambda _: {"Action": "GetDwarf"}),
    Request("a wrong version", "iam", "ListUsers", INVALID_ACTION, lambda _: {"Version": "2000-01-01"}),
    Request("a wrong version", "sts", "GetCallerIdentity", INVALID_ACTION, lambda _: {"Version": "2010-05-08"}),
    Request(
        "no action", "iam", "ListUsers", [(400, "MissingAction"), (400, "InvalidAction")], lambda _: {"Action": None}
    ),
    Request(
        "MaxItems is a word", "iam", "ListUsers", [*VALIDATION, (400, "MalformedInput")], lambda _: {"MaxItems": "x"}
    ),
    Request("an unknown operation", "cloudtrail", "LookupEvents", UNKNOWN, target="LookupDwarves"),
    Request("an unknown operation", "ssm", "DescribeSessions", UNKNOWN, target="DescribeDwarves"),
    Request(
        "an unknown path", "guardduty", "ListDetectors", [(404, "UnknownOperationException")], target="/dwarves/seven"
    ),
    Request("a body that is not JSON", "cloudtrail", "LookupEvents", NOT_READ, lambda _: '{"MaxResults": '),
    Request("a body that is not JSON", "ssm", "DescribeSessions", NOT_READ, lambda _: "State=Active"),
    Request("a body that is not JSON", "guardduty", "ListFindings", BAD_REQUEST, lambda _: '{"maxResults": '),
    Request("a body that is a list", "cloudtrail", "LookupEvents", NOT_READ, lambda _: "[1]"),
    Request("a body that is a list", "ssm", "DescribeSessions", NOT_READ, lambda _: "[1]"),
    Request("MaxResults is a word", "cloudtrail", "LookupEvents", NOT_READ, lambda _: {"MaxResults": "x"}),
    Request("State is a number", "ssm", "DescribeSessions", NOT_READ, lambda _: {"State": 1}),
    Request("ids are a word", "guardduty", "GetFindings", BAD_REQUEST, lambda _: {"findingIds": "x"}),
]


def _hours_ago(hours):
    return NOW - datetime.timedelta(hours=hours)


INVALID_MAX = [(400, "InvalidMaxResultsException"), *JSON_VALIDATION]
INVALID_ATTRIBUTES = [(400, "InvalidLookupAttributesException")]
NO_SUCH = [(404, "NoSuchEntity")]


def _attribute(key, value):
    return {"AttributeKey": key, "AttributeValue": value}


CALLS = [
    Call("MaxItems=0", "iam", "ListUsers", VALIDATION, lambda _: {"MaxItems": 0}),
    Call("MaxItems=1001", "iam", "ListUsers", VALIDATION, lambda _: {"MaxItems": 1001}),
    Call("a Marker of nobody", "iam", "ListUsers", VALIDATION, lambda _: {"Marker": "nonsense"}),
    Call(
        "a Marker of another list",
        "iam",
        "ListRoles",
        VALIDATION,
        lambda facts: {"Marker": facts["users_marker"]},
    ),
    Call("a name with a space", "iam", "GetUser", VALIDATION, lambda _: {"UserName": "a b"}),
    Call("a user who is not there", "iam", "GetUser", NO_SUCH, lambda _: {"UserName": "nobody-at-all"}),
    Call("keys of nobody", "iam", "ListAccessKeys", NO_SUCH, lambda _: {"UserName": "nobody-at-all"}),
    Call("devices of nobody", "iam", "ListMFADevices", NO_SUCH, lambda _: {"UserName": "nobody-at-all"}),
    Call("groups without a user", "iam", "ListGroupsForUser", VALIDATION, lambda _: {}),
    Call("groups of nobody", "iam", "ListGroupsForUser", NO_SUCH, lambda _: {"UserName": "nobody-at-all"}),
    Call("a password of nobody", "iam", "GetLoginProfile", NO_SUCH, lambda _: {"UserName": "nobody-at-all"}),
    Call("a key for nobody", "iam", "CreateAccessKey", NO_SUCH, lambda _: {"UserName": "nobody-at-all"}),
    Call(
        "a status that is none",
        "iam",
        "UpdateAccessKey",
        VALIDATION,
        lambda facts: {"UserName": facts["user"], "AccessKeyId": "AKIA0123456789ABCDEF", "Status": "Asleep"},
    ),
    Call(
        "a key that is not there",
        "iam",
        "UpdateAccessKey",
        NO_SUCH,
        lambda facts: {"UserName": facts["user"], "AccessKeyId": "AKIA0123456789ABCDEF", "Status": "Inactive"},
    ),
    Call(
        "deleting a key that is not there",
        "iam",
        "DeleteAccessKey",
        NO_SUCH,
        lambda facts: {"UserName": facts["user"], "AccessKeyId": "AKIA0123456789ABCDEF"},
    ),
    Call(
        "a role that is not there",
        "sts",
        "AssumeRole",
        [(403, "AccessDenied")],
        lambda _: {"RoleArn": "arn:aws:iam::111122223333:role/nobody", "RoleSessionName": "test"},
    ),
    Call("a session of one second", "sts", "GetSessionToken", VALIDATION, lambda _: {"DurationSeconds": 1}),
    Call("a detector that is not there", "guardduty", "ListFindings", BAD_REQUEST, lambda _: {"DetectorId": "0" * 32}),
    Call("a detector that is not there", "guardduty", "GetDetector", BAD_REQUEST, lambda _: {"DetectorId": "0" * 32}),
    Call(
        "51 ids",
        "guardduty",
        "GetFindings",
        BAD_REQUEST,
        lambda facts: {"DetectorId": facts["detector"], "FindingIds": [f"{number:032x}" for number in range(51)]},
    ),
    Call(
        "51 ids",
        "guardduty",
        "ArchiveFindings",
        BAD_REQUEST,
        lambda facts: {"DetectorId": facts["detector"], "FindingIds": [f"{number:032x}" for number in range(51)]},
    ),
    Call(
        "MaxResults=51",
        "guardduty",
        "ListFindings",
        BAD_REQUEST,
        lambda facts: {"DetectorId": facts["detector"], "MaxResults": 51},
    ),
    Call(
        "MaxResults=0",
        "guardduty",
        "ListFindings",
        BAD_REQUEST,
        lambda facts: {"DetectorId": facts["detector"], "MaxResults": 0},
    ),
    Call(
        "a NextToken of nobody",
        "guardduty",
        "ListFindings",
        BAD_REQUEST,
        lambda facts: {"DetectorId": facts["detector"], "NextToken": "nonsense"},
    ),
    Call(
        "an operator that is none",
        "guardduty",
        "ListFindings",
        BAD_REQUEST,
        lambda facts: {
            "DetectorId": facts["detector"],
            "FindingCriteria": {"Criterion": {"severity": {"Eq": ["1"], "Gte": 3}, "": {"Eq": ["x"]}}},
        },
    ),
    Call(
        "two lookup attributes",
        "cloudtrail",
        "LookupEvents",
        INVALID_ATTRIBUTES,
        lambda _: {"LookupAttributes": [_attribute("EventName", "A"), _attribute("ReadOnly", "true")]},
    ),
    Call(
        "an attribute that is none",
        "cloudtrail",
        "LookupEvents",
        [*INVALID_ATTRIBUTES, *JSON_VALIDATION],
        lambda _: {"LookupAttributes": [_attribute("Colour", "red")]},
    ),
    Call("MaxResults=0", "cloudtrail", "LookupEvents", INVALID_MAX, lambda _: {"MaxResults": 0}),
    Call("MaxResults=51", "cloudtrail", "LookupEvents", INVALID_MAX, lambda _: {"MaxResults": 51}),
    Call(
        "a reversed time range",
        "cloudtrail",
        "LookupEvents",
        [(400, "InvalidTimeRangeException")],
        lambda _: {"StartTime": _hours_ago(1), "EndTime": _hours_ago(3)},
    ),
    Call(
        "a NextToken of nobody",
        "cloudtrail",
        "LookupEvents",
        [(400, "InvalidNextTokenException")],
        lambda _: {"NextToken": "nonsense"},
    ),
    Call(
        "a NextToken of another question",
        "cloudtrail",
        "LookupEvents",
        [(400, "InvalidNextTokenException")],
        lambda facts: {"NextToken": facts["events_token"], "LookupAttributes": [_attribute("ReadOnly", "true")]},
    ),
    Call("no State", "ssm", "DescribeSessions", JSON_VALIDATION, lambda _: {}),
    Call("a State that is none", "ssm", "DescribeSessions", JSON_VALIDATION, lambda _: {"State": "Asleep"}),
    Call(
        "a NextToken of nobody",
        "ssm",
        "DescribeSessions",
        [(400, "InvalidNextToken")],
        lambda _: {"State": "Active", "NextToken": "nonsense"},
    ),
    Call(
        "a filter that is none",
        "ssm",
        "DescribeSessions",
        [(400, "InvalidFilterKey"), *JSON_VALIDATION],
        lambda _: {"State": "Active", "Filters": [{"key": "Colour", "value": "red"}]},
    ),
    Call("MaxResults=4", "ssm", "DescribeInstanceInformation", JSON_VALIDATION, lambda _: {"MaxResults": 4}),
    Call("MaxResults=51", "ssm", "DescribeInstanceInformation", JSON_VALIDATION, lambda _: {"MaxResults": 51}),
    Call(
        "a NextToken of nobody",
        "ssm",
        "DescribeInstanceInformation",
        [(400, "InvalidNextToken")],
        lambda _: {"NextToken": "nonsense"},
    ),
    Call("no target", "ssm", "GetConnectionStatus", JSON_VALIDATION, lambda _: {}),
]


def keys(raw, facts):
    """Cases with a real key: its wrong secret, and the key switched off."""
    iam = raw.boto.client("iam")
    user = facts["room_for_a_key"]
    key = iam.create_access_key(UserName=user)["AccessKey"]
    for service, (operation, body) in PLAIN.items():
        yield Request("the wrong secret", service, operation, BAD_SIGNATURE[service], body, Signed(key["AccessKeyId"]))
    # The other way round: a request built by hand and signed as it should be is no refusal.
    for service, (operation, body) in PLAIN.items():
        signed = Signed(key["AccessKeyId"], key["SecretAccessKey"])
        yield Request("signed as it should be", service, operation, [(200, "no error")], body, signed)
    iam.update_access_key(UserName=user, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    for service, (operation, body) in PLAIN.items():
        signed = Signed(key["AccessKeyId"], key["SecretAccessKey"])
        yield Request("a key that is switched off", service, operation, BAD_KEY[service], body, signed)
    iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
