"""Unsigned and wrongly shaped requests get the errors that AWS gives, in AWS's envelopes."""

import datetime
import json
import time
import urllib.parse
from functools import partial

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import urllib3
from botocore import xform_name

import refused
from clients import Boto
from shapes import Answer, deviations, error_code
from surroundings import REGION

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def run(report, bartizan):
    with bartizan.emulate("--scenario", "incident") as (endpoint, complaints):
        boto = Boto(endpoint, validate=False)
        raw = Raw(endpoint, boto)
        facts = refused.facts(boto)
        held = []
        for case in refused.RAW:
            _told(report, case, _patiently(raw.send, case, facts), held)
        for case in refused.CALLS:
            _told(report, case, _patiently(partial(_called, boto), case, facts), held)
        for case in refused.keys(raw, facts):
            _told(report, case, _patiently(raw.send, case, facts), held)
        report.check("raw answers of refusals", held, f"{len(refused.RAW) + len(refused.CALLS)} refusals or more")
        report.check("no panic (refusals)", [line for line in complaints().splitlines() if "panicked" in line])


def _patiently(send, case, facts):
    """LookupEvents takes two calls a second, good or bad: asks again where that was the refusal."""
    for _ in range(20):
        answer = send(case, facts)
        if answer.status < 300 or error_code(answer) != "ThrottlingException":
            break
        time.sleep(0.5)
    return answer


def _told(report, case, answer, held):
    """The refusal has the expected code and status, and its envelope is the protocol's."""
    code = error_code(answer) if answer.status >= 300 else "no error"
    problems = []
    if (answer.status, code) not in case.expected:
        wanted = " or ".join(f"{status} {word}" for status, word in case.expected)
        problems.append(f"{answer.status} {code}, not {wanted}: {answer.body[:200]!r}")
    report.check(f"{case.service}: {case.name}", problems, f"{answer.status} {code}")
    held += [f"{case.service}: {case.name}: {line}" for line in deviations(answer)] if answer.status >= 300 else []


def _called(boto, case, facts):
    """Sends a call through boto3 whose parameters are wrong, with its own checks switched off."""
    boto.answers.clear()
    client = boto.client(case.service)
    try:
        getattr(client, xform_name(case.operation))(**case.parameters(facts))
    except botocore.exceptions.ClientError:
        pass
    return boto.answers[-1]


class Raw:
    """Requests built by hand and signed with botocore's signer, or not at all."""

    def __init__(self, endpoint, boto):
        self.endpoint = endpoint
        self.boto = boto
        self._http = urllib3.PoolManager(retries=False, timeout=10)

    def send(self, case, facts):
        model = self.boto.client(case.service).meta.service_model
        operation = model.operation_model(case.operation)
        method, path, headers, body = self.request(model, case, facts)
        url = self.endpoint + path
        if case.signed is not None:
            headers |= self._signature(model, case.signed, method, url, headers, body)
        headers |= case.headers
        answer = self._http.request(method, url, headers=headers, body=body)
        return Answer(operation, answer.status, dict(answer.headers), answer.data)

    def request(self, model, case, facts):
        """Method, path, headers and body, before signing."""
        protocol = model.metadata["protocol"]
        body = case.body(facts)
        if protocol == "query":
            if isinstance(body, dict):
                known = {"Action": case.operation, "Version": model.metadata["apiVersion"]}
                body = urllib.parse.urlencode(
                    {key: value for key, value in (known | body).items() if value is not None}
                )
            return "POST", "/", {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, body.encode()
        text = body if isinstance(body, str) else json.dumps(body)
        if protocol == "json":
            target = f"{model.metadata['targetPrefix']}.{case.target or case.operation}"
            return "POST", "/", {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}, text.encode()
        http = model.operation_model(case.operation).http
        path = case.target or http["requestUri"].format(DetectorId=facts["detector"])
        return http["method"], path, {"Content-Type": "application/json"}, text.encode() if text != "{}" else b""

    def _signature(self, model, signed, method, url, headers, body):
        """The headers of a signature; `signed` says with which key, secret and distance from now."""
        credentials = botocore.credentials.Credentials(signed.key, signed.secret or SECRET)
        request = botocore.awsrequest.AWSRequest(method=method, url=url, headers=headers, data=body)
        signer = botocore.auth.SigV4Auth(credentials, model.signing_name, REGION)
        at = datetime.datetime.now(datetime.timezone.utc) + signed.moved
        request.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
        canonical = signer.canonical_request
        request.headers["X-Amz-Date"] = request.context["timestamp"]
        text = signer.string_to_sign(request, canonical(request))
        signature = signer.signature(text, request)
        names = signer.signed_headers(signer.headers_to_sign(request))
        return {
            "X-Amz-Date": request.context["timestamp"],
            "Authorization": f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, "
            f"SignedHeaders={names}, Signature={signature}",
        }
