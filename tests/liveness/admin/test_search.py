"""The search boxes of the admin: what they find, and what an address may show of it."""

import pytest
from django.db import connection

from liveness.models import MediaKind, Outcome, VerificationAttempt
from liveness.web import search
from tests.builders import make_attempt, make_media
from tests.liveness.admin.pages import ATTEMPTS, MEDIA, staff, told

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def found(client, text: str, path: str = ATTEMPTS) -> set[int]:
    """The rows that a person sees who types this into the search box."""
    page = client.post(f"{path}find/", {"q": text}, follow=True)
    return {row.pk for row in page.context["cl"].result_list} if "Nothing matches" not in page.text else set()


def test_the_search_leads_to_what_was_meant_and_no_address_shows_a_token_or_a_person(root, attempt):
    by_token = root.post(f"{ATTEMPTS}find/", {"q": attempt.sdk_token})
    assert by_token["Location"] == f"{ATTEMPTS}{attempt.pk}/change/"
    by_id = root.post(f"{ATTEMPTS}find/", {"q": str(attempt.public_id)})
    assert by_id["Location"] == f"{ATTEMPTS}?q={attempt.public_id}"
    by_subject = root.post(f"{ATTEMPTS}find/", {"q": "subject-1"})
    assert by_subject["Location"].startswith(f"{ATTEMPTS}?s=")
    assert "subject" not in by_subject["Location"]
    missed = root.post(f"{ATTEMPTS}find/", {"q": "SOME-UNKNOWN-TOKEN"})
    assert missed["Location"] == ATTEMPTS
    assert "Nothing matches" in told(missed)
    assert "SOME-UNKNOWN-TOKEN" not in told(missed)


def test_no_link_of_a_list_of_found_rows_shows_the_subject(root):
    for number in range(3):
        make_attempt(subject_reference=f"S-1{number}")
    page = root.post(f"{ATTEMPTS}find/", {"q": "s-1"}, follow=True)
    assert "Search: <b>s-1</b>" in page.text
    links = [part.partition('"')[0] for part in page.text.split('href="')[1:]]
    assert links and not any("s-1" in link.lower() for link in links)


def test_a_subject_in_an_address_is_no_search(root, attempt):
    make_attempt(subject_reference="other")
    page = root.get(ATTEMPTS, {"q": "subject-1", "outcome__exact": ""})
    assert len(page.context["cl"].result_list) == 2
    links = [part.partition('"')[0] for part in page.text.split('href="')[1:]]
    assert links and not any("subject-1" in link for link in links)


@pytest.mark.parametrize("field", ["subject_reference", "request_id", "public_id"])
def test_the_search_finds_beginnings_and_ignores_case(root, field):
    wanted = make_attempt(outcome=Outcome.PASSED, subject_reference="Kunde-Ab", request_id="3F2a-request")
    make_attempt(subject_reference="x", request_id="other")
    text = str(getattr(wanted, field))
    for typed in (text, text.upper(), text.lower(), text[:5], text[:5].swapcase()):
        assert found(root, typed) == {wanted.pk}
    assert found(root, text + "x") == found(root, text[1:]) == set()


def test_a_token_is_found_whole_and_as_it_is(root, attempt):
    token = VerificationAttempt.objects.get(pk=attempt.pk).sdk_token
    for typed in (token[:-1], token.lower(), token[:8]):
        assert not root.post(f"{ATTEMPTS}find/", {"q": typed})["Location"].endswith("change/")


@pytest.mark.parametrize(
    ("stored", "typed"),
    [("100%", "100%"), ("a_b", "a_"), ("back\\slash", "back\\"), ("it's", "IT'S"), ("Müller", "MÜLL"), ("ÅSA", "åsa")],
)
def test_signs_stand_for_themselves_and_letters_beyond_ascii_ignore_case(root, stored, typed):
    wanted = make_attempt(subject_reference=stored)
    for decoy in ("100", "axb", "backslash", "its", "Muller", "ASA"):
        make_attempt(subject_reference=decoy)
    assert found(root, typed) == {wanted.pk}
    assert found(root, "%") == found(root, "_") == set()


def test_a_search_of_another_session_shows_nothing_rather_than_everything(root, attempt):
    address = root.post(f"{ATTEMPTS}find/", {"q": "subject-1"})["Location"]
    assert len(root.get(address).context["cl"].result_list) == 1
    other = staff("view_verificationattempt")
    page = other.get(address)
    assert len(page.context["cl"].result_list) == 0
    assert "not kept any more" in page.text


def test_a_search_is_kept_while_filters_and_pages_change(root, attempt):
    make_attempt(subject_reference="subject-1", outcome=Outcome.FAILED)
    address = root.post(f"{ATTEMPTS}find/", {"q": "SUBJECT"})["Location"]
    page = root.get(f"{address}&outcome__exact=failed")
    assert [row.outcome for row in page.context["cl"].result_list] == ["failed"]


def test_media_are_found_by_digest_id_attempt_and_subject(root, attempt):
    picture = attempt.media.get(kind=MediaKind.BEST_FRAME)
    make_media(make_attempt(subject_reference="other"), MediaKind.BEST_FRAME, b"other picture")
    both = set(attempt.media.values_list("pk", flat=True))
    for typed in (picture.sha256, picture.sha256.upper(), str(picture.public_id), str(picture.public_id)[:13]):
        assert found(root, typed, MEDIA) == {picture.pk}
    for typed in (str(attempt.public_id), "subject-1", "SUBJ"):
        assert found(root, typed, MEDIA) == both
    assert found(root, "ubject", MEDIA) == found(root, "z" * 64, MEDIA) == set()


@pytest.mark.parametrize("field", ["subject_reference", "request_id"])
def test_an_index_answers_a_search_by_the_beginning(field):
    """With hardly any rows PostgreSQL would rather read the table, so here it must not."""
    condition = search._begins(field, "s-1")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        plan = VerificationAttempt.objects.filter(condition).order_by().values("pk").explain()
    name = {"subject_reference": "liveness_attempt_subject_key", "request_id": "liveness_attempt_request_key"}[field]
    assert name in plan
    assert "SCAN liveness_verificationattempt\n" not in plan


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("12AB", "12ab0000-0000-0000-0000-000000000000", "12abffff-ffff-ffff-ffff-ffffffffffff"),
        ("12ab-3", "12ab3000-0000-0000-0000-000000000000", "12ab3fff-ffff-ffff-ffff-ffffffffffff"),
    ],
)
def test_the_beginning_of_an_id_is_a_range_of_ids(text, first, last):
    assert tuple(map(str, search.uuids_beginning(text) or ())) == (first, last)


@pytest.mark.parametrize("text", ["123", "xyz1", "", "-", "0" * 33, "１２３４"])
def test_too_few_digits_and_other_signs_are_no_beginning_of_an_id(text):
    assert search.uuids_beginning(text) is None
