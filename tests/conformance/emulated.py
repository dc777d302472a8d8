"""Which operations the emulator offers, found by asking for every operation of botocore's models."""

import botocore.exceptions
from botocore import xform_name

from clients import Boto

SERVICES = ("iam", "sts", "guardduty", "cloudtrail", "ssm", "kms", "secretsmanager")
UNKNOWN = {"InvalidAction", "UnknownOperationException"}
NOTHING_THERE = {"NoSuchEntity", "InvalidDocument"}


def offered(call, *arguments, **parameters):
    """The answer, or nothing where the emulator has no such operation or no such thing."""
    try:
        return call(*arguments, **parameters)
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in UNKNOWN | NOTHING_THERE:
            return None
        raise


def refusal(call, *arguments, **parameters):
    """The code with which a call is refused, or `no error`."""
    try:
        call(*arguments, **parameters)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return "no error"


def operations(endpoint):
    """For each service the operations that are not refused as unknown."""
    aws = Boto(endpoint, keep=False, validate=False)
    found = {}
    for service in SERVICES:
        client = aws.client(service)
        model = client.meta.service_model
        found[service] = {
            name for name in model.operation_names if _is_known(client, name, model.operation_model(name))
        }
    return found


def _is_known(client, name, operation):
    if operation.auth_type == "none":
        # Not signed, so refused before anybody looks which operation it is.
        return False
    try:
        getattr(client, xform_name(name))(**_smallest(operation.input_shape))
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"] not in UNKNOWN
    except (botocore.exceptions.BotoCoreError, ValueError):
        # Answered, with something that cannot be read: known, and the walks will tell what is wrong with it.
        return True
    return True


def _smallest(shape, depth=0):
    """The smallest value of a shape that botocore can write: only what is required, with made-up words."""
    if shape is None:
        return {}
    if shape.type_name == "structure":
        if depth > 6:
            return {}
        return {name: _smallest(shape.members[name], depth + 1) for name in shape.required_members}
    if shape.type_name == "list":
        return [_smallest(shape.member, depth + 1)]
    if shape.type_name == "map":
        return {}
    if shape.type_name == "string":
        words = getattr(shape, "enum", None)
        return words[0] if words else "x" * max(1, int(shape.metadata.get("min", 1)))
    if shape.type_name == "boolean":
        return False
    if shape.type_name == "timestamp":
        return 1_767_323_045
    if shape.type_name == "blob":
        return b"x"
    return max(1, int(float(shape.metadata.get("min", 1))))
