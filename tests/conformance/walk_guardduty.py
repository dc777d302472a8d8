"""GuardDuty through boto3: detectors, findings by criteria in all pages, archive and feedback, statistics."""

import datetime

from emulated import offered
from pages import entries, same_in_any_size
from surroundings import REGION

CRITERIA = [
    {},
    {"service.archived": {"Eq": ["false"]}},
    {"service.archived": {"Equals": ["true"]}},
    {"severity": {"Gte": 7}},
    {"severity": {"GreaterThanOrEqual": 4, "LessThan": 7}},
    {"severity": {"Gt": 2, "Lte": 8}},
]


def walk(aws, scenario):
    problems = []
    guardduty = aws.client("guardduty")
    detectors = same_in_any_size(problems, guardduty, "list_detectors", "DetectorIds", sizes=(1,))
    if len(detectors) != 1:
        problems.append(f"ListDetectors: {len(detectors)} detectors in {REGION}; AWS has one for each region")
    detector = detectors[0]
    if guardduty.get_detector(DetectorId=detector)["Status"] != "ENABLED":
        problems.append("GetDetector: not ENABLED")
    findings = _findings(problems, guardduty, detector)
    if scenario == "incident" and not findings:
        problems.append("the incident has no finding")
    _criteria(problems, guardduty, detector, findings)
    _sorted(problems, guardduty, detector, findings)
    offered(guardduty.create_sample_findings, DetectorId=detector, FindingTypes=["Recon:EC2/PortProbeUnprotectedPort"])
    _archive(problems, guardduty, detector)
    _others(guardduty, detector)
    return problems


def get(guardduty, detector, ids):
    """The findings of any number of ids; GetFindings takes 50."""
    found = []
    for start in range(0, len(ids), 50):
        found += guardduty.get_findings(DetectorId=detector, FindingIds=ids[start : start + 50])["Findings"]
    return found


def _findings(problems, guardduty, detector):
    ids = same_in_any_size(problems, guardduty, "list_findings", "FindingIds", sizes=(1, 7), DetectorId=detector)
    if len(set(ids)) != len(ids):
        problems.append("ListFindings: an id came twice")
    findings = {finding["Id"]: finding for finding in get(guardduty, detector, ids)}
    if set(findings) != set(ids):
        problems.append(f"GetFindings: {len(findings)} of {len(ids)} ids")
    unknown = "0" * 32
    if guardduty.get_findings(DetectorId=detector, FindingIds=[unknown])["Findings"]:
        problems.append("GetFindings: an unknown id was answered")
    for finding in findings.values():
        for member in ("CreatedAt", "UpdatedAt"):
            datetime.datetime.strptime(finding[member][:19], "%Y-%m-%dT%H:%M:%S")
        if not 0 < finding["Severity"] <= 10:
            problems.append(f"{finding['Id']}: severity {finding['Severity']}")
    return findings


def _matches(finding, criterion):
    """The same criteria, computed here on the findings themselves."""
    operators = {
        "Gte": lambda own, wanted: own >= wanted,
        "GreaterThanOrEqual": lambda own, wanted: own >= wanted,
        "Gt": lambda own, wanted: own > wanted,
        "Lt": lambda own, wanted: own < wanted,
        "LessThan": lambda own, wanted: own < wanted,
        "Lte": lambda own, wanted: own <= wanted,
        "Eq": lambda own, wanted: own in wanted,
        "Equals": lambda own, wanted: own in wanted,
        "Neq": lambda own, wanted: own not in wanted,
    }
    values = {
        "severity": finding["Severity"],
        "type": finding["Type"],
        "updatedAt": _milliseconds(finding["UpdatedAt"]),
        "service.archived": str(finding.get("Service", {}).get("Archived", False)).lower(),
    }
    return all(
        operators[operator](values[path], wanted)
        for path, condition in criterion.items()
        for operator, wanted in condition.items()
    )


def _milliseconds(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def _criteria(problems, guardduty, detector, findings):
    criteria = list(CRITERIA)
    if findings:
        some = min(findings.values(), key=lambda finding: finding["Id"])
        criteria += [
            {"type": {"Eq": [some["Type"]]}},
            {"type": {"Neq": [some["Type"]]}},
            {"updatedAt": {"Gte": _milliseconds(some["UpdatedAt"])}},
            {"updatedAt": {"Lt": _milliseconds(some["UpdatedAt"])}, "service.archived": {"Eq": ["false"]}},
        ]
    for criterion in criteria:
        found = set(
            entries(
                guardduty,
                "list_findings",
                "FindingIds",
                DetectorId=detector,
                FindingCriteria={"Criterion": criterion},
            )
        )
        wanted = {finding["Id"] for finding in findings.values() if _matches(finding, criterion)}
        if found != wanted:
            problems.append(f"ListFindings {criterion}: {len(found)} findings, {len(wanted)} match")


def _sorted(problems, guardduty, detector, findings):
    for attribute, value in (("severity", "Severity"), ("updatedAt", "UpdatedAt")):
        for order in ("ASC", "DESC"):
            ids = entries(
                guardduty,
                "list_findings",
                "FindingIds",
                DetectorId=detector,
                SortCriteria={"AttributeName": attribute, "OrderBy": order},
            )
            values = [findings[identifier][value] for identifier in ids]
            if values != sorted(values, reverse=order == "DESC"):
                problems.append(f"ListFindings sorted by {attribute} {order}: {values[:10]}…")


def _archive(problems, guardduty, detector):
    ids = entries(guardduty, "list_findings", "FindingIds", DetectorId=detector)[:2]
    if not ids:
        problems.append("no finding to archive, not even a sample")
        return

    def archived():
        return [finding["Service"]["Archived"] for finding in get(guardduty, detector, ids)]

    before = archived()
    guardduty.archive_findings(DetectorId=detector, FindingIds=ids)
    if not all(archived()):
        problems.append("ArchiveFindings: still current")
    guardduty.unarchive_findings(DetectorId=detector, FindingIds=ids)
    if any(archived()):
        problems.append("UnarchiveFindings: still archived")
    kept = [identifier for identifier, was in zip(ids, before) if was]
    if kept:
        guardduty.archive_findings(DetectorId=detector, FindingIds=kept)
    offered(
        guardduty.update_findings_feedback, DetectorId=detector, FindingIds=ids, Feedback="USEFUL", Comments="a test"
    )


def _others(guardduty, detector):
    offered(guardduty.get_findings_statistics, DetectorId=detector, FindingStatisticTypes=["COUNT_BY_SEVERITY"])
    for group in ("SEVERITY", "ACCOUNT", "DATE", "FINDING_TYPE", "RESOURCE"):
        offered(guardduty.get_findings_statistics, DetectorId=detector, GroupBy=group)
    for operation in ("list_members", "list_filters", "list_ip_sets", "list_threat_intel_sets"):
        offered(getattr(guardduty, operation), DetectorId=detector)
    for operation in ("get_administrator_account", "get_master_account", "list_publishing_destinations"):
        offered(getattr(guardduty, operation), DetectorId=detector)
