"""250 users in moto: every mix of password, MFA devices, keys, their state, age and use, and groups."""

import datetime
import itertools

from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.models import AccessKeyLastUsed, iam_backends

USERS = 250
KEYS = [(), ("Active",), ("Inactive",), ("Active", "Active"), ("Active", "Inactive"), ("Inactive", "Inactive")]
# Age of the keys in days; none is near a limit that a clock could cross while the test runs.
AGES = [0, 1, 45, 100, 400, 2000]
# password, number of MFA devices, keys, used, number of groups: 216 mixes.
MIXES = list(itertools.product((False, True), (0, 1, 2), KEYS, (False, True), (0, 1, 2)))


def seed(boto):
    """Makes the users over the API, then sets their ages inside moto."""
    iam = boto.client("iam")
    iam.create_account_alias(AccountAlias="conformance")
    for group in ("operators", "auditors"):
        iam.create_group(GroupName=group)
    for number in range(USERS):
        _user(iam, number, *MIXES[number % len(MIXES)])


def _user(iam, number, password, devices, keys, used, groups):
    name = f"user-{number:03}"
    iam.create_user(UserName=name, Path="/" if number % 5 else "/staff/")
    if password:
        iam.create_login_profile(UserName=name, Password="Not.A.Secret.1")
    for index in range(devices):
        serial = iam.create_virtual_mfa_device(VirtualMFADeviceName=f"{name}-{index}")["VirtualMFADevice"]
        iam.enable_mfa_device(
            UserName=name,
            SerialNumber=serial["SerialNumber"],
            AuthenticationCode1="123456",
            AuthenticationCode2="654321",
        )
    for status in keys:
        key = iam.create_access_key(UserName=name)["AccessKey"]
        iam.update_access_key(UserName=name, AccessKeyId=key["AccessKeyId"], Status=status)
    for group in ("operators", "auditors")[:groups]:
        iam.add_user_to_group(UserName=name, GroupName=group)
    _age(name, number, used)


def _age(name, number, used):
    """Nothing over HTTP can age a key; inside moto it is a field."""
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=0)
    user = iam_backends[DEFAULT_ACCOUNT_ID]["aws"].users[name]
    user.create_date = now - datetime.timedelta(days=3000 + number)
    if used and user.password:
        user.password_last_used = now - datetime.timedelta(days=number, hours=3)
    for index, key in enumerate(user.access_keys):
        # The second one is the older one for every sixth user: a list has no promised order.
        age = AGES[(number + index) % len(AGES)]
        key.create_date = now - datetime.timedelta(days=age, hours=5 - index)
        if used and index == number % 2:
            key.last_used = AccessKeyLastUsed(
                timestamp=now - datetime.timedelta(hours=2, minutes=number), service="s3", region="eu-west-1"
            )
