"""Pictures of the pages: python -m tests.browser.shots FOLDER [NAME OF A PAGE ...]"""

import os
import sys
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

if __name__ == "__main__":
    django.setup()
    from tests.browser.album import take

    take(Path(sys.argv[1]), sys.argv[2:])
