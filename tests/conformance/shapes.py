"""A strict reader of raw answers: every byte held against botocore's own model of the operation.

botocore's parsers are lenient on purpose: they drop unknown members, accept words that no enum has and never miss a
required member. Here each of these is a deviation, told as one line with the path of the member.
"""

import base64
import binascii
import datetime
import email.utils
import json
import math
import re
from xml.etree import ElementTree

import regex

CONTENT_TYPES = {
    "query": "text/xml",
    "json": "application/x-amz-json-1.1",
    "rest-json": "application/json",
}

# Codes that any operation may answer with, modelled or not, and their HTTP status:
# "Common errors" of the IAM, STS, CloudTrail, SSM and GuardDuty API references.
COMMON_ERRORS = {
    "query": {
        "AccessDenied": {403},
        "AccessDeniedException": {403},
        "ExpiredToken": {403},
        "IncompleteSignature": {400, 403},
        "InternalFailure": {500},
        "InvalidAction": {400},
        "InvalidClientTokenId": {403},
        "MalformedQueryString": {404, 400},
        "MissingAction": {400},
        "MissingAuthenticationToken": {403},
        "NoSuchEntity": {404},
        "OptInRequired": {403},
        "RequestExpired": {400, 403},
        "ServiceUnavailable": {503},
        "SignatureDoesNotMatch": {403},
        "Throttling": {400},
        "ValidationError": {400},
    },
    "json": {
        "AccessDeniedException": {400},
        "ExpiredTokenException": {400},
        "IncompleteSignatureException": {400},
        "InternalServerError": {500},
        "InternalServerErrorException": {500},
        "InvalidSignatureException": {400},
        "MissingAuthenticationTokenException": {400},
        "SerializationException": {400},
        "ServiceUnavailable": {503},
        "ThrottlingException": {400},
        "UnknownOperationException": {400},
        "UnrecognizedClientException": {400},
        "ValidationException": {400},
    },
    "rest-json": {
        "AccessDeniedException": {403},
        "ExpiredTokenException": {403},
        "IncompleteSignatureException": {403, 400},
        "InvalidSignatureException": {403},
        "MissingAuthenticationTokenException": {403},
        "ThrottlingException": {429},
        "TooManyRequestsException": {429},
        "UnknownOperationException": {404},
        "UnrecognizedClientException": {403},
    },
}

ISO_8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
RFC_822 = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
REQUEST_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Answer:
    """One answer as it came over the wire."""

    def __init__(self, operation, status, headers, body):
        self.operation = operation
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body

    @property
    def service(self):
        return self.operation.service_model.service_name

    @property
    def name(self):
        return f"{self.service} {self.operation.name}"

    @property
    def protocol(self):
        return self.operation.service_model.metadata["protocol"]


def deviations(answer):
    """Everything in which `answer` differs from the model, one line each; an empty list is a faithful answer."""
    found = []
    _check_headers(answer, found)
    try:
        if answer.status >= 300:
            _check_error(answer, found)
        elif answer.protocol == "query":
            _check_query_success(answer, found)
        else:
            _check_json_success(answer, found)
    except (ElementTree.ParseError, ValueError) as error:
        found.append(f"body cannot be read: {error}")
    return found


def _check_headers(answer, found):
    content_type = answer.headers.get("content-type", "")
    if content_type.split(";")[0].strip() != CONTENT_TYPES[answer.protocol]:
        found.append(f"content type is {content_type!r}, not {CONTENT_TYPES[answer.protocol]!r}")
    request_id = answer.headers.get("x-amzn-requestid", "")
    if not REQUEST_ID.fullmatch(request_id):
        found.append(f"header x-amzn-RequestId is {request_id!r}, not a request id")
    date = answer.headers.get("date", "")
    if not RFC_822.fullmatch(date) or email.utils.parsedate_to_datetime(date) is None:
        found.append(f"header Date is {date!r}, not a date (SDKs read the clock skew from it)")
    length = answer.headers.get("content-length")
    if length is not None and int(length) != len(answer.body):
        found.append(f"header Content-Length is {length}, the body has {len(answer.body)} bytes")


# ---- JSON -----------------------------------------------------------------------------------------------------------


def _unique_members(pairs):
    names = [name for name, _ in pairs]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"member given twice: {sorted(twice)}")
    return dict(pairs)


def _no_such_number(word):
    raise ValueError(f"{word} is not JSON")


def read_json(body):
    """Parses JSON as the standard has it: no member twice, no NaN, UTF-8."""
    return json.loads(body.decode("utf-8"), object_pairs_hook=_unique_members, parse_constant=_no_such_number)


def _check_json_success(answer, found):
    shape = answer.operation.output_shape
    if shape is None or not shape.members:
        if answer.protocol == "json" and answer.body not in (b"", b"{}"):
            found.append("an operation without output answers with `{}` or nothing")
        elif answer.body and read_json(answer.body) != {}:
            found.append("an operation without output answers with `{}`")
        return
    body_members = {
        name: member for name, member in shape.members.items() if member.serialization.get("location") is None
    }
    _check_json_structure(shape, read_json(answer.body), answer.operation.name, found, body_members)


def _check_json(shape, value, path, found):
    if value is None:
        found.append(f"{path}: null; AWS leaves a member without a value out")
        return
    checks = {
        "structure": _check_json_structure,
        "list": _check_json_list,
        "map": _check_json_map,
        "string": _check_json_string,
        "boolean": _check_json_boolean,
        "integer": _check_json_integer,
        "long": _check_json_integer,
        "double": _check_json_number,
        "float": _check_json_number,
        "timestamp": _check_json_timestamp,
        "blob": _check_json_blob,
    }
    checks[shape.type_name](shape, value, path, found)


def _check_json_structure(shape, value, path, found, members=None):
    if not isinstance(value, dict):
        found.append(f"{path}: {type(value).__name__}, not a structure")
        return
    members = shape.members if members is None else members
    by_wire_name = {member.serialization.get("name", name): (name, member) for name, member in members.items()}
    for wire_name, member_value in value.items():
        known = by_wire_name.get(wire_name)
        if known is None:
            found.append(f"{path}.{wire_name}: the model has no such member")
        else:
            _check_json(known[1], member_value, f"{path}.{known[0]}", found)
    given = {by_wire_name[wire_name][0] for wire_name in value if wire_name in by_wire_name}
    _check_required(shape, given, path, found)


def _check_required(shape, given, path, found):
    for name in shape.required_members:
        if name not in given:
            found.append(f"{path}.{name}: required, and not there")
    if getattr(shape, "is_tagged_union", False) and len(given) != 1:
        found.append(f"{path}: a union has exactly one member, this one has {len(given)}")


def _check_json_list(shape, value, path, found):
    if not isinstance(value, list):
        found.append(f"{path}: {type(value).__name__}, not a list")
        return
    _check_range(shape, len(value), path, "entries", found)
    for index, item in enumerate(value):
        _check_json(shape.member, item, f"{path}[{index}]", found)


def _check_json_map(shape, value, path, found):
    if not isinstance(value, dict):
        found.append(f"{path}: {type(value).__name__}, not a map")
        return
    _check_range(shape, len(value), path, "entries", found)
    for key, item in value.items():
        _check_json(shape.key, key, f"{path} key", found)
        _check_json(shape.value, item, f"{path}[{key}]", found)


def _check_json_string(shape, value, path, found):
    if not isinstance(value, str):
        found.append(f"{path}: {type(value).__name__}, not a string")
        return
    _check_text(shape, value, path, found)


def _check_json_boolean(_shape, value, path, found):
    if not isinstance(value, bool):
        found.append(f"{path}: {type(value).__name__}, not a boolean")


def _check_json_integer(shape, value, path, found):
    if isinstance(value, bool) or not isinstance(value, int):
        found.append(f"{path}: {value!r}, not a whole number")
        return
    _check_whole_number(shape, value, path, found)


def _check_json_number(shape, value, path, found):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        found.append(f"{path}: {type(value).__name__}, not a number")
        return
    _check_range(shape, value, path, "", found)


def _check_json_timestamp(shape, value, path, found):
    wanted = shape.serialization.get("timestampFormat", "unixTimestamp")
    if wanted == "iso8601":
        _check_iso_8601(value, path, found)
    elif isinstance(value, bool) or not isinstance(value, (int, float)):
        found.append(f"{path}: {value!r}, not seconds since 1970")
    elif not (math.isfinite(value) and 0 <= value < 10_000_000_000):
        found.append(f"{path}: {value!r} is not in seconds")


def _check_json_blob(_shape, value, path, found):
    if not isinstance(value, str):
        found.append(f"{path}: {type(value).__name__}, not base64 text")
        return
    _check_base64(value, path, found)


# ---- XML ------------------------------------------------------------------------------------------------------------


def _split_tag(element, namespace, path, found):
    name = element.tag
    if name.startswith("{"):
        own, name = name[1:].split("}")
        if own != namespace:
            found.append(f"{path}: namespace {own!r}, not {namespace!r}")
    elif namespace:
        found.append(f"{path}: no namespace, not {namespace!r}")
    if element.attrib:
        found.append(f"{path}: attributes {sorted(element.attrib)}; the protocol has none")
    return name


def _check_query_success(answer, found):
    operation = answer.operation
    namespace = operation.service_model.metadata["xmlNamespace"]
    root = ElementTree.fromstring(answer.body)
    name = _split_tag(root, namespace, "root", found)
    if name != f"{operation.name}Response":
        found.append(f"root element is {name}, not {operation.name}Response")
    children = {}
    for child in root:
        child_name = _split_tag(child, namespace, name, found)
        if child_name in children:
            found.append(f"{name}.{child_name}: given twice")
        children[child_name] = child
    shape = operation.output_shape
    result = (shape.serialization.get("resultWrapper") if shape else None) or None
    for unknown in sorted(set(children) - {"ResponseMetadata", result}):
        found.append(f"{name}.{unknown}: the model has no such member")
    _check_response_metadata(answer, children.get("ResponseMetadata"), namespace, found)
    if result is not None:
        if result in children:
            _check_xml(shape, children[result], operation.name, namespace, found)
        else:
            found.append(f"{name}.{result}: required, and not there")


def _check_response_metadata(answer, element, namespace, found):
    request_id = None
    if element is not None:
        for child in element:
            if _split_tag(child, namespace, "ResponseMetadata", found) == "RequestId":
                request_id = child.text
    if request_id is None:
        found.append("ResponseMetadata.RequestId: required, and not there")
    elif request_id != answer.headers.get("x-amzn-requestid"):
        found.append("ResponseMetadata.RequestId differs from the header x-amzn-RequestId")


def _check_xml(shape, element, path, namespace, found):
    checks = {"structure": _check_xml_structure, "list": _check_xml_list, "map": _check_xml_map}
    check = checks.get(shape.type_name)
    if check is not None:
        if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
            found.append(f"{path}: text between the members")
        check(shape, element, path, namespace, found)
    elif len(element):
        found.append(f"{path}: members inside a {shape.type_name}")
    else:
        _check_xml_leaf(shape, element.text or "", path, found)


def _check_xml_structure(shape, element, path, namespace, found):
    by_wire_name = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
    given = set()
    for child in element:
        wire_name = _split_tag(child, namespace, path, found)
        known = by_wire_name.get(wire_name)
        if known is None:
            found.append(f"{path}.{wire_name}: the model has no such member")
            continue
        name, member = known
        if name in given:
            found.append(f"{path}.{name}: given twice")
        given.add(name)
        _check_xml(member, child, f"{path}.{name}", namespace, found)
    _check_required(shape, given, path, found)


def _check_xml_list(shape, element, path, namespace, found):
    wanted = shape.member.serialization.get("name", "member")
    _check_range(shape, len(element), path, "entries", found)
    for index, child in enumerate(element):
        name = _split_tag(child, namespace, path, found)
        if name != wanted:
            found.append(f"{path}[{index}]: element {name}, not {wanted}")
        _check_xml(shape.member, child, f"{path}[{index}]", namespace, found)


def _check_xml_map(shape, element, path, namespace, found):
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")
    seen = set()
    for index, entry in enumerate(element):
        where = f"{path}[{index}]"
        if _split_tag(entry, namespace, path, found) != "entry":
            found.append(f"{where}: element {entry.tag}, not entry")
        parts = {_split_tag(child, namespace, where, found): child for child in entry}
        if set(parts) != {key_name, value_name} or len(entry) != 2:
            found.append(f"{where}: has {sorted(parts)}, not one {key_name} and one {value_name}")
            continue
        key = parts[key_name].text or ""
        if key in seen:
            found.append(f"{where}: key {key!r} given twice")
        seen.add(key)
        _check_xml(shape.key, parts[key_name], f"{where} key", namespace, found)
        _check_xml(shape.value, parts[value_name], f"{path}[{key}]", namespace, found)


def _check_xml_leaf(shape, text, path, found):
    kind = shape.type_name
    if kind == "string":
        _check_text(shape, text, path, found)
    elif kind == "boolean":
        if text not in ("true", "false"):
            found.append(f"{path}: {text!r}, not true or false")
    elif kind in ("integer", "long"):
        if re.fullmatch(r"-?\d+", text) is None:
            found.append(f"{path}: {text!r}, not a whole number")
        else:
            _check_whole_number(shape, int(text), path, found)
    elif kind == "timestamp":
        _check_iso_8601(text, path, found)
    elif kind == "blob":
        _check_base64(text, path, found)
    else:
        found.append(f"{path}: no rule for the type {kind}")


# ---- what both have -------------------------------------------------------------------------------------------------


def _check_text(shape, text, path, found):
    words = getattr(shape, "enum", None)
    if words and text not in words:
        found.append(f"{path}: {text!r} is not one of {', '.join(words[:8])}{'…' if len(words) > 8 else ''}")
    _check_range(shape, len(text), path, "characters", found)
    pattern = shape.metadata.get("pattern")
    if pattern and _compiled(pattern).fullmatch(text) is None:
        found.append(f"{path}: {text[:80]!r} does not match {pattern}")


_PATTERNS = {}


def _compiled(pattern):
    """The model's patterns are Java's; two habits of theirs need other words here."""
    if pattern not in _PATTERNS:
        words = pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
        words = re.sub(r"\\w-(?=[^\]])", r"\\w\\-", words)
        _PATTERNS[pattern] = regex.compile(words)
    return _PATTERNS[pattern]


def _check_range(shape, size, path, unit, found):
    # botocore keeps `min` and `max` of some shapes as text.
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < float(least):
        found.append(f"{path}: {size} {unit}".rstrip() + f", at least {least} by the model")
    if most is not None and size > float(most):
        found.append(f"{path}: {size} {unit}".rstrip() + f", at most {most} by the model")


def _check_whole_number(shape, value, path, found):
    bits = 31 if shape.type_name == "integer" else 63
    if not -(2**bits) <= value < 2**bits:
        found.append(f"{path}: {value} does not fit the type {shape.type_name}")
    _check_range(shape, value, path, "", found)


def _check_iso_8601(value, path, found):
    if not isinstance(value, str) or ISO_8601.fullmatch(value) is None:
        found.append(f"{path}: {value!r} is not an ISO 8601 time in UTC")
        return
    datetime.datetime.strptime(value[:19], "%Y-%m-%dT%H:%M:%S")


def _check_base64(text, path, found):
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error as error:
        found.append(f"{path}: not base64 ({error})")


# ---- errors ---------------------------------------------------------------------------------------------------------


def error_code(answer):
    """The error code as SDKs read it from the envelope."""
    if answer.protocol == "query":
        root = ElementTree.fromstring(answer.body)
        for element in root.iter():
            if element.tag.split("}")[-1] == "Code":
                return element.text or ""
        return ""
    header = answer.headers.get("x-amzn-errortype", "").split(":")[0]
    body = read_json(answer.body) if answer.body else {}
    return header or str(body.get("__type", "")).split("#")[-1]


def _check_error(answer, found):
    code = error_code(answer)
    allowed = {}
    shape_of_code = None
    for shape in answer.operation.error_shapes:
        error = shape.metadata.get("error", {})
        if code in (shape.name, error.get("code")):
            shape_of_code = shape
        allowed[error.get("code", shape.name)] = {error.get("httpStatusCode", 400)}
    for common, statuses in COMMON_ERRORS[answer.protocol].items():
        allowed.setdefault(common, statuses)
    if code not in allowed:
        found.append(f"error code {code!r} is neither modelled nor common")
    elif answer.status not in allowed[code]:
        found.append(f"error {code} came with HTTP {answer.status}, not {sorted(allowed[code])}")
    if answer.protocol == "query":
        _check_query_error(answer, found)
    else:
        _check_json_error(answer, shape_of_code, found)


def _check_query_error(answer, found):
    namespace = answer.operation.service_model.metadata["xmlNamespace"]
    root = ElementTree.fromstring(answer.body)
    if _split_tag(root, namespace, "root", found) != "ErrorResponse":
        found.append(f"root element is {root.tag}, not ErrorResponse")
    children = {_split_tag(child, namespace, "ErrorResponse", found): child for child in root}
    if set(children) != {"Error", "RequestId"}:
        found.append(f"ErrorResponse has {sorted(children)}, not Error and RequestId")
        return
    if children["RequestId"].text != answer.headers.get("x-amzn-requestid"):
        found.append("RequestId differs from the header x-amzn-RequestId")
    parts = {_split_tag(child, namespace, "Error", found): child.text or "" for child in children["Error"]}
    if not {"Type", "Code", "Message"} <= set(parts) <= {"Type", "Code", "Message", "Detail"}:
        found.append(f"Error has {sorted(parts)}, not Type, Code and Message")
    if parts.get("Type") != ("Sender" if answer.status < 500 else "Receiver"):
        found.append(f"Error.Type is {parts.get('Type')!r} with HTTP {answer.status}")
    if not parts.get("Message"):
        found.append("Error.Message is empty")


def _check_json_error(answer, shape, found):
    body = read_json(answer.body)
    if not isinstance(body, dict):
        found.append("the error is not a structure")
        return
    known = {"__type", "message", "Message"}
    if shape is not None:
        known |= {member.serialization.get("name", name) for name, member in shape.members.items()}
    for name in sorted(set(body) - known):
        found.append(f"error.{name}: the model has no such member")
    if answer.protocol == "json" and not body.get("__type"):
        found.append("error.__type: required, and not there")
    if answer.protocol == "rest-json" and not answer.headers.get("x-amzn-errortype"):
        found.append("header x-amzn-ErrorType: required, and not there")
    if not isinstance(body.get("message", body.get("Message")), str):
        found.append("error.message: required, and not there")
