"""static/: what was vendored is what its README says, and nothing is fetched from elsewhere."""

import hashlib
import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
README = (ROOT / "static/README.md").read_text(encoding="utf-8")


def test_the_digests_of_vendored_files_are_those_of_the_readme() -> None:
    lines = re.findall(r"\| `([^`]+)` \|.*`([0-9a-f]{64})` \|", README)

    assert len(lines) == 3
    for name, digest in lines:
        data = (ROOT / "static" / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest, name


def test_styles_and_templates_load_nothing_from_another_host() -> None:
    for path in [*ROOT.glob("static/console/*.css"), *ROOT.glob("templates/**/*.html")]:
        text = path.read_text(encoding="utf-8")

        assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//""", text), path
        assert "data:" not in text.replace("data-", ""), path


def test_no_template_has_inline_style_or_script() -> None:
    for path in ROOT.glob("templates/**/*.html"):
        text = path.read_text(encoding="utf-8")

        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*src=)", text, re.I), path
