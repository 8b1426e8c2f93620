"""The box as somebody attacks it through a browser: forms, links, names, cookies"""

import re
from collections.abc import Iterator
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction
from django.http.response import HttpResponseBase
from django.test import Client
from pytest_django import Settings

from appliance.accounts.models import User
from connector.systems.models import UploadedSystem
from tests.appliance.accounts.people import PASSWORD, attempt
from tests.connector.console import box
from tests.connector.console.addresses import addresses

pytestmark = pytest.mark.django_db
ALL = {one.path: one for one in addresses()}
PAGES = sorted(path for path, one in ALL.items() if one.site in ("page", "auditors"))
ELSEWHERE = (
    *("https://evil.example/", "//evil.example/", "///evil.example/", "/\\evil.example/"),
    *("\\\\evil.example", "/\t/evil.example/", "/%09/evil.example", "http:evil.example"),
    *("javascript:alert(1)", "JaVaScRiPt:alert(1)", "\x01javascript:alert(1)", "data:text/html,x"),
    *("https:///evil.example", "//testserver@evil.example", "https://testserver.evil.example"),
    *("//evil.example\\@testserver/", "/ /evil.example", "ht\ntp://evil.example", "@evil.example"),
)
NAMES = {
    *("title", "name", "label", "first_name", "last_name", "description", "note", "message"),
    *("health_message", "problem", "device", "address", "filename", "email", "account", "url"),
}
PLANTED = "<i x{}>\"'><script>alert(1)</script>"
POWERS = {
    **dict.fromkeys(("is_superuser", "is_staff", "is_active", "groups", "user_permissions"), "1"),
    **dict.fromkeys(("user", "user_id", "person", "pk", "id", "session"), "1"),
    **dict.fromkeys(("role", "actor", "username"), "owner"),
}


def entered(role: str, **options: Any) -> Client:
    """Somebody of a role who has just proved who they are."""
    person = User.objects.filter(username=role).first() or box.a_person(role)
    client = Client(raise_request_exception=False, **options)
    client.force_login(person)
    box.just_proved(person, client.session)
    return client


def status(answer: HttpResponseBase) -> int:
    return answer.status_code


@pytest.fixture(scope="module")
def busy(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A busy box, once for all tests of this file."""
    with django_db_blocker.unblock(), transaction.atomic():
        box.a_busy_box()
        yield
        transaction.set_rollback(True)


def test_no_form_is_taken_without_its_token_or_from_another_site(busy: None) -> None:
    strict = entered("owner", enforce_csrf_checks=True)
    token = "t" * 32
    strict.cookies["csrf"] = token
    before = box.state()
    taken = []
    for path in PAGES:
        if ALL[path].name == "hook":
            continue
        tries = {"no token": strict.post(path, {})}
        if path in PAGES[::10]:  # one check does it for all
            posted = {"csrfmiddlewaretoken": token}
            tries["DELETE"] = strict.delete(path)
            tries["a wrong token"] = strict.post(path, {"csrfmiddlewaretoken": "x" * 32})
            for origin in ("https://evil.example", "null"):
                tries[origin] = strict.post(path, posted, headers={"Origin": origin})
        taken += [f"{path}: {name}" for name, one in tries.items() if status(one) != 403]

    assert taken == []
    assert box.state() == before


def test_a_session_is_no_proof_for_programs(busy: None) -> None:
    """So that no other site can use the interface with somebody's cookie."""
    owner = entered("owner")
    programs = [path for path, one in ALL.items() if one.site not in ("page", "auditors")]

    answers = {(path, how): status(owner.generic(how, path)) for path in programs for how in HOW}

    assert programs
    assert set(answers.values()) <= {401, 404, 405}, answers


@pytest.mark.parametrize("target", ELSEWHERE)
def test_nothing_leads_to_another_site(target: str, busy: None) -> None:
    box.a_person("viewer")
    answers: list[HttpResponseBase] = [attempt("viewer", next=target)]
    viewer = entered("viewer")
    answers.append(viewer.post("/confirm/", {"password": PASSWORD, "next": target}))
    answers.append(viewer.post("/theme/", {"next": target}))
    answers.append(viewer.post("/theme/", {"next": "/runs/"}, headers={"Referer": target.strip()}))
    answers.append(viewer.get("/sign-in/", {"next": target}))
    answers.append(viewer.post("/sign-out/", {"next": target}))

    for answer in answers:
        place = as_a_browser_reads(answer.get("Location", "/"))
        assert (place.scheme, place.netloc) == ("http", "testserver"), answer.get("Location")
        page = getattr(answer, "content", b"").decode()
        assert f'href="{target}' not in page
        assert f'action="{target}' not in page


def as_a_browser_reads(location: str) -> SplitResult:
    """Blanks at the ends and line breaks are dropped, a backslash is a slash (WHATWG URL)."""
    plain = re.sub(r"[\t\r\n]", "", location.strip("".join(map(chr, range(33)))))
    return urlsplit(urljoin("http://testserver/x/", plain.replace("\\", "/")))


def planted() -> int:
    """Put markup into every column that holds what people or systems call things."""
    count = 0
    for model in apps.get_models():
        ours = model.__module__.startswith(("connector.", "appliance."))
        if not ours or model is UploadedSystem:  # its name is what others find it by
            continue
        for column in model._meta.concrete_fields:
            if column.name not in NAMES or not isinstance(
                column, models.CharField | models.TextField
            ):
                continue
            text = PLANTED.format(count)[: column.max_length or None]
            try:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute("SET LOCAL session_replication_role = replica")
                    count += bool(model._default_manager.update(**{column.name: text}))
                    cursor.execute("SET LOCAL session_replication_role = origin")
            except DatabaseError:
                continue  # unique, or bound to a list
    return count


def test_markup_in_a_name_is_text_on_every_page(busy: None) -> None:
    """Every page that can be reached by links, the auditors' site as well."""
    with transaction.atomic():
        owner = entered("owner")
        owner.raise_request_exception = True
        count = planted()
        seen, shown = crawled(owner, "/", "/auditors/", "/account/", "/people/")
        transaction.set_rollback(True)

    assert count >= 8
    assert {
        path for path, page in seen.items() if "<i x" in page or "<script>alert" in page
    } == set()
    assert len(seen) > 30, sorted(seen)
    assert len(shown) >= 5, shown


def crawled(client: Client, *starts: str) -> tuple[dict[str, str], set[str]]:
    """All pages that links lead to, and which planted names stand on them, escaped."""
    waiting, seen, shown = list(starts), dict[str, str](), set[str]()
    kinds: set[str] = set()
    while waiting:
        path = waiting.pop()
        kind = re.sub(r"[0-9a-f-]{8,}|\d+", "#", path)
        if kind in kinds:
            continue
        kinds.add(kind)
        answer = client.get(path)
        assert status(answer) < 500, (path, answer.content)
        if not answer.get("Content-Type", "").startswith("text/html"):
            continue
        seen[path] = answer.content.decode()
        shown |= set(re.findall(r"&lt;i x(\d+)&gt;", seen[path]))
        links = set(re.findall(r'href="(/[^"#?]+)', seen[path]))
        waiting += [link for link in links if not link.startswith(("//", "/static/"))]
    return seen, shown


def test_nobody_gives_themselves_power_by_fields_that_no_form_has(busy: None) -> None:
    client = entered("operator")
    other = box.a_person("owner", "boss")
    before = list(User.objects.order_by("pk").values("pk", "username", "role", "is_active"))
    for path in PAGES:
        if ALL[path].name in ("sign-out", "hook") or "session" in path:
            continue
        with transaction.atomic():
            answer = client.post(path, POWERS)
            assert status(answer) < 500, path
            after = list(User.objects.order_by("pk").values("pk", "username", "role", "is_active"))
            assert after == before, path
            transaction.set_rollback(True)

    own = {"first_name": "New", "full_name": "New", "name": "New", **POWERS}
    client.post("/account/name/", own)
    person = User.objects.get(username="operator")
    assert (person.role, person.username) == ("operator", "operator")
    assert other.role == "owner"


def test_the_last_of_two_values_counts_for_the_limit_and_for_the_check_alike() -> None:
    box.a_person("owner")
    for number in range(6):
        pair = f"login=stranger{number}&login=owner&password=wrong&password=wrong"
        Client().post("/sign-in/", pair, content_type="application/x-www-form-urlencoded")

    assert status(attempt("owner")) == 403
    assert status(attempt("stranger0")) == 403


HOW = ("GET", "POST", "PUT", "PATCH", "DELETE")
COOKIES = (
    *("session=" + "x" * 8_000, "session=\x00\x01", "session=;;;===", 'session="', "session=é"),
    *("session=a; session=b", "csrf=" + "y" * 5_000, 'csrf="\\012"', "messages=W10:broken:x"),
    *("theme=<script>", "sessionid=1", "=; ; =", "session=../../etc/passwd", "x=1; " * 800),
    *("session=" + "a" * 32 + ":" + "b" * 43, "messages=" + "\\377" * 100),
)


@pytest.mark.parametrize("cookie", COOKIES)
def test_a_cookie_that_nobody_gave_out_opens_nothing_and_breaks_nothing(cookie: str) -> None:
    for path, expected in (("/", 302), ("/sign-in/", 200), ("/health/live", 200)):
        client = Client()
        answer = client.get(path, HTTP_COOKIE=cookie)
        assert status(answer) == expected, path
        assert b"<script>" not in answer.content


def test_a_session_that_was_planted_is_not_the_one_that_signs_in() -> None:
    box.a_person("owner")
    robber = Client()
    robber.get("/sign-in/")
    session = robber.session
    session["planted"] = True
    session.save()
    robber.cookies["session"] = str(session.session_key)
    for key in (str(session.session_key), "made-up-by-a-robber"):
        victim = Client()
        victim.cookies = SimpleCookie({"session": key})
        assert status(attempt("owner", client=victim)) == 302
        assert victim.cookies["session"].value != key
        assert status(victim.get("/")) == 200

    assert status(robber.get("/")) == 302
    assert status(Client().get("/", HTTP_COOKIE="session=made-up-by-a-robber")) == 302


@pytest.mark.parametrize(
    "header",
    ["Host", "X-Forwarded-Host", "X-Host", "X-Original-URL", "X-Rewrite-URL", "Forwarded"],
)
def test_no_header_changes_where_links_lead(header: str, busy: None, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://box.example"
    settings.ALLOWED_HOSTS = ["*"]
    owner = entered("owner")
    value = "host=evil.example" if header == "Forwarded" else "evil.example"
    for path in ("/", "/webhooks/", "/webhooks/books-events/", "/people/invite/", "/connections/"):
        answer = owner.get(path, headers={header: value})
        assert b"evil.example" not in answer.content, path
    made = owner.post(
        "/people/invite/", {"email": "new@example.com", "role": "viewer"}, headers={header: value}
    )
    assert b"evil.example" not in made.content
    assert b"https://box.example/invited/" in made.content


@pytest.mark.parametrize(
    "path",
    [
        *("/static/../appliance/settings.py", "/static/%2e%2e/manage.py", "/static/..%2fmanage.py"),
        *("/static/%252e%252e/manage.py", "/static//etc/passwd", "/static/..\\manage.py"),
        *("/static/\x00", "/flows/../../etc/passwd/", "/maps/..%2f..%2fetc/csv/download/"),
        *("/hooks/..%2f..%2f/", "/invited/../set-up/x/", "/auditors/..%2f..%2f/"),
    ],
)
def test_a_path_leads_to_no_file(path: str, busy: None) -> None:
    answer = entered("owner").get(path)

    assert status(answer) in (302, 400, 401, 404, 405, 410), path
    assert b"SECRET_KEY" not in answer.content
    assert b"root:" not in answer.content
