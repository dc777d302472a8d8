"""Proof by programs that we did not write: `python tests/conformance`, started by `scripts/test`.

1. calibration  the strict reader of raw answers finds what moto gets wrong and every kind of damage
2. operations   boto3 and the AWS CLI talk to `bartizan emulate`: no byte differs from botocore's models
3. refusals     unsigned and wrongly shaped requests get AWS's errors
4. faults       what `--fault` breaks looks as AWS's own bad days do
5. nasty        late replicas, lost answers, an attacker: what boto3 sees of them
6. huge         boto3 reads the huge account to its end
7. moto         `bartizan users` and `bartizan keys` over moto agree with boto3 row by row
8. stores       boto3 works with what rotations put into each store; botocore reads credentials files as we do
9. rotate       rotations over an IAM on its bad days; boto3 then works with what the store holds
10. data        all real records of ../shared/data load and list through `bartizan emulate`
11. private     a session through a proxy whose certificate only AWS_CA_BUNDLE vouches for
12. plugin      `aws ssm start-session` with the official session-manager-plugin, where there is one on PATH
"""

import argparse
import os
import sys

import part_calibration
import part_data
import part_faults
import part_huge
import part_moto
import part_nasty
import part_operations
import part_plugin
import part_private
import part_refusals
import part_rotate
import part_stores
import programs
from report import Report
from surroundings import environment

PARTS = {
    "calibration": part_calibration.run,
    "operations": part_operations.run,
    "refusals": part_refusals.run,
    "faults": part_faults.run,
    "nasty": part_nasty.run,
    "huge": part_huge.run,
    "moto": part_moto.run,
    "stores": part_stores.run,
    "rotate": part_rotate.run,
    "data": part_data.run,
    "private": part_private.run,
    "plugin": part_plugin.run,
}
WITHOUT_PROGRAM = {"calibration"}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--program", default=str(programs.ROOT / "target" / "debug" / "bartizan"))
    arguments.add_argument("--only", action="append", choices=list(PARTS), help="one part; may be given again")
    arguments.add_argument("--require-all", action="store_true", help="leaving something out is a failure")
    options = arguments.parse_args()
    # boto3 in this process reads the environment too: the same made-up credentials, and no way out.
    made_up = environment("/nonexistent")
    os.environ.clear()
    os.environ.update(made_up)
    report = Report()
    program = programs.Bartizan(os.path.abspath(options.program))
    for name in options.only or PARTS:
        arguments = () if name in WITHOUT_PROGRAM else (program,)
        report.part(name, PARTS[name], *arguments)
    return report.finish(options.require_all)


if __name__ == "__main__":
    sys.exit(main())
