"""STS through boto3."""

import json


def walk(aws, _scenario):
    problems = []
    sts = aws.client("sts")
    who = sts.get_caller_identity()
    if f":{who['Account']}:" not in who["Arn"]:
        problems.append(f"GetCallerIdentity: account {who['Account']} is not that of {who['Arn']}")
    iam = aws.client("iam")
    roles = [role for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]]
    # The others trust services only, which this test is not.
    roles = [role for role in roles if '"AWS"' in json.dumps(role["AssumeRolePolicyDocument"])]
    if not roles:
        problems.append("no role trusts the account: none was assumed")
    else:
        assumed = sts.assume_role(RoleArn=roles[0]["Arn"], RoleSessionName="conformance", DurationSeconds=900)
        if not assumed["Credentials"]["AccessKeyId"].startswith("ASIA"):
            problems.append("AssumeRole: the access key id does not start with ASIA")
        if not assumed["AssumedRoleUser"]["Arn"].endswith(f"/{roles[0]['RoleName']}/conformance"):
            problems.append(f"AssumeRole: {assumed['AssumedRoleUser']['Arn']} is not a session of {roles[0]['Arn']}")
    session = sts.get_session_token(DurationSeconds=900)["Credentials"]
    if not session["AccessKeyId"].startswith("ASIA"):
        problems.append("GetSessionToken: the access key id does not start with ASIA")
    whose = sts.get_access_key_info(AccessKeyId=session["AccessKeyId"])["Account"]
    if whose != who["Account"]:
        problems.append(f"GetAccessKeyInfo: {whose}, not {who['Account']}")
    return problems
