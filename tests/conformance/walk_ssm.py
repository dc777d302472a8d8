"""Systems Manager through boto3: nodes, sessions, and the start and end of one session."""

from emulated import offered
from pages import same_in_any_size


def walk(aws, _scenario):
    problems = []
    ssm = aws.client("ssm")
    nodes = same_in_any_size(problems, ssm, "describe_instance_information", "InstanceInformationList", sizes=(5,))
    if not nodes:
        problems.append("DescribeInstanceInformation: no node")
    for node in nodes:
        status = ssm.get_connection_status(Target=node["InstanceId"])["Status"]
        if status == "notconnected" and node["PingStatus"] == "Online":
            problems.append(f"{node['InstanceId']}: Online, and not connected")
    _filters(problems, ssm, nodes)
    for state in ("Active", "History"):
        sessions = same_in_any_size(problems, ssm, "describe_sessions", "Sessions", sizes=(1, 2), State=state)
        ended = {"Terminated", "Failed"}
        for session in sessions:
            if (session["Status"] in ended) != (state == "History"):
                problems.append(f"DescribeSessions {state}: {session['SessionId']} is {session['Status']}")
    _session(problems, ssm, nodes)
    for operation in ("describe_instance_properties", "list_documents"):
        offered(getattr(ssm, operation))
    for parameters in ({"Name": "SSM-SessionManagerRunShell"},):
        offered(ssm.get_document, **parameters)
        offered(ssm.describe_document, **parameters)
    return problems


def _filters(problems, ssm, nodes):
    for key, member in (("PingStatus", "PingStatus"), ("PlatformTypes", "PlatformType"), ("InstanceIds", "InstanceId")):
        for value in sorted({node[member] for node in nodes})[:3]:
            found = ssm.describe_instance_information(Filters=[{"Key": key, "Values": [value]}], MaxResults=50)
            wanted = [node["InstanceId"] for node in nodes if node[member] == value]
            given = [node["InstanceId"] for node in found["InstanceInformationList"]]
            if sorted(given) != sorted(wanted[:50]) and len(wanted) <= 50:
                problems.append(f"DescribeInstanceInformation {key}={value}: {len(given)} nodes, {len(wanted)} match")


def _session(problems, ssm, nodes):
    target = next((node["InstanceId"] for node in nodes if node["PingStatus"] == "Online"), None)
    if target is None:
        problems.append("no node is Online: no session was tried")
        return
    started = ssm.start_session(Target=target, Reason="a test")
    session = started["SessionId"]
    if not started["StreamUrl"].startswith(("wss://", "ws://")) or not started["TokenValue"]:
        problems.append("StartSession: no stream or no token")

    def of(state):
        filters = [{"key": "SessionId", "value": session}]
        found = ssm.describe_sessions(State=state, Filters=filters)["Sessions"]
        return [each for each in found if each["SessionId"] == session]

    if [each["Target"] for each in of("Active")] != [target]:
        problems.append("StartSession: the session is not among the active ones")
    offered(ssm.resume_session, SessionId=session)
    if ssm.terminate_session(SessionId=session)["SessionId"] != session:
        problems.append("TerminateSession: another session was ended")
    if of("Active") or [each["Status"] for each in of("History")] not in (["Terminated"], ["Terminating"]):
        problems.append("TerminateSession: the session is not in the history alone")
