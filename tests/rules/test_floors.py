"""Who may import whom, as pyproject.toml says it under [tool.importlinter]"""

import subprocess
import sys
from pathlib import Path

from tests.rules.tree import ROOT


def test_imports_go_down_only() -> None:
    linter = Path(sys.executable).parent / "lint-imports"

    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout
