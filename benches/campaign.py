#!/usr/bin/env python3
"""Rotates many users' keys against the embedded AWS on a bad day, and says how long it took and what is left.

    benches/campaign.py [--program target/release/bartizan] [--users 100] [--at-once 25]

Beside the time stands what propagation and the spacing of the checks alone dictate: a wave of users waits until the new key is known
everywhere, and then for three checks five seconds apart.
"""

import argparse
import configparser
import json
import os
import re
import subprocess
import sys
import tempfile
import time

LATENCY_MS, PROPAGATION, THROTTLED_PERCENT = 200, 5, 5
SPACING = 2 * 5


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/bartizan")
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=25)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bartizan-campaign-") as home:
        sys.exit(run(wanted, home))


def run(wanted, home):
    environment = surroundings(home)
    world = [wanted.program, "emulate", "--listen", "127.0.0.1:0", "--scenario", "huge"]
    world += ["--latency", str(LATENCY_MS), "--propagation", str(PROPAGATION)]
    world += ["--fault", f"iam:*=throttle,percent={THROTTLED_PERCENT}"]
    with subprocess.Popen(world, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment) as server:
        try:
            address = re.search(r"127\.0\.0\.1:\d+", server.stdout.readline()).group()
            environment["AWS_ENDPOINT_URL"] = f"http://{address}"
            status = rotate(wanted, environment, home)
        finally:
            server.terminate()
        tell_calls(server.stdout.read(), wanted.users)
        return status


def tell_calls(told, users):
    """What the embedded AWS counted, its throttled answers included."""
    calls = {name: int(count) for name, count in re.findall(r"([a-z]+:\w+) (\d+)", told.partition("calls: ")[2])}
    each = ", ".join(f"{name} {count / users:.1f}" for name, count in sorted(calls.items(), key=lambda call: -call[1]))
    print(f"{sum(calls.values()) / users:.1f} calls a user, plans and throttled ones included: {each}")


def surroundings(home):
    """Nothing of the user's own: a home, a state folder and a passphrase of its own."""
    passphrase = os.path.join(home, "passphrase")
    with open(passphrase, "w", encoding="utf-8") as file:
        file.write("a passphrase for one campaign\n")
    os.chmod(passphrase, 0o600)
    return {
        "PATH": os.environ["PATH"],
        "HOME": home,
        "BARTIZAN_STATE_DIR": os.path.join(home, "state"),
        "BARTIZAN_PASSPHRASE_FILE": passphrase,
        "AWS_SHARED_CREDENTIALS_FILE": os.path.join(home, "credentials"),
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def users_with_one_key(wanted, environment):
    """Read in process, without latency: the account with the same seed has the same users."""
    limit = str(8 * wanted.users)
    command = [wanted.program, "keys", "status=active", "--demo", "huge", "--json", "--limit", limit]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    owners = [row["handle"]["user"] for row in json.loads(done.stdout)]
    once = [user for user in dict.fromkeys(owners) if owners.count(user) == 1 and "root" not in user]
    # The last owner's second key may be the first that was cut off.
    return once[:-1]


def rotate(wanted, environment, home):
    candidates = users_with_one_key(wanted, environment)
    users = candidates[: wanted.users]
    command = [wanted.program, "rotate", *users, "--store", "new-credentials", "--escrow", "passphrase", "--soak", "0s"]
    command += ["--observe", "0s", "--at-once", str(wanted.at_once), "--yes"]
    started = time.monotonic()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    took = time.monotonic() - started
    listed = subprocess.run([wanted.program, "rotate", "--list", "--json"], env=environment, capture_output=True, text=True, check=False)
    stored = configparser.ConfigParser(interpolation=None)
    stored.read(environment["AWS_SHARED_CREDENTIALS_FILE"])
    rotations = [json.loads(line) for line in listed.stdout.splitlines() if line.startswith("{")] or json.loads(listed.stdout or "[]")
    good = [row for row in rotations if is_done(row, stored)]
    waves = -(-len(users) // wanted.at_once)
    dictated = waves * (PROPAGATION + SPACING)
    print(f"{len(good)} of {len(users)} users rotated, the new key's pair in the file; status {done.returncode}")
    print(f"{took:.1f} s; {waves} waves dictate {dictated} s: {took / dictated:.2f} times that; load {os.getloadavg()[0]:.1f}")
    if done.returncode or len(good) < len(users):
        print((done.stderr or done.stdout)[-2000:], file=sys.stderr)
        return 1
    return 0


def is_done(row, stored):
    user = row["user"]
    return row["phase"] == "done" and stored.has_section(user) and stored[user]["aws_access_key_id"] == row["new_key"]


if __name__ == "__main__":
    main()
