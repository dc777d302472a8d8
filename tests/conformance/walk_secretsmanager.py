"""Secrets Manager through boto3: a secret whose value changes by pending, current and previous versions."""

import json
import uuid

from emulated import refusal

OLD, NEW = json.dumps({"AccessKeyId": "AKIAOLD"}), json.dumps({"AccessKeyId": "AKIANEW"})


def walk(aws, _scenario):
    problems = []
    secrets = aws.client("secretsmanager")
    name = "team/ada-key"
    made = secrets.create_secret(Name=name, Description="a key", SecretString=OLD, Tags=[{"Key": "a", "Value": "b"}])
    first, second = made["VersionId"], str(uuid.uuid4())
    for _ in range(2):
        put = secrets.put_secret_value(
            SecretId=name, ClientRequestToken=second, SecretString=NEW, VersionStages=["AWSPENDING"]
        )
        if (put["VersionId"], put["VersionStages"]) != (second, ["AWSPENDING"]):
            problems.append(f"PutSecretValue: {put}")
    _holds(problems, secrets, name, {"AWSCURRENT": OLD, "AWSPENDING": NEW})
    _refused(problems, secrets, name, first, second)
    secrets.update_secret_version_stage(
        SecretId=made["ARN"], VersionStage="AWSCURRENT", RemoveFromVersionId=first, MoveToVersionId=second
    )
    _holds(problems, secrets, name, {"AWSCURRENT": NEW, "AWSPREVIOUS": OLD, "AWSPENDING": NEW})
    secrets.update_secret_version_stage(SecretId=name, VersionStage="AWSPENDING", RemoveFromVersionId=second)
    stages = {first: ["AWSPREVIOUS"], second: ["AWSCURRENT"]}
    if secrets.describe_secret(SecretId=made["ARN"][:-7])["VersionIdsToStages"] != stages:
        problems.append("DescribeSecret: labels are not where they were moved")
    secrets.put_secret_value(SecretId=name, SecretBinary=b"\x00\xff")
    if secrets.get_secret_value(SecretId=name)["SecretBinary"] != b"\x00\xff":
        problems.append("GetSecretValue: not the bytes of PutSecretValue")
    _versions(problems, secrets, name, {first, second})
    secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    if "DeletedDate" not in secrets.describe_secret(SecretId=name):
        problems.append("DescribeSecret: no DeletedDate after DeleteSecret")
    for operation, parameters in (("get_secret_value", {"SecretId": name}), ("create_secret", {"Name": name})):
        code = refusal(getattr(secrets, operation), **parameters)
        if code != "InvalidRequestException":
            problems.append(f"{operation} of what is marked for deletion: {code}")
    secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    if refusal(secrets.describe_secret, SecretId=name) != "ResourceNotFoundException":
        problems.append("DescribeSecret: still there after DeleteSecret without recovery")
    return problems


def _holds(problems, secrets, name, wanted):
    for stage, text in wanted.items():
        found = secrets.get_secret_value(SecretId=name, VersionStage=stage)["SecretString"]
        if found != text:
            problems.append(f"GetSecretValue {stage}: {found}, not {text}")


def _refused(problems, secrets, name, first, second):
    move = {"SecretId": name, "VersionStage": "AWSCURRENT"}
    token = {"SecretId": name, "ClientRequestToken": second}
    for wanted, operation, parameters in [
        ("ResourceExistsException", "create_secret", {"Name": name, "SecretString": NEW}),
        ("ResourceExistsException", "put_secret_value", token | {"SecretString": "another"}),
        ("InvalidRequestException", "put_secret_value", {"SecretId": name}),
        ("InvalidParameterException", "put_secret_value", token | {"SecretString": "a", "SecretBinary": b"a"}),
        ("InvalidParameterException", "put_secret_value", {"SecretId": name, "VersionStages": ["a"] * 21, "SecretString": "a"}),
        ("InvalidParameterException", "update_secret_version_stage", move | {"MoveToVersionId": second}),
        ("InvalidParameterException", "update_secret_version_stage", move | {"RemoveFromVersionId": first}),
        ("InvalidParameterException", "update_secret_version_stage", move | {"RemoveFromVersionId": second}),
        ("ResourceNotFoundException", "update_secret_version_stage", move | {"MoveToVersionId": "0" * 32}),
        ("ResourceNotFoundException", "get_secret_value", {"SecretId": name, "VersionStage": "AWSPREVIOUS"}),
        ("ResourceNotFoundException", "get_secret_value", {"SecretId": "nothing"}),
        ("InvalidParameterException", "delete_secret", {"SecretId": name, "RecoveryWindowInDays": 3}),
        ("ValidationException", "create_secret", {"Name": "a b"}),
    ]:
        code = refusal(getattr(secrets, operation), **parameters)
        if code != wanted:
            problems.append(f"{operation} {sorted(parameters)}: {code}, not {wanted}")


def _versions(problems, secrets, name, known):
    """The first version lost its last label: it is listed only where deprecated ones are asked for."""
    labelled = secrets.list_secret_version_ids(SecretId=name, MaxResults=1)
    more = secrets.list_secret_version_ids(SecretId=name, MaxResults=1, NextToken=labelled["NextToken"])
    if "NextToken" in more or labelled["Versions"] == more["Versions"]:
        problems.append("ListSecretVersionIds: pages of one do not end after two versions")
    every = secrets.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]
    if len(every) != 3 or not known <= {version["VersionId"] for version in every}:
        problems.append(f"ListSecretVersionIds: {len(every)} versions, not 3")
