"""The admin's lists: filters, pages and searches that are fast and give nothing away."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from liveness.admin import mixins
from liveness.models import AuditEvent, MediaKind, Outcome
from tests.builders import make_attempt, make_media
from tests.liveness.admin.pages import ATTEMPTS, AUDIT, MEDIA, event, told

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "lookup",
    ["sdk_token__startswith=A", "sdk_token=A", "attempt__sdk_token__regex=.", "description__contains=x", "id__gt=0"],
)
@pytest.mark.parametrize("path", [ATTEMPTS, MEDIA, AUDIT])
def test_a_filter_in_the_address_cannot_spell_out_a_hidden_field(root, path, lookup):
    assert root.get(f"{path}?{lookup}").status_code == 400


def test_lists_filter_by_their_filters(root):
    make_attempt(subject_reference="jakarta", region="ap-jakarta")
    make_attempt(subject_reference="failed", outcome=Outcome.FAILED)
    make_media(make_attempt(subject_reference="pictured"), MediaKind.BEST_FRAME, b"picture")

    def shown(path):
        return [str(row) for row in root.get(path).context["cl"].result_list]

    assert [row.split()[0] for row in shown(f"{ATTEMPTS}?region=ap-jakarta")] == ["jakarta"]
    assert [row.split()[0] for row in shown(f"{ATTEMPTS}?outcome__exact=failed")] == ["failed"]
    assert len(shown(f"{MEDIA}?kind__exact=best_frame&state__exact=stored")) == 1
    assert shown(f"{MEDIA}?kind__exact=video") == []


@pytest.mark.parametrize(("path", "queries"), [(ATTEMPTS, 3), (MEDIA, 3), (AUDIT, 4)])
def test_a_list_costs_the_same_for_few_and_many_rows_and_never_counts(root, path, queries):
    def grow(count):
        for _ in range(count):
            attempt = make_attempt(outcome=Outcome.PASSED)
            make_media(attempt, MediaKind.BEST_FRAME, b"picture")
            root.post(f"/liveness/media/{attempt.media.get().public_id}/download/")

    for count in (2, 30):
        grow(count)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert root.get(path).status_code == 200
        statements = [query["sql"] for query in captured.captured_queries]
        assert len(statements) == queries, statements
        assert not any("COUNT(" in statement for statement in statements)


def test_a_list_turns_pages_without_knowing_their_number(root, monkeypatch):
    monkeypatch.setattr(mixins, "LAST_PAGE", 3)
    monkeypatch.setattr(mixins.FactsAdmin, "list_per_page", 2)
    for number in range(8):
        make_attempt(subject_reference=f"s{number}")

    def page(query):
        changelist = root.get(ATTEMPTS + query).context["cl"]
        return [row.subject_reference for row in changelist.result_list], changelist

    rows, first = page("")
    assert (rows, first.newer, first.older, first.is_cut) == (["s7", "s6"], "", "?p=2", False)
    rows, last = page("?p=3")
    assert (rows, last.newer, last.older, last.is_cut) == (["s3", "s2"], "?p=2", "", True)
    assert page("?p=99")[0] == rows
    assert page("?p=-5")[0] == page("?p=x")[0] == page("?all=")[0] == page("?o=1")[0] == ["s7", "s6"]


def test_the_search_leads_to_what_was_meant_and_never_puts_a_token_into_an_address(root, attempt):
    by_token = root.post(f"{ATTEMPTS}find/", {"q": attempt.sdk_token})
    assert by_token["Location"] == f"{ATTEMPTS}{attempt.pk}/change/"
    assert root.post(f"{ATTEMPTS}find/", {"q": "subject-1"})["Location"] == f"{ATTEMPTS}?q=subject-1"
    missed = root.post(f"{ATTEMPTS}find/", {"q": "SOME-UNKNOWN-TOKEN"})
    assert missed["Location"] == ATTEMPTS
    assert "Nothing matches" in told(missed)
    assert "SOME-UNKNOWN-TOKEN" not in told(missed)


@pytest.mark.parametrize("path", [ATTEMPTS, MEDIA, AUDIT])
@pytest.mark.parametrize("text", ["\x00", "%", "' OR 1=1", "x" * 5000])
def test_the_search_survives_whatever_is_typed(root, path, text):
    assert "Nothing matches" in told(root.post(f"{path}find/", {"q": text}))


@pytest.mark.parametrize("field", ["subject_reference", "request_id", "sdk_token", "public_id"])
def test_the_search_is_exact(root, field):
    attempt = make_attempt(outcome=Outcome.PASSED, subject_reference="S-1", request_id="request-1")
    make_attempt(subject_reference="S-10", request_id="request-10")
    text = str(getattr(attempt, field))

    def found(text):
        return list(root.get(ATTEMPTS, {"q": text}).context["cl"].result_list)

    assert found(text) == [attempt]
    assert found(text[:-1]) == found(text + "x") == []


def test_media_are_found_by_digest_id_attempt_and_subject(root, attempt):
    picture = attempt.media.get(kind=MediaKind.BEST_FRAME)
    make_media(make_attempt(subject_reference="other"), MediaKind.BEST_FRAME, b"other picture")

    def found(text):
        return {file.pk for file in root.get(MEDIA, {"q": text}).context["cl"].result_list}

    both = set(attempt.media.values_list("pk", flat=True))
    assert found(picture.sha256) == found(picture.sha256.upper()) == found(str(picture.public_id)) == {picture.pk}
    assert found(str(attempt.public_id)) == found("subject-1") == both
    assert found("subject") == set()


def test_events_are_found_by_number_actor_and_object(root, attempt):
    first = event()
    root.post(f"{ATTEMPTS}{attempt.pk}/act/verify_media/")
    last = AuditEvent.objects.first()

    def found(text):
        return {event.sequence for event in root.get(AUDIT, {"q": text}).context["cl"].result_list}

    assert found(str(first.sequence)) == found("system:tests") == {first.sequence}
    assert last.sequence in found(last.actor)
    assert found(last.object_id) == {last.sequence}
    assert found("9" * 30) == found("nonsense") == set()
