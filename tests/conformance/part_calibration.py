"""The strict reader must be able to fail: moto's successful answers have deviations, and it must find them."""

import contextlib
import json

import botocore.exceptions
import botocore.session

import programs
from clients import Boto
from shapes import Answer, deviations

# What moto 5.2.5 is known to get wrong; each of these must be found, by path.
KNOWN = {
    ("cloudtrail", "CreateTrail"): "the model has no such member",
    ("guardduty", "GetFilter"): "null",
    ("guardduty", "GetAdministratorAccount"): "required, and not there",
    ("iam", "UploadSSHPublicKey"): "at least 48 by the model",
}
KEY = "ssh-rsa " + "A" * 64 + " somebody"


def run(report):
    with programs.moto() as endpoint:
        aws = Boto(endpoint)
        _talk(aws)
    found = {}
    for answer in aws.answers:
        if answer.status < 300 and answer.service != "s3":
            found.setdefault((answer.service, answer.operation.name), []).extend(
                line for line in deviations(answer) if not _is_transport(line)
            )
    missed = [
        f"{service} {name}: {words!r} not found in {found.get((service, name))}"
        for (service, name), words in KNOWN.items()
        if not any(words in line for line in found.get((service, name), []))
    ]
    count = sum(len(lines) for lines in found.values())
    operations = sum(1 for lines in found.values() if lines)
    if count == 0:
        missed.append("no deviation found at all: the reader is blind")
    note = f"{count} deviations of moto in {operations} of {len(found)} operations"
    report.check("the strict reader finds what moto gets wrong", missed, note)
    _damage(report)


def _is_transport(line):
    """moto's headers differ everywhere; what counts here are the bodies."""
    return line.startswith(("content type", "header "))


def _talk(aws):
    """Answers of moto over the five services, good and bad."""
    iam, sts = aws.client("iam"), aws.client("sts")
    guardduty, cloudtrail, ssm = aws.client("guardduty"), aws.client("cloudtrail"), aws.client("ssm")
    calls = [
        lambda: iam.create_user(UserName="ann"),
        lambda: iam.create_access_key(UserName="ann"),
        lambda: iam.list_users(),
        lambda: iam.list_access_keys(UserName="ann"),
        lambda: iam.create_login_profile(UserName="ann", Password="Not.A.Secret.1"),
        lambda: iam.upload_ssh_public_key(UserName="ann", SSHPublicKeyBody=KEY),
        lambda: iam.get_account_summary(),
        lambda: iam.generate_credential_report(),
        lambda: iam.generate_credential_report(),
        lambda: iam.get_credential_report(),
        lambda: iam.get_account_authorization_details(),
        lambda: sts.get_caller_identity(),
        lambda: sts.get_session_token(),
        lambda: sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/somebody", RoleSessionName="test"),
        lambda: cloudtrail.create_trail(Name="trail", S3BucketName="bucket-for-the-trail"),
        lambda: cloudtrail.describe_trails(),
        lambda: cloudtrail.list_trails(),
        lambda: ssm.describe_parameters(),
        lambda: ssm.put_parameter(Name="name", Value="value", Type="String"),
        lambda: ssm.get_parameter(Name="name"),
        lambda: ssm.list_documents(),
        lambda: ssm.send_command(InstanceIds=["i-0123456789abcdef0"], DocumentName="AWS-RunShellScript"),
        lambda: ssm.list_commands(),
    ]
    for call in calls:
        with contextlib.suppress(botocore.exceptions.ClientError):
            call()
    aws.client("s3").create_bucket(Bucket="bucket-for-the-trail")
    cloudtrail.create_trail(Name="trail", S3BucketName="bucket-for-the-trail")
    cloudtrail.get_trail_status(Name="trail")
    detector = guardduty.create_detector(Enable=True)["DetectorId"]
    guardduty.get_detector(DetectorId=detector)
    guardduty.create_filter(DetectorId=detector, Name="filter", FindingCriteria={"Criterion": {"severity": {"Gte": 7}}})
    guardduty.get_filter(DetectorId=detector, FilterName="filter")
    guardduty.get_administrator_account(DetectorId=detector)


USERS = """<ListUsersResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListUsersResult>
<Users><member><Path>/</Path><UserName>ann</UserName><UserId>AIDA0123456789ABCDEF</UserId>
<Arn>arn:aws:iam::111122223333:user/ann</Arn><CreateDate>2026-01-02T03:04:05Z</CreateDate></member></Users>
<IsTruncated>false</IsTruncated></ListUsersResult><ResponseMetadata>
<RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId></ResponseMetadata></ListUsersResponse>"""
SESSIONS = json.dumps(
    {
        "Sessions": [
            {
                "SessionId": "ann-0123456789abcdef0",
                "Target": "i-0123456789abcdef0",
                "Status": "Connected",
                "StartDate": 1767323045.123,
                "Owner": "arn:aws:iam::111122223333:user/ann",
            }
        ]
    }
)
DENIED = """<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>
<Code>AccessDenied</Code><Message>no</Message></Error>
<RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId></ErrorResponse>"""

# A faithful answer, what to put in the place of what, and the words that must tell of it.
DAMAGE = [
    ("iam", "ListUsers", 200, USERS, "<Path>/</Path>", "", "required, and not there"),
    ("iam", "ListUsers", 200, USERS, "<Path>/</Path>", "<Path>/</Path><Path>/</Path>", "given twice"),
    ("iam", "ListUsers", 200, USERS, "<Path>/</Path>", "<Path>/</Path><Age>1</Age>", "no such member"),
    ("iam", "ListUsers", 200, USERS, "<Path>/</Path>", "<Path>ann</Path>", "does not match"),
    ("iam", "ListUsers", 200, USERS, "false", "False", "not true or false"),
    ("iam", "ListUsers", 200, USERS, "03:04:05Z", "03:04:05", "not an ISO 8601 time"),
    ("iam", "ListUsers", 200, USERS, "member>", "item>", "not member"),
    ("iam", "ListUsers", 200, USERS, "doc/2010-05-08/", "doc/2010-05-08", "namespace"),
    ("iam", "ListUsers", 200, USERS, "89ab-cdef", "89ab-0000", "differs from the header"),
    ("iam", "ListUsers", 200, USERS, "</ListUsersResponse>", "", "cannot be read"),
    ("iam", "ListUsers", 403, DENIED, "AccessDenied", "Forbidden", "neither modelled nor common"),
    ("iam", "ListUsers", 400, DENIED, "", "", "came with HTTP 400"),
    ("iam", "ListUsers", 403, DENIED, "ErrorResponse", "Response", "not ErrorResponse"),
    ("iam", "ListUsers", 403, DENIED, "Sender", "Receiver", "Error.Type"),
    ("ssm", "DescribeSessions", 200, SESSIONS, '"Connected"', '"Active"', "not one of"),
    ("ssm", "DescribeSessions", 200, SESSIONS, "1767323045.123", '"2026-01-02T03:04:05Z"', "not seconds since"),
    ("ssm", "DescribeSessions", 200, SESSIONS, "1767323045.123", "1767323045123", "is not in seconds"),
    ("ssm", "DescribeSessions", 200, SESSIONS, "1767323045.123", "null", "null"),
    ("ssm", "DescribeSessions", 200, SESSIONS, "1767323045.123", "NaN", "is not JSON"),
    ("ssm", "DescribeSessions", 200, SESSIONS, "Owner", "Status", "given twice"),
    ("ssm", "DescribeSessions", 200, SESSIONS, "Owner", "owner", "no such member"),
    ("ssm", "DescribeSessions", 200, SESSIONS, '"Target": "i-0123456789abcdef0"', '"Target": 7', "not a string"),
]


def _damage(report):
    """Faithful answers pass; each damaged one is found out."""
    models = botocore.session.get_session()
    problems = []
    for service, name, status, body, old, new, words in DAMAGE:
        operation = models.get_service_model(service).operation_model(name)
        good = deviations(_answer(operation, 403 if body is DENIED else 200, body))
        if good:
            problems.append(f"{name}: a faithful answer was refused: {good}")
        found = deviations(_answer(operation, status, body.replace(old, new) if old else body))
        if not any(words in line for line in found):
            problems.append(f"{name}: {old!r} -> {new!r} was not found ({words!r}), only {found}")
    report.check("the strict reader finds every kind of damage", problems, f"{len(DAMAGE)} kinds")


def _answer(operation, status, body):
    headers = {
        "Content-Type": "text/xml" if body.startswith("<") else "application/x-amz-json-1.1",
        "x-amzn-RequestId": "01234567-89ab-cdef-0123-456789abcdef",
        "Date": "Sat, 21 Nov 2026 22:00:00 GMT",
    }
    return Answer(operation, status, headers, body.encode())
