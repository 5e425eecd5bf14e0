"""The reviewer's pages: what they show, what they never show, and what they cost."""

import json
import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from liveness.models import MediaKind, MediaState, Outcome, Poll, StoredMedia
from liveness.presentation import HIDDEN_LINK, without_links
from liveness.web import searches
from tests.builders import make_attempt, make_media
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db
LOOK = ("view_verificationattempt", "view_storedmedia", "view_poll")
LIST = "/liveness/"
PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "{{7*7}}{% now 'Y' %}",
)


@pytest.fixture
def viewer():
    return signed_in(make_user(*LOOK))


def page_of(attempt) -> str:
    return f"{LIST}attempts/{attempt.public_id}/"


def references(response) -> list[str]:
    return [row.attempt.subject_reference for row in response.context["rows"]]


def without_csrf(response) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.text)


def add_answer(attempt, answer, code="0", sequence=1):
    return Poll.objects.create(
        attempt=attempt, sequence=sequence, asked_at=timezone.now(), result_code=code, digest="d" * 64, answer=answer
    )


@pytest.mark.parametrize("path", [LIST, f"{LIST}attempts/00000000-0000-4000-8000-000000000000/"])
def test_strangers_are_asked_to_log_in(path):
    response = Client().get(path)
    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={path}")


def test_a_person_without_the_permission_sees_no_list_and_no_attempt():
    client, attempt = signed_in(make_user()), make_attempt()
    assert client.get(LIST).status_code == 403
    refused, absent = client.get(page_of(attempt)), client.get(f"{LIST}attempts/{'0' * 8}-0000-4000-8000-{'0' * 12}/")
    assert refused.status_code == absent.status_code == 404
    assert without_csrf(refused) == without_csrf(absent)


def test_the_list_is_newest_first_and_turns_pages_both_ways(viewer, monkeypatch):
    monkeypatch.setattr("liveness.views.PAGE_SIZE", 3)
    for number in range(1, 8):
        make_attempt(subject_reference=f"s{number}")
    first = viewer.get(LIST)
    second = viewer.get(first.context["older"])
    third = viewer.get(second.context["older"])
    assert [references(page) for page in (first, second, third)] == [["s7", "s6", "s5"], ["s4", "s3", "s2"], ["s1"]]
    assert (first.context["newer"], third.context["older"]) == (None, None)
    assert references(viewer.get(third.context["newer"])) == ["s4", "s3", "s2"]
    assert references(viewer.get(second.context["newer"])) == ["s7", "s6", "s5"]


@pytest.mark.parametrize("cursor", ["nonsense", "00000000-0000-4000-8000-000000000000", "1", "'"])
def test_a_cursor_that_names_nothing_gives_the_first_page(viewer, cursor):
    make_attempt()
    assert references(viewer.get(LIST, {"before": cursor, "after": cursor})) == ["subject-1"]


def test_the_list_filters_by_outcome_and_keeps_the_filter_on_its_links(viewer, monkeypatch):
    monkeypatch.setattr("liveness.views.PAGE_SIZE", 1)
    make_attempt(subject_reference="failed-1", outcome=Outcome.FAILED)
    make_attempt(subject_reference="failed-2", outcome=Outcome.FAILED)
    make_attempt(subject_reference="pending")
    response = viewer.get(LIST, {"outcome": "failed"})
    assert references(response) == ["failed-2"]
    assert "outcome=failed" in response.context["older"]
    assert references(viewer.get(response.context["older"])) == ["failed-1"]
    assert references(viewer.get(LIST, {"outcome": "nonsense"})) == ["pending"]


def find(client, text):
    return client.post(f"{LIST}find/", {"q": text}, follow=True)


def test_searching_is_exact(viewer):
    attempt = make_attempt(subject_reference="S-1", request_id="request-1")
    make_attempt(subject_reference="S-10")
    for text in ("S-1", "request-1", str(attempt.public_id), attempt.public_id.hex):
        assert references(find(viewer, text)) == ["S-1"]
    for text in ("S-", "s-1", "S-1\x00", "%", "_-1"):
        missed = find(viewer, text)
        assert missed.redirect_chain == [(LIST, 302)]
        assert "Nothing matches that exactly" in missed.text


def test_a_search_keeps_its_term_out_of_every_address_and_works_again_there(viewer, monkeypatch):
    monkeypatch.setattr("liveness.views.PAGE_SIZE", 1)
    for outcome in (Outcome.FAILED, Outcome.PASSED, Outcome.FAILED):
        make_attempt(subject_reference="CUSTOMER-17", outcome=outcome)
    make_attempt(subject_reference="CUSTOMER-18")
    found = find(viewer, "CUSTOMER-17")
    [(address, _status)] = found.redirect_chain
    assert references(viewer.get(address)) == ["CUSTOMER-17"]
    links = [link for _label, link, _is_shown in found.context["tabs"]]
    for link in (address, *links, found.context["older"], found.context["cleared"]):
        assert "CUSTOMER" not in link
    assert "Exactly <b>CUSTOMER-17</b>" in viewer.get(found.context["older"]).text
    failed = viewer.get(next(link for link in links if "failed" in link))
    assert [row.attempt.outcome for row in failed.context["rows"]] == ["failed"]
    assert find(viewer, "CUSTOMER-17").redirect_chain[0][0] == address


@pytest.mark.parametrize("search", ["AAAAAAAAAAAA", "x" * 5000, "\x00"])
def test_a_link_to_the_search_of_another_log_in_shows_nothing_and_says_so(viewer, search):
    make_attempt(subject_reference="CUSTOMER-17")
    page = viewer.get(LIST, {"search": search})
    assert references(page) == []
    assert "This search is not known here" in page.text
    shared = find(signed_in(make_user(*LOOK)), "CUSTOMER-17").redirect_chain[0][0]
    assert references(viewer.get(shared)) == []


def test_an_old_link_with_a_term_in_it_leads_to_an_address_without(viewer):
    attempt = make_attempt(subject_reference="CUSTOMER-17")
    moved = viewer.get(LIST, {"q": "CUSTOMER-17"})
    assert moved.status_code == 302 and "CUSTOMER" not in moved["Location"]
    assert references(viewer.get(moved["Location"])) == ["CUSTOMER-17"]
    assert viewer.get(LIST, {"q": attempt.sdk_token})["Location"] == page_of(attempt)


def test_a_session_keeps_the_newest_searches_only(viewer):
    for number in range(searches.MOST_KEPT + 1):
        make_attempt(subject_reference=f"C-{number}")
        last = find(viewer, f"C-{number}")
    kept = viewer.session[searches.KEY]
    assert (len(kept), next(iter(kept.values()))) == (searches.MOST_KEPT, "C-1")
    assert references(last) == [f"C-{searches.MOST_KEPT}"]


def test_the_search_box_leads_from_a_token_to_its_attempt_without_an_address_that_holds_it(viewer):
    attempt = make_attempt(subject_reference="S-1")
    found = viewer.post(f"{LIST}find/", {"q": f" {attempt.sdk_token} "})
    assert found["Location"] == page_of(attempt)
    assert viewer.post(f"{LIST}find/", {"q": ""})["Location"] == LIST
    missed = viewer.post(f"{LIST}find/", {"q": "NO-SUCH-TOKEN-OF-OURS"}, follow=True)
    assert missed.redirect_chain == [(LIST, 302)]
    assert "Nothing matches that exactly" in missed.text
    assert "NO-SUCH-TOKEN" not in missed.text


def test_the_search_box_is_guarded_like_the_list():
    assert signed_in(make_user()).post(f"{LIST}find/", {"q": "x"}).status_code == 403
    forged = signed_in(make_user(*LOOK), enforce_csrf_checks=True)
    assert forged.post(f"{LIST}find/", {"q": "x"}).status_code == 403


def test_the_list_costs_the_same_for_one_row_and_for_many(viewer, django_assert_num_queries):
    def grow(count):
        for _ in range(count):
            attempt = make_attempt(outcome=Outcome.PASSED)
            make_media(attempt, MediaKind.BEST_FRAME, b"picture")
            make_media(attempt, MediaKind.VIDEO, b"video")

    grow(1)
    viewer.get(LIST)
    for count in (1, 20):
        grow(count)
        # Session, person, two look-ups of permissions, attempts, media.
        with django_assert_num_queries(6):
            viewer.get(LIST)


def test_pages_are_kept_by_no_cache(viewer):
    for path in (LIST, page_of(make_attempt())):
        assert "no-store" in viewer.get(path)["Cache-Control"]


def test_the_page_shows_facts_custody_and_ledger_but_never_a_token_or_a_vendor_address(viewer):
    attempt = make_attempt(outcome=Outcome.FAILED, result_code="1002", description="Fake", request_id="request-1")
    picture = make_media(attempt, MediaKind.BEST_FRAME, b"picture")
    video = make_media(attempt, MediaKind.VIDEO, b"video")
    add_answer(attempt, {"Result": "1002", "BestFrame": {"Url": "https://bucket.cos.example/secret.jpg", "Size": "7"}})
    text = viewer.get(page_of(attempt)).text
    for shown in (picture.sha256, picture.md5, video.sha256, "The recording looks faked.", "1002", "request-1"):
        assert shown in text
    assert f'src="{LIST}media/{picture.public_id}/"' in text
    assert f'poster="{LIST}media/{picture.public_id}/"' in text
    assert re.search(rf'<video controls\s+preload="metadata"[^>]*src="{LIST}media/{video.public_id}/"', text)
    assert attempt.masked_token in text
    for hidden in (attempt.sdk_token, "bucket.cos", "secret.jpg", "download/"):
        assert hidden not in text
    assert attempt.sdk_token not in viewer.get(LIST).text


def test_the_download_button_is_there_for_those_who_may():
    attempt = make_attempt(outcome=Outcome.PASSED)
    video = make_media(attempt, MediaKind.VIDEO, b"video")
    keeper = signed_in(make_user(*LOOK, "download_storedmedia"))
    assert f'action="{LIST}media/{video.public_id}/download/"' in keeper.get(page_of(attempt)).text


def test_a_person_who_may_not_see_media_sees_the_attempt_without_them():
    attempt = make_attempt(outcome=Outcome.PASSED)
    video = make_media(attempt, MediaKind.VIDEO, b"video")
    text = signed_in(make_user("view_verificationattempt")).get(page_of(attempt)).text
    assert "not its picture and video" in text
    assert str(video.public_id) not in text
    assert video.sha256 not in text


def test_the_ledger_takes_a_permission_of_its_own():
    attempt = make_attempt(outcome=Outcome.PASSED)
    add_answer(attempt, {"Result": "0", "Description": "from the ledger"})
    assert "from the ledger" not in signed_in(make_user(*LOOK[:2])).get(page_of(attempt)).text
    assert "from the ledger" in signed_in(make_user(*LOOK)).get(page_of(attempt)).text


def test_a_pending_attempt_says_how_long_its_result_can_be_read(viewer):
    attempt = make_attempt(issued_at=timezone.now() - timedelta(minutes=36, seconds=30))
    text = viewer.get(page_of(attempt)).text
    assert "Waiting for the vendor" in text
    assert "1 h 23 min" in text


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"state": MediaState.WANTED, "reason": "the host answered 503"}, "Not fetched yet."),
        ({"state": MediaState.ABSENT, "reason": "the vendor sent none"}, "The vendor sent none."),
        ({"state": MediaState.LOST, "reason": "the link had expired"}, "the link had expired"),
        ({"state": MediaState.PURGED}, "Removed under the retention rules."),
    ],
)
def test_a_file_that_is_not_there_says_why(viewer, fields, expected):
    media = StoredMedia.objects.create(attempt=make_attempt(outcome=Outcome.PASSED), kind=MediaKind.VIDEO, **fields)
    text = viewer.get(page_of(media.attempt)).text
    assert expected in text
    assert "<video" not in text


def test_a_flawed_file_is_not_embedded_and_a_damaged_one_is_marked(viewer):
    attempt = make_attempt(outcome=Outcome.PASSED)
    flawed = make_media(attempt, MediaKind.BEST_FRAME, b"no picture", flaw="it does not decode")
    make_media(attempt, MediaKind.VIDEO, b"video", damaged_at=timezone.now())
    text = viewer.get(page_of(attempt)).text
    assert f"media/{flawed.public_id}/" not in text
    assert "it does not decode" in text
    assert "The stored file is damaged" in text


def test_the_other_attempts_of_the_subject_are_one_step_away(viewer):
    attempt, other = make_attempt(), make_attempt()
    stranger = make_attempt(subject_reference="somebody-else")
    text = viewer.get(page_of(attempt)).text
    assert page_of(other) in text
    assert page_of(stranger) not in text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_of_others_is_shown_as_text(viewer, payload):
    attempt = make_attempt(
        outcome=Outcome.UNKNOWN, subject_reference=payload, description=payload, result_code=payload[:20]
    )
    media = StoredMedia.objects.create(attempt=attempt, kind=MediaKind.VIDEO, state=MediaState.LOST, reason=payload)
    add_answer(attempt, {"Description": payload, payload: payload}, code=payload[:20])
    pages = [viewer.get(LIST), find(viewer, payload), viewer.get(page_of(media.attempt))]
    for response in pages:
        assert response.status_code == 200
        assert "<script>alert" not in response.text
        assert "<img src=x" not in response.text
        assert "<svg onload" not in response.text
        assert 'href="javascript:' not in response.text
        assert "49" not in response.context["rows"][0].attempt.subject_reference if "rows" in response.context else True


def test_no_page_holds_inline_code_or_an_outside_address(viewer):
    attempt = make_attempt(outcome=Outcome.PASSED)
    make_media(attempt, MediaKind.BEST_FRAME, b"picture", width=480, height=640)
    make_media(attempt, MediaKind.VIDEO, b"video")
    for path in (LIST, page_of(attempt), "/accounts/login/"):
        text = viewer.get(path).text
        assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=", text)
        for address in re.findall(r'(?:href|src|action|poster)="([^"]*)"', text):
            assert urlsplit(address).netloc == ""


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"Url": "https://a.example/b"}, {"Url": HIDDEN_LINK}),
        ({"BestFrame": {"VideoURL": "x"}}, {"BestFrame": {"VideoURL": HIDDEN_LINK}}),
        ({"Files": [{"Url": "x"}, 1]}, {"Files": [{"Url": HIDDEN_LINK}, 1]}),
        ({"Url": "", "Size": 1}, {"Url": "", "Size": 1}),
    ],
)
def test_links_inside_an_answer_are_hidden(answer, expected):
    assert json.dumps(without_links(answer)) == json.dumps(expected)
