"""IAM through boto3: every list in all pages and in any page size, the credential report, and the life of a key."""

import csv
import io
import json
import time

from emulated import offered, refusal
from pages import same_in_any_size

REPORT_COLUMNS = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,"
    "access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,"
    "access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
).split(",")
LISTS_OF_A_USER = [
    ("list_access_keys", "AccessKeyMetadata"),
    ("list_mfa_devices", "MFADevices"),
    ("list_groups_for_user", "Groups"),
    ("list_attached_user_policies", "AttachedPolicies"),
    ("list_user_policies", "PolicyNames"),
    ("list_user_tags", "Tags"),
    ("list_ssh_public_keys", "SSHPublicKeys"),
    ("list_signing_certificates", "Certificates"),
    ("list_service_specific_credentials", "ServiceSpecificCredentials"),
]


def walk(aws, _scenario):
    problems = []
    iam = aws.client("iam")
    users = same_in_any_size(problems, iam, "list_users", "Users", sizes=(1, 3, 7))
    report = credential_report(problems, iam)
    rows = {row["user"]: row for row in report}
    if {user["UserName"] for user in users} != set(rows) - {"<root_account>"}:
        problems.append("the credential report and ListUsers do not have the same users")
    for user in users:
        _user(problems, iam, user, rows.get(user["UserName"]))
    _account(problems, iam, users)
    _life_of_a_key(problems, iam, users)
    _containment(problems, iam, users)
    return problems


def credential_report(problems, iam):
    states = []
    for _ in range(20):
        states.append(iam.generate_credential_report()["State"])
        if states[-1] == "COMPLETE":
            break
        time.sleep(0.5)
    else:
        problems.append(f"GenerateCredentialReport: never COMPLETE, but {states}")
    answer = iam.get_credential_report()
    reader = csv.DictReader(io.StringIO(answer["Content"].decode()))
    rows = list(reader)
    if reader.fieldnames[: len(REPORT_COLUMNS)] != REPORT_COLUMNS:
        problems.append(f"GetCredentialReport: columns are {reader.fieldnames}")
    if not rows or rows[0]["user"] != "<root_account>":
        problems.append("GetCredentialReport: the first row is not <root_account>")
    if any(None in row or None in row.values() for row in rows):
        problems.append("GetCredentialReport: a row has more or fewer columns than the first line")
    return rows


def _user(problems, iam, user, row):
    name = user["UserName"]
    if iam.get_user(UserName=name)["User"]["Arn"] != user["Arn"]:
        problems.append(f"GetUser {name}: not the user of ListUsers")
    lists = {}
    for operation, key in LISTS_OF_A_USER:
        if iam.can_paginate(operation):
            read = offered(same_in_any_size, problems, iam, operation, key, sizes=(1,), UserName=name)
        else:
            read = (offered(getattr(iam, operation), UserName=name) or {}).get(key)
        lists[operation] = read
    for policy in lists["list_user_policies"] or []:
        document = offered(iam.get_user_policy, UserName=name, PolicyName=policy)
        if document and not isinstance(document["PolicyDocument"], dict):
            problems.append(f"GetUserPolicy {name} {policy}: the document is not URL-encoded JSON")
    keys = lists["list_access_keys"]
    for key in keys:
        used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
        if used["UserName"] != name:
            problems.append(f"GetAccessKeyLastUsed {key['AccessKeyId']}: of {used['UserName']}, not of {name}")
        last = used["AccessKeyLastUsed"]
        if ("LastUsedDate" not in last) != ((last["ServiceName"], last["Region"]) == ("N/A", "N/A")):
            problems.append(f"GetAccessKeyLastUsed {key['AccessKeyId']}: a key without a use has N/A twice and no date")
    profile = offered(iam.get_login_profile, UserName=name)
    if row is not None:
        _agrees(problems, name, row, keys, lists["list_mfa_devices"], profile)


def _agrees(problems, name, row, keys, devices, profile):
    """The credential report says of a user what the live calls say."""
    active = [key["Status"] == "Active" for key in keys]
    said = [row[f"access_key_{number}_active"] == "true" for number in (1, 2)][: len(active)]
    if sorted(said) != sorted(active):
        problems.append(f"{name}: report has active keys {said}, ListAccessKeys {active}")
    if (row["mfa_active"] == "true") != bool(devices):
        problems.append(f"{name}: report has mfa_active={row['mfa_active']}, ListMFADevices has {len(devices)}")
    if (row["password_enabled"] == "true") != bool(profile):
        problems.append(f"{name}: report has password_enabled={row['password_enabled']}, GetLoginProfile has {profile}")


def _account(problems, iam, users):
    summary = iam.get_account_summary()["SummaryMap"]
    if summary["Users"] != len(users):
        problems.append(f"GetAccountSummary: {summary['Users']} users, ListUsers has {len(users)}")
    for operation, key in [
        ("list_account_aliases", "AccountAliases"),
        ("list_groups", "Groups"),
        ("list_roles", "Roles"),
        ("list_virtual_mfa_devices", "VirtualMFADevices"),
    ]:
        offered(same_in_any_size, problems, iam, operation, key, sizes=(1, 2))
    for operation in ("get_account_password_policy", "get_user", "list_policies"):
        offered(getattr(iam, operation))
    roles = offered(iam.list_roles) or {"Roles": []}
    for role in roles["Roles"][:3]:
        offered(iam.get_role, RoleName=role["RoleName"])
        offered(iam.list_attached_role_policies, RoleName=role["RoleName"])
        offered(iam.list_role_policies, RoleName=role["RoleName"])
    groups = offered(iam.list_groups) or {"Groups": []}
    for group in groups["Groups"][:3]:
        offered(same_in_any_size, problems, iam, "get_group", "Users", sizes=(1,), GroupName=group["GroupName"])
        offered(iam.list_attached_group_policies, GroupName=group["GroupName"])
        offered(iam.list_group_policies, GroupName=group["GroupName"])
    whole = offered(iam.get_account_authorization_details)
    if whole is not None:
        paginator = iam.get_paginator("get_account_authorization_details")
        for size in (2, 100):
            pages = paginator.paginate(PaginationConfig={"PageSize": size})
            names = [user["UserName"] for page in pages for user in page["UserDetailList"]]
            if sorted(names) != sorted(user["UserName"] for user in users):
                problems.append(f"GetAccountAuthorizationDetails in pages of {size}: not the users of ListUsers")


def _life_of_a_key(problems, iam, users):
    """Create, switch off, switch on, delete: as rotation does it; a third key is refused."""
    for user in users:
        name = user["UserName"]
        before = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
        if len(before) < 2:
            break
    else:
        problems.append("every user has two keys: the life of a key was not tried")
        return
    made = [iam.create_access_key(UserName=name)["AccessKey"] for _ in range(2 - len(before))]
    key = made[0]
    if len(key["SecretAccessKey"]) != 40:
        problems.append("CreateAccessKey: the secret does not have 40 characters")
    try:
        iam.create_access_key(UserName=name)
        problems.append("CreateAccessKey: a third key was made")
    except iam.exceptions.LimitExceededException:
        pass
    for status in ("Inactive", "Active", "Inactive"):
        iam.update_access_key(UserName=name, AccessKeyId=key["AccessKeyId"], Status=status)
        listed = {each["AccessKeyId"]: each["Status"] for each in _keys_when_settled(iam, name, 2)}
        if listed.get(key["AccessKeyId"]) != status:
            problems.append(f"UpdateAccessKey {status}: ListAccessKeys says {listed}")
    for each in made:
        iam.delete_access_key(UserName=name, AccessKeyId=each["AccessKeyId"])
    if _keys_when_settled(iam, name, len(before)) != before:
        problems.append("DeleteAccessKey: other keys are listed than before")
    try:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        problems.append("DeleteAccessKey: a key was deleted twice")
    except iam.exceptions.NoSuchEntityException:
        pass


def _containment(problems, iam, users):
    """What an administrator does to a user in an incident: deny all, take the password, take the devices."""
    name = users[0]["UserName"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    iam.put_user_policy(UserName=name, PolicyName="deny-all", PolicyDocument=json.dumps(policy))
    if iam.get_user_policy(UserName=name, PolicyName="deny-all")["PolicyDocument"] != policy:
        problems.append("GetUserPolicy: not the document of PutUserPolicy")
    if "deny-all" not in iam.list_user_policies(UserName=name)["PolicyNames"]:
        problems.append("ListUserPolicies: without the policy of PutUserPolicy")
    decided = _simulated(iam, users[0]["Arn"])
    if set(decided) != {"explicitDeny"}:
        problems.append(f"SimulatePrincipalPolicy of a user who is denied everything: {decided}")
    problems += _simulated_for_each(iam, users)
    iam.delete_user_policy(UserName=name, PolicyName="deny-all")
    if set(_simulated(iam, users[0]["Arn"])) != {"allowed"}:
        problems.append("SimulatePrincipalPolicy: not allowed without the policy")
    if "deny-all" in iam.list_user_policies(UserName=name)["PolicyNames"]:
        problems.append("ListUserPolicies: with the policy after DeleteUserPolicy")
    deny_all = "arn:aws:iam::aws:policy/AWSDenyAll"
    iam.attach_user_policy(UserName=name, PolicyArn=deny_all)
    attached = iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]
    if deny_all not in [policy["PolicyArn"] for policy in attached]:
        problems.append("ListAttachedUserPolicies: without the policy of AttachUserPolicy")
    iam.detach_user_policy(UserName=name, PolicyArn=deny_all)
    for user in users:
        devices = iam.list_mfa_devices(UserName=user["UserName"])["MFADevices"]
        if devices:
            iam.deactivate_mfa_device(UserName=user["UserName"], SerialNumber=devices[0]["SerialNumber"])
            left = iam.list_mfa_devices(UserName=user["UserName"])["MFADevices"]
            if left != devices[1:]:
                problems.append(f"DeactivateMFADevice: {len(left)} devices are left of {len(devices)}")
            break
    for user in users:
        if offered(iam.get_login_profile, UserName=user["UserName"]):
            iam.delete_login_profile(UserName=user["UserName"])
            if offered(iam.get_login_profile, UserName=user["UserName"]):
                problems.append("DeleteLoginProfile: the password is still there")
            short = refusal(iam.create_login_profile, UserName=user["UserName"], Password="a")
            if short != "PasswordPolicyViolation":
                problems.append(f"CreateLoginProfile: a password of one letter gives {short}")
            iam.create_login_profile(UserName=user["UserName"], Password="Not.A.Secret.1234", PasswordResetRequired=True)
            if not iam.get_login_profile(UserName=user["UserName"])["LoginProfile"]["PasswordResetRequired"]:
                problems.append("GetLoginProfile: PasswordResetRequired was lost")
            if refusal(iam.create_login_profile, UserName=user["UserName"], Password="Not.A.Secret.1234") != "EntityAlreadyExists":
                problems.append("CreateLoginProfile: a second password was made")
            break


def _simulated_for_each(iam, users):
    """Who may do what to whom: one result for an action, and in it one for each resource."""
    problems = []
    resources = [user["Arn"] for user in users[:2]] + ["arn:aws:secretsmanager:us-east-1:123456789012:secret:ada-AbCdEf"]
    actions = ["iam:CreateAccessKey", "secretsmanager:PutSecretValue"]
    answer = iam.simulate_principal_policy(PolicySourceArn=users[0]["Arn"], ActionNames=actions, ResourceArns=resources)
    results = answer["EvaluationResults"]
    if [result["EvalActionName"] for result in results] != actions:
        problems.append(f"SimulatePrincipalPolicy: {len(results)} results for {len(actions)} actions")
    for result in results:
        each = result.get("ResourceSpecificResults", [])
        if [one["EvalResourceName"] for one in each] != resources:
            problems.append(f"SimulatePrincipalPolicy: the results of {result['EvalActionName']} are for other resources")
        if {one["EvalResourceDecision"] for one in each} != {"explicitDeny"} or result["EvalDecision"] != "explicitDeny":
            problems.append(f"SimulatePrincipalPolicy: {result['EvalActionName']} of a user who is denied everything: {each}")
    elsewhere = "arn:aws:sts::123456789012:assumed-role/watch/ada"
    said = refusal(iam.simulate_principal_policy, PolicySourceArn=elsewhere, ActionNames=actions)
    if said != "InvalidInput":
        problems.append(f"SimulatePrincipalPolicy of a role's session: {said}")
    return problems


def _simulated(iam, arn):
    actions = ["iam:CreateAccessKey", "iam:DeleteAccessKey", "sts:GetCallerIdentity"]
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=arn, ActionNames=actions, PaginationConfig={"PageSize": 2}
    )
    return [result["EvalDecision"] for page in pages for result in page["EvaluationResults"]]


def _keys_when_settled(iam, name, number):
    """IAM is eventually consistent: reads until the number of keys is the expected one, at most ten seconds."""
    deadline = time.monotonic() + 10
    while True:
        keys = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
        if len(keys) == number or time.monotonic() > deadline:
            return keys
        time.sleep(0.2)
