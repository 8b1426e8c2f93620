"""appliance.memory, in a process of its own"""

import json
import os
import subprocess
import sys

from appliance import memory
from tests.rules.tree import ROOT

CODE = """
import json, os, resource, subprocess, sys
from appliance import memory
memory.close()
child = [sys.executable, "-c", "import os, json; print(json.dumps(dict(os.environ)))"]
dumpable = __import__("ctypes").CDLL(None).prctl(3, 0, 0, 0, 0)
print(json.dumps({
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "dumpable": dumpable,
    "child": json.loads(subprocess.run(child, capture_output=True, text=True).stdout),
}))
"""


def test_no_dump_no_look_inside_and_no_child_that_knows_where_keys_are() -> None:
    given = dict.fromkeys(memory.NOT_FOR_CHILDREN, "/where/keys/are")
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **given},
        capture_output=True,
        text=True,
        check=True,
    )

    found = json.loads(done.stdout)
    assert found["core"] == [0, 0]
    assert found["dumpable"] == 0
    assert not set(memory.NOT_FOR_CHILDREN) & set(found["child"])
    assert "/where/keys/are" not in str(found["child"])
