"""All real records of ../shared/data load and list through the emulator, and none is lost."""

import collections
import contextlib
import gzip
import json
import tempfile

import part_operations
import programs
import walk_cloudtrail
import walk_guardduty
from clients import Boto
from pages import entries
from rows import rows
from screen import Terminal
from surroundings import environment

LONG_AGO = "2009-01-01T00:00:00Z"


def run(report, bartizan):
    if not programs.DATA.is_dir():
        report.leave_out("real records", f"there is no ../shared/data beside {programs.ROOT.name}", counts=False)
        return
    events, unreadable = _events(programs.DATA / "cloudtrail")
    findings = _findings(programs.DATA / "guardduty")
    arguments = ["--events", str(programs.DATA / "cloudtrail"), "--findings", str(programs.DATA / "guardduty")]
    with bartizan.emulate(*arguments) as (endpoint, complaints):
        _served(report, endpoint, events, findings)
        _listed(report, bartizan, endpoint, "events", events, ["--since", LONG_AGO])
        _listed(report, bartizan, endpoint, "findings", findings, ["--archived", "all"])
        _console(report, bartizan, endpoint, sorted(set(events.values()) | set(findings.values())))
        said = complaints()
    problems = [
        f"{path.name} cannot be read, and nothing was said of it" for path in unreadable if path.name not in said
    ]
    problems += [line for line in said.splitlines() if "panicked" in line]
    report.check("files that cannot be read are named, and nothing panics", problems, f"{len(unreadable)} such files")


def _files(folder):
    for path in sorted(folder.rglob("*")):
        if path.name.endswith((".json", ".json.gz")):
            yield path, gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def _records(value):
    """The records of a file: `Records`, a bare list, or one record alone; EventBridge wraps it in `detail`."""
    if isinstance(value, list):
        return [record for entry in value for record in _records(entry)]
    for key in ("Records", "records", "Findings", "findings"):
        if isinstance(value.get(key), list):
            return [record for entry in value[key] for record in _records(entry)]
    if isinstance(value.get("detail"), dict):
        return [value["detail"]]
    return [value]


def _events(folder):
    """Region of each event id, and the files that are not JSON."""
    events, unreadable = {}, []
    for path, content in _files(folder):
        try:
            records = _records(json.loads(content))
        except ValueError:
            unreadable.append(path)
            records = _whole(content.decode(errors="replace"))
        for record in records:
            if "eventID" in record:
                events[record["eventID"]] = record["awsRegion"]
    return events, unreadable


def _whole(text):
    """The events in a broken file that are whole: they are read, and the file is named all the same."""
    decoder, at = json.JSONDecoder(), 0
    while (at := text.find("{", at)) != -1:
        try:
            value, at = decoder.raw_decode(text, at)
        except ValueError:
            at += 1
            continue
        if "eventID" in value:
            yield value


def _findings(folder):
    """Region of each finding id; AWS Tools write the keys with a capital."""
    findings = {}
    for _, content in _files(folder):
        with contextlib.suppress(ValueError):
            for record in _records(json.loads(content)):
                lower = {key.lower(): value for key, value in record.items()}
                if "id" in lower and "type" in lower:
                    findings[lower["id"]] = lower["region"]
    return findings


def _served(report, endpoint, events, findings):
    """boto3 reads every record, and every answer is held against the model byte by byte."""
    boto = Boto(endpoint)
    read = {"events": collections.Counter(), "findings": collections.Counter()}
    for region in sorted(set(events.values())):
        looked_up = walk_cloudtrail.lookup(boto.client("cloudtrail", region), pages=1000, StartTime=0)
        read["events"].update(event["EventId"] for event in looked_up)
    for region in sorted(set(findings.values())):
        guardduty = boto.client("guardduty", region)
        detector = guardduty.list_detectors()["DetectorIds"][0]
        ids = entries(guardduty, "list_findings", "FindingIds", DetectorId=detector)
        read["findings"].update(finding["Id"] for finding in walk_guardduty.get(guardduty, detector, ids))
    for name, wanted in (("events", events), ("findings", findings)):
        report.check(
            f"boto3 reads every real record of {name}", _missing(name, wanted, read[name]), f"{len(wanted)} ids"
        )
    part_operations.held(report, "real records: raw answers", boto.answers)


def _missing(name, wanted, listed):
    """What is lost, invented or given twice."""
    lost = sorted(set(wanted) - set(listed))
    strange = sorted(set(listed) - set(wanted))
    twice = sorted(identifier for identifier, times in listed.items() if times > 1)
    kinds = (("lost", lost), ("not in the files", strange), ("listed twice", twice))
    return [f"{len(ids)} {name} {words}: {', '.join(ids[:5])}" for words, ids in kinds if ids]


def _id(row):
    """The id of an event, or of a finding, whose key has account and region too."""
    return row["key"]["id"] if "key" in row else row["id"]


def _listed(report, bartizan, endpoint, table, wanted, arguments):
    """The table lists every id once, over all regions of the data."""
    regions = ",".join(sorted(set(wanted.values())))
    status, output, complaint = bartizan.run(
        table, "--json", "--region", regions, *arguments, endpoint=endpoint, timeout=600
    )
    problems = [] if status == 0 else [f"exit status {status}: {complaint.strip()[-500:]}"]
    listed = collections.Counter(_id(row) for row in rows(output))
    problems += _missing(table, wanted, listed)
    problems += [line for line in complaint.splitlines() if "panicked" in line]
    report.check(
        f"bartizan {table} lists every real record",
        problems,
        f"{len(wanted)} ids in {len(set(wanted.values()))} regions",
    )


def _console(report, bartizan, endpoint, regions):
    """The console draws every pane over the real records, at two sizes, and leaves the terminal as it found it."""
    for columns, lines in ((80, 24), (200, 60)):
        problems = []
        with tempfile.TemporaryDirectory(prefix="bartizan-console-") as home:
            command = [bartizan.program, "--region", ",".join(regions)]
            terminal = Terminal(command, environment(home, endpoint), columns, lines)
            try:
                if terminal.until(lambda screen: screen.is_drawn(), 10) is None:
                    problems.append("nothing was drawn in ten seconds")
                terminal.settle()
                for pane in "123456":
                    for key in (pane, "j", "G", "\r", "J", "\x1b", "\x1b"):
                        terminal.write(key.encode())
                        terminal.settle(quiet=0.1, timeout=2)
                    if not terminal.screen.is_drawn():
                        problems.append(f"pane {pane} is empty")
                terminal.write(b"q")
                status = terminal.until_end(10)
                if status != 0:
                    problems.append(f"`q` ended with {status}: {terminal.screen.text().strip()[-500:]}")
                if b"\x1b[?1049l" not in terminal.last:
                    problems.append("the alternate screen was not left")
                if b"panicked" in terminal.last:
                    problems.append(f"panicked: {terminal.last[-500:]}")
            finally:
                terminal.close()
        report.check(f"the console draws every pane over real records at {columns}x{lines}", problems)
