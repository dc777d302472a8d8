"""Systems Manager through boto3: nodes, sessions, and the end of one session."""

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
    _end_a_session(problems, ssm)
    _a_session_of_our_own(problems, ssm, nodes)
    offered(ssm.get_document, Name="SSM-SessionManagerRunShell")
    return problems


def _filters(problems, ssm, nodes):
    for key, member in (("PingStatus", "PingStatus"), ("PlatformTypes", "PlatformType"), ("InstanceIds", "InstanceId")):
        for value in sorted({node[member] for node in nodes})[:3]:
            found = ssm.describe_instance_information(Filters=[{"Key": key, "Values": [value]}], MaxResults=50)
            wanted = [node["InstanceId"] for node in nodes if node[member] == value]
            given = [node["InstanceId"] for node in found["InstanceInformationList"]]
            if sorted(given) != sorted(wanted[:50]) and len(wanted) <= 50:
                problems.append(f"DescribeInstanceInformation {key}={value}: {len(given)} nodes, {len(wanted)} match")


def _end_a_session(problems, ssm):
    """An active session that is ended moves to the history."""
    active = ssm.describe_sessions(State="Active")["Sessions"]
    if not active:
        problems.append("no session is active: none was ended")
        return
    session = active[0]["SessionId"]
    if ssm.terminate_session(SessionId=session)["SessionId"] != session:
        problems.append("TerminateSession: another session was ended")

    def of(state):
        filters = [{"key": "SessionId", "value": session}]
        return ssm.describe_sessions(State=state, Filters=filters)["Sessions"]

    if of("Active") or [each["Status"] for each in of("History")] not in (["Terminated"], ["Terminating"]):
        problems.append("TerminateSession: the session is not in the history alone")


def _a_session_of_our_own(problems, ssm, nodes):
    """Started, taken up again with another token, and ended: then there is no token any more."""
    target = next((node["InstanceId"] for node in nodes if node["PingStatus"] == "Online"), None)
    if target is None:
        problems.append("StartSession: no node is online")
        return
    started = ssm.start_session(Target=target, Reason="conformance")
    session = started["SessionId"]
    if ssm.resume_session(SessionId=session)["TokenValue"] == started["TokenValue"]:
        problems.append("ResumeSession: the same token again")
    ssm.terminate_session(SessionId=session)
    if ssm.resume_session(SessionId=session).get("TokenValue"):
        problems.append("ResumeSession: a token for a session that has ended")
