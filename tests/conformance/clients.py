"""boto3 and the AWS CLI, unmodified, with a recorder that keeps every answer as it came over the wire."""

import base64
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import boto3
import botocore.config
import botocore.session

from shapes import Answer
from surroundings import REGION, environment

HERE = Path(__file__).resolve().parent


class Boto:
    """boto3 clients for one endpoint; `answers` has every raw answer in the order of arrival."""

    def __init__(self, endpoint, region=REGION, keep=True, validate=True, read_timeout=30):
        self.endpoint = endpoint
        self.region = region
        self.answers = []
        self._clients = {}
        self._validate = validate
        self._read_timeout = read_timeout
        self._session = boto3.Session(
            aws_access_key_id="AKIACONFORMANCETESTS",
            aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            region_name=region,
        )
        if keep:
            self._session.events.register("before-parse", self._keep)

    def _keep(self, operation_model, response_dict, **_):
        headers, body = response_dict["headers"], response_dict["body"]
        self.answers.append(Answer(operation_model, response_dict["status_code"], dict(headers), body))

    def client(self, service, region=None):
        key = (service, region or self.region)
        if key not in self._clients:
            config = botocore.config.Config(
                retries={"total_max_attempts": 1, "mode": "standard"},
                connect_timeout=5,
                read_timeout=self._read_timeout,
                proxies={},
                parameter_validation=self._validate,
            )
            self._clients[key] = self._session.client(
                service, region_name=key[1], endpoint_url=self.endpoint, config=config
            )
        return self._clients[key]


class Cli:
    """The `aws` program of the pinned awscli, as a child process; a plugin of its own kind records the raw answers."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self._home = tempfile.TemporaryDirectory(prefix="bartizan-aws-cli-")
        home = Path(self._home.name)
        self._log = home / "answers"
        (home / "config").write_text("[plugins]\nrecorder = aws_cli_recorder\n")
        self._environment = environment(
            home,
            endpoint,
            {
                "PYTHONPATH": str(HERE),
                "PYTHONDONTWRITEBYTECODE": "1",
                "RECORD_ANSWERS_IN": str(self._log),
                # CloudTrail answers two lookups a second, and the commands of a quick machine come faster.
                "AWS_MAX_ATTEMPTS": "5",
            },
        )
        self._models = botocore.session.get_session()

    def run(self, *arguments, region=REGION):
        """Runs `aws ARGUMENTS --output json`; gives exit status, parsed output, stderr and the raw answers."""
        self._log.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "awscli", *arguments, "--output", "json", "--region", region],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=90,
            check=False,
        )
        text = done.stdout.decode()
        parsed = json.loads(text) if text.strip().startswith(("{", "[")) else text
        return done.returncode, parsed, done.stderr.decode(), self._recorded()

    def _recorded(self):
        if not self._log.exists():
            return []
        answers = []
        for line in self._log.read_text().splitlines():
            record = json.loads(line)
            model = self._models.get_service_model(record["service"]).operation_model(record["operation"])
            body = base64.b64decode(record["body"])
            answers.append(Answer(model, record["status"], record["headers"], body))
        return answers

    def close(self):
        self._home.cleanup()
