"""Every way in which the practice systems misbehave."""

import http.client
import time

import pytest

from connector.sandbox.errors import Refusal
from connector.sandbox.faults import Faults, Settings, settings
from connector.sandbox.server import running_ap, running_erp
from tests.connector.sandbox.conftest import Caller, ap_bill, erp_bill, sign_in


@pytest.fixture
def made(ap: Caller) -> dict[str, object]:
    return ap_bill(ap)


def test_the_connection_is_cut_after_the_bill_was_stored(
    ap: Caller, made: dict[str, object]
) -> None:
    ap.system.faults(drop_after_commit=1)
    with pytest.raises(http.client.RemoteDisconnected):
        ap.post("/v2/bills", made, key="k")
    ap.system.faults(drop_after_commit=0)
    assert ap.system.stats()["bills"] == 1
    assert ap.post("/v2/bills", made, key="k").status == 201
    assert ap.system.stats()["bills"] == 1


def test_500_is_answered_after_the_bill_was_stored(ap: Caller, made: dict[str, object]) -> None:
    ap.system.faults(error_after_commit=1)
    answer = ap.post("/v2/bills", made, key="k")
    assert (answer.status, answer.body["error"]["code"]) == (500, "internal")
    assert ap.system.stats()["bills"] == 1


def test_a_change_may_lose_its_answer_too(erp: Caller) -> None:
    bill = erp.post("/api/v1/bills", erp_bill(erp)).body
    erp.system.faults(error_after_commit=1)
    assert erp.patch(f"/api/v1/bills/{bill['id']}", {"memo": "seen"}).status == 500
    assert erp.get(f"/api/v1/bills/{bill['id']}").body["memo"] == "seen"


def test_faults_after_the_commit_leave_reading_and_refusals_alone(
    ap: Caller, made: dict[str, object]
) -> None:
    ap.system.faults(drop_after_commit=1, error_after_commit=1)
    assert ap.get("/v2/bills").status == 200
    assert ap.post("/v2/bills", {**made, "lines": []}).status == 422


def test_429_says_how_long_to_wait_and_nothing_is_stored(
    ap: Caller, made: dict[str, object]
) -> None:
    ap.system.faults(rate_limited=1, retry_after_s=7)
    answer = ap.post("/v2/bills", made)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    assert ap.system.stats()["bills"] == 0


def test_a_slow_system_waits_before_it_answers(ap: Caller) -> None:
    ap.system.faults(slow_ms=120)
    start = time.monotonic()
    assert ap.get("/v2/company").status == 200
    assert time.monotonic() - start >= 0.12


def test_an_answer_breaks_off_in_the_middle(ap: Caller, made: dict[str, object]) -> None:
    ap.system.faults(truncate=1)
    with pytest.raises(http.client.IncompleteRead):
        ap.get("/v2/vendors")
    with pytest.raises(http.client.IncompleteRead):
        ap.post("/v2/bills", made)
    assert ap.system.stats()["bills"] == 1


def test_the_ledger_gives_the_page_before_once_more(ap: Caller) -> None:
    first = ap.get("/v2/vendors", limit=1, offset=0).body
    ap.system.faults(duplicate_page=1)
    assert ap.get("/v2/vendors", limit=1, offset=0).body == first
    assert ap.get("/v2/vendors", limit=1, offset=1).body == first


def test_the_erp_points_from_a_page_to_the_same_page(erp: Caller) -> None:
    first = erp.get("/api/v1/vendors", limit=5).body
    erp.system.faults(duplicate_page=1)
    second = erp.get("/api/v1/vendors", limit=5, cursor=first["next_cursor"]).body
    assert second["next_cursor"] == first["next_cursor"]
    assert second["data"] != first["data"]


def test_a_sign_in_ends_before_its_time(ap: Caller, erp: Caller) -> None:
    for caller, path in ((ap, "/v2/company"), (erp, "/api/v1/company")):
        caller.system.faults(session_expiry=1, most=1)
        assert caller.get(path).status == 401
        assert caller.get(path).status == 401
        assert sign_in(caller.system).get(path).status == 200


def test_all_sign_ins_end_on_request(ap: Caller) -> None:
    ap.system.ask("POST", "/admin/expire", {})
    assert ap.get("/v2/company").status == 401


def test_after_so_many_faults_the_system_behaves(ap: Caller) -> None:
    ap.system.faults(rate_limited=1, most=3)
    statuses = [ap.get("/v2/company").status for _ in range(6)]
    assert statuses == [429, 429, 429, 200, 200, 200]
    assert ap.system.stats()["faults"] == {"rate_limited": 3}


def test_sign_in_and_administration_are_left_alone(ap: Caller) -> None:
    ap.system.faults(rate_limited=1, truncate=1, session_expiry=1)
    assert sign_in(ap.system).headers["X-Session-Id"]
    assert ap.system.stats()["bills"] == 0


def outcomes(seed: int, other: float = 0.0) -> list[bool]:
    faults = Faults(Settings(rate_limited=0.3, truncate=other, seed=seed))
    drawn = []
    for _ in range(200):
        faults.strikes("truncate")
        drawn.append(faults.strikes("rate_limited"))
    return drawn


def test_the_same_seed_strikes_the_same_calls_whatever_else_is_asked_for() -> None:
    assert outcomes(1) == outcomes(1) == outcomes(1, other=0.5)
    assert outcomes(1) != outcomes(2)
    assert 40 <= sum(outcomes(1)) <= 80


def test_faults_can_be_asked_for_at_the_start() -> None:
    with running_ap(faults={"rate_limited": 1.0}) as system:
        assert sign_in(system).get("/v2/company").status == 429
    with pytest.raises(Refusal, match="no fault"), running_erp(bills=0, faults={"fire": 1}):
        pass


def test_what_is_not_named_stays(ap: Caller) -> None:
    ap.system.faults(slow_ms=1, retry_after_s=9)
    asked = ap.system.faults(truncate=0.25)["asked"]
    assert (asked["slow_ms"], asked["retry_after_s"]) == (1, 9)
    assert float(asked["truncate"]) == 0.25


@pytest.mark.parametrize(
    "asked",
    [{"fire": 1}, {"truncate": 2}, {"truncate": -1}, {"truncate": "1"}, {"slow_ms": 0.5},
     {"most": True}],
)  # fmt: skip
def test_a_fault_that_is_not_one_is_refused(ap: Caller, asked: dict[str, float]) -> None:
    with pytest.raises(Refusal):
        settings(asked)
    with pytest.raises(ValueError, match="422"):
        ap.system.faults(**asked)


def test_who_repeats_with_the_same_key_posts_each_bill_once_through_all_faults(ap: Caller) -> None:
    bills = [ap_bill(ap, f"N-{number}") for number in range(40)]
    ap.system.faults(
        drop_after_commit=0.3, error_after_commit=0.2, rate_limited=0.2, truncate=0.1, seed=7
    )
    for number, bill in enumerate(bills):
        while True:
            try:
                if ap.post("/v2/bills", bill, key=f"k-{number}").status == 201:
                    break
            except (http.client.HTTPException, ConnectionError):
                continue
    stats = ap.system.stats()
    assert stats["bills"] == 40
    assert stats["repeated_references"] == {}
    assert all(stats["faults"][name] for name in ("drop_after_commit", "rate_limited", "truncate"))
    assert stats["calls"]["POST /v2/bills"] > 60
