"""The search for secrets: each spelling, any cut, inside what is compressed, in flat memory."""

import gzip
import io
import tracemalloc
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.leaktest.search import Hit, look, needles
from appliance.leaktest.spellings import spellings

SECRET = 'cnry-7f<3a&9"e\\+/=é5-end'
NEEDLES = needles({"one": SECRET, "two": "another-secret-2981"})


def test_each_spelling_is_found_and_none_stands_in_for_another() -> None:
    assert len(spellings(SECRET)) == 17
    for form, needle in spellings(SECRET).items():
        assert Hit("one", form) in look(NEEDLES, [b"before", needle, b"after"]).hits


def test_a_text_without_the_secret_has_no_hit() -> None:
    almost = [needle[:-1] + b"~" for needle in spellings(SECRET).values()]
    assert look(NEEDLES, almost).hits == set()


@given(st.lists(st.integers(1, 40), min_size=1), st.binary(max_size=200))
def test_wherever_a_stream_is_cut_the_secret_is_found(cuts: list[int], around: bytes) -> None:
    whole = around + SECRET.encode() + around
    chunks: list[bytes] = []
    at = 0
    while at < len(whole):
        size = cuts[len(chunks) % len(cuts)]
        chunks.append(whole[at : at + size])
        at += size

    seen = look(NEEDLES, chunks)

    assert (seen.size, Hit("one", "utf-8") in seen.hits) == (len(whole), True)


def _zip(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a-long-name-of-a-member.txt", data)
    return file.getvalue()


@pytest.mark.parametrize("chunk", [1, 1000, 1 << 20])
@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, _zip])
def test_it_is_found_inside_what_is_compressed(pack: object, chunk: int) -> None:
    assert callable(pack)
    inner = b"some text, " * 500 + SECRET.encode() + b" and more" * 500
    packed = b"x\x9c noise " + pack(inner) + b" noise \x1f\x8b\x08"
    assert SECRET.encode() not in packed

    chunks = [packed[at : at + chunk] for at in range(0, len(packed), chunk)]
    twice = pack(packed)
    seen = look(NEEDLES, chunks)

    assert Hit("one", "utf-8") in seen.hits
    assert Hit("one", "utf-8") in look(NEEDLES, [twice]).hits


def test_memory_is_flat_over_a_large_stream_and_a_bomb() -> None:
    bomb = zlib.compress(bytes(70_000_000))
    tracemalloc.start()
    seen = look(NEEDLES, (bomb if at == 0 else bytes(1 << 16) for at in range(320)))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (seen.size > 20_000_000, most < 20_000_000, seen.hits) == (True, True, set())


def test_what_would_be_found_by_chance_is_not_looked_for() -> None:
    with pytest.raises(ValueError, match="pin is too short"):
        needles({"pin": "123456789012345"})


def test_a_hit_tells_no_part_of_the_secret() -> None:
    (hit,) = look(NEEDLES, [b"another-secret-2981"]).hits
    assert "another" not in repr((hit, NEEDLES))
