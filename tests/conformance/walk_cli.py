"""The AWS CLI: what an administrator would type, and what must come out."""

# Arguments of `aws`, and what of its output must not be empty; `{…}` is filled from what earlier commands told.
COMMANDS = [
    (["sts", "get-caller-identity"], "Arn"),
    (["iam", "list-users"], "Users"),
    (["iam", "list-users", "--page-size", "2", "--max-items", "5"], "Users"),
    (["iam", "get-user", "--user-name", "{user}"], "User"),
    (["iam", "list-access-keys", "--user-name", "{user}"], None),
    (["iam", "list-mfa-devices", "--user-name", "{user}"], None),
    (["iam", "list-groups-for-user", "--user-name", "{user}"], None),
    (["iam", "get-account-summary"], "SummaryMap"),
    (["iam", "list-account-aliases"], "AccountAliases"),
    (["iam", "list-virtual-mfa-devices"], None),
    (["iam", "generate-credential-report"], "State"),
    (["guardduty", "list-detectors"], "DetectorIds"),
    (["guardduty", "get-detector", "--detector-id", "{detector}"], "Status"),
    (["guardduty", "list-findings", "--detector-id", "{detector}"], "FindingIds"),
    (["guardduty", "list-findings", "--detector-id", "{detector}", "--page-size", "3"], "FindingIds"),
    (["guardduty", "get-findings", "--detector-id", "{detector}", "--finding-ids", "{finding}"], "Findings"),
    (["guardduty", "archive-findings", "--detector-id", "{detector}", "--finding-ids", "{finding}"], None),
    (["guardduty", "unarchive-findings", "--detector-id", "{detector}", "--finding-ids", "{finding}"], None),
    (["cloudtrail", "lookup-events", "--max-items", "60"], "Events"),
    (
        ["cloudtrail", "lookup-events", "--lookup-attributes", "AttributeKey=ReadOnly,AttributeValue=false"]
        + ["--max-items", "20"],
        "Events",
    ),
    (["ssm", "describe-instance-information"], "InstanceInformationList"),
    (["ssm", "get-connection-status", "--target", "{node}"], "Status"),
    (["ssm", "describe-sessions", "--state", "Active"], None),
    (["ssm", "describe-sessions", "--state", "History", "--page-size", "1"], None),
]


def walk(cli):
    """Runs the commands; gives the problems and all raw answers."""
    problems, answers, known = [], [], {}
    for arguments, wanted in COMMANDS:
        try:
            filled = [argument.format(**known) for argument in arguments]
        except KeyError as missing:
            problems.append(f"aws {' '.join(arguments)}: no {missing} is known")
            continue
        status, output, complaint, raw = cli.run(*filled)
        answers += raw
        if status != 0:
            problems.append(f"aws {' '.join(filled)}: exit status {status}, {complaint.strip()[-300:]}")
        elif wanted is not None and not output.get(wanted):
            problems.append(f"aws {' '.join(filled)}: no {wanted}")
        elif not raw:
            problems.append(f"aws {' '.join(filled)}: the recorder saw no answer")
        else:
            _learn(known, output)
    return problems, answers


def _learn(known, output):
    if not isinstance(output, dict):
        return
    for name, key, member in [
        ("user", "Users", "UserName"),
        ("detector", "DetectorIds", None),
        ("finding", "FindingIds", None),
        ("node", "InstanceInformationList", "InstanceId"),
    ]:
        for entry in output.get(key) or []:
            value = entry if member is None else entry[member]
            if member != "InstanceId" or entry["PingStatus"] == "Online":
                known.setdefault(name, value)
