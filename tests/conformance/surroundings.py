"""What every outside program gets: made-up credentials, files of its own, and no way to any network but loopback."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"


def environment(home, endpoint=None, extra=None):
    """The whole environment of a program whose home is `home`."""
    dead = "http://127.0.0.1:9"
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {
        "HOME": str(home),
        "TERM": "xterm-256color",
        "AWS_ACCESS_KEY_ID": "AKIACONFORMANCETESTS",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": str(Path(home) / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(Path(home) / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "HTTP_PROXY": dead,
        "HTTPS_PROXY": dead,
        "http_proxy": dead,
        "https_proxy": dead,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        **({"AWS_ENDPOINT_URL": endpoint} if endpoint else {}),
        **(extra or {}),
    }
