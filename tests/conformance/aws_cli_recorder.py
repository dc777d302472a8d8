"""A plugin for the AWS CLI (`[plugins]` of its config file): writes each raw answer as one line of JSON."""

import base64
import json
import os


def awscli_initialize(event_handlers):
    event_handlers.register("before-parse", _write)


def _write(operation_model, response_dict, **_):
    record = {
        "service": operation_model.service_model.service_name,
        "operation": operation_model.name,
        "status": response_dict["status_code"],
        "headers": dict(response_dict["headers"]),
        "body": base64.b64encode(response_dict["body"]).decode(),
    }
    with open(os.environ["RECORD_ANSWERS_IN"], "a", encoding="utf-8") as log:
        log.write(json.dumps(record) + "\n")
