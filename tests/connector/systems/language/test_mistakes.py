"""Mistakes that authors make: each is refused at its place and in words that say what is right."""

import json
from pathlib import Path
from typing import Any

import pytest

from connector.systems.errors import SpecError
from connector.systems.load import load_system
from tests.connector.systems.language.documents import changed, text_of

MISTAKES = json.loads(Path(__file__).with_name("mistakes.json").read_text(encoding="utf-8"))


def refused(text: str, filename: str) -> SpecError:
    with pytest.raises(SpecError) as caught:
        load_system(text, filename)
    return caught.value


@pytest.mark.parametrize("mistake", [one for one in MISTAKES if "base" in one], ids=str)
def test_a_mistake_in_a_description_is_refused_where_it_stands(mistake: dict[str, Any]) -> None:
    value = [mistake["value"]] if "value" in mistake else []
    whole = changed(mistake["base"], mistake["set"], *value)
    error = refused(text_of(whole), f"{whole['name']}.yaml")
    found = [one.text for one in error.problems if one.path == mistake["where"]]
    assert any(mistake["says"] in text for text in found), str(error)


@pytest.mark.parametrize("mistake", [one for one in MISTAKES if "text" in one], ids=str)
def test_a_text_that_is_not_strict_yaml_is_refused_with_its_line(mistake: dict[str, Any]) -> None:
    error = refused(mistake["text"], "x.yaml")
    whole = f"x.yaml:{error.problems[0].line}: {error.problems[0].text}"
    assert mistake["says"] in whole
    assert error.problems[0].path == mistake["where"]


def test_every_mistake_of_the_list_says_what_it_expects() -> None:
    assert len(MISTAKES) == 58
    assert all(one["says"] for one in MISTAKES)


def test_an_error_names_file_line_and_path() -> None:
    text = "format: 1\nname: x1\ntitel: X\n"
    error = refused(text, "x1.yaml")
    assert 'x1.yaml:3: titel: unknown key "titel"; did you mean "title"?' in str(error)


def test_a_name_that_is_not_the_file_name_is_refused() -> None:
    whole = changed("bill", ["name"], "bil")
    error = refused(text_of(whole), "bill.yaml")
    assert str(error).endswith('name: name is "bil" but the file is bill.yaml')


def test_a_list_or_a_text_in_place_of_a_description_is_refused() -> None:
    for text in ("- a\n", "a\n", "1\n", "null\n"):
        assert refused(text, "x.yaml").problems[0].path == "(top)"
