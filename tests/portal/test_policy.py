"""A policy that hides attempts hides them on every page: no id, reference, count or picture of theirs comes through."""

import re

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver

from kyc_portal.roles import ROLES, STAFF_ROLES
from liveness.access import AccessPolicy
from liveness.models import AuditEvent, StoredMedia, VerificationAttempt
from liveness.review.models import Review
from liveness.worker import engine
from liveness.worker.run_report import RunReport
from tests.liveness.review.working import OURS_ONLY
from tests.portal.bordered import MANY, SECRET_SUBJECT, THEIRS, address, make_both, make_person, routes
from tests.portal.permissions import rows

pytestmark = pytest.mark.django_db
VISITORS = ("anonymous", *ROLES, "superuser")
LEAVING = ("/accounts/logout/",)
PERIODS = ("24h", "7d", "30d")


@pytest.fixture(autouse=True)
def _no_vendor(monkeypatch):
    monkeypatch.setattr(engine, "run", lambda plan: RunReport())


@pytest.fixture
def border(request, settings):
    """A visitor of this role, and what is on both sides of the border."""
    call_command("portal_roles")
    visitor = make_person(request.param, STAFF_ROLES)
    ours, theirs = make_both(visitor)
    settings.LIVENESS_ACCESS_POLICY = OURS_ONLY
    client = Client(raise_request_exception=True)
    if request.param != "anonymous":
        client.force_login(visitor)
    return client, ours, theirs


def told(response) -> str:
    """All that an answer says: its headers, and its body without what the visitor cannot take for a number."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    text = body.decode(errors="replace")
    text = re.sub(
        r'name="csrfmiddlewaretoken" value="\w+"|<svg.*?</svg>|<script.*?</script>', "", text, flags=re.DOTALL
    )
    return "\n".join([*(f"{name}: {value}" for name, value in response.headers.items()), text])


def given_away(response, theirs, asked="") -> set[str]:
    """The marks of theirs in the answer, apart from what the visitor typed."""
    text = told(response)
    found = {mark for mark in theirs.marks if mark in text and mark not in asked and mark.replace("-", "") not in asked}
    # A count of theirs, or of both sides together, standing by itself.
    words = re.sub(r"<[^>]*>", " ", text.partition("<main")[2])
    return found | set(re.findall(rf"(?<![\w:.,-])(?:{MANY + 3}|{MANY + 6})(?![\w:,-])", words))


def takes_posts(route: str) -> bool:
    """Leaving ends the visit, and the admin's own pages answer a POST of nothing as they answer a GET."""
    is_own = not route.startswith("/admin/") or "/act/" in route
    return is_own and route not in LEAVING


def visits(ours, theirs):
    """Every address with our records and with theirs, pages of lists that begin at theirs, and searches for theirs."""
    for side in (ours, theirs):
        for route in routes(get_resolver().url_patterns):
            for method in ("GET", "POST"):
                if method == "GET" or takes_posts(route):
                    yield method, address(route, side.records), {}
    there, event = theirs.records["attempts"], theirs.records["auditevent"]
    for query in (f"before={there}", f"after={there}"):
        yield "GET", f"/liveness/?{query}", {}
    for query in (f"attempt={there}", f"subject={there}", f"before={event + 1}", f"after={event - 1}", "single=1"):
        yield "GET", f"/review/audit/?{query}", {}
    for tab in ("mine", "open", "proposed", "escalated", "waiting", "lost", "decided"):
        yield "GET", f"/review/?tab={tab}", {}
        yield "GET", f"/review/pulse/?tab={tab}&shown={there.hex}", {}
        yield "GET", f"/review/peek/?tab={tab}&from={there}", {}
        yield "POST", "/review/next/", {"tab": tab, "from": str(there)}
    for period in PERIODS:
        yield "GET", f"/review/dashboard/?period={period}", {}
    token = VerificationAttempt.objects.get(public_id=there).sdk_token
    finds = [route for route in routes(get_resolver().url_patterns) if route.endswith("/find/")]
    for text in (SECRET_SUBJECT, token, str(there), str(theirs.records["media"]), str(event), "T-7"):
        for find in finds:
            yield "POST", find, {"q": text}


def test_every_address_of_the_portal_is_visited():
    assert set(routes(get_resolver().url_patterns)) == set(rows())


# Some five hundred visits: ten seconds of work, and more where the machine has other work.
@pytest.mark.timeout(600)
@pytest.mark.parametrize("border", VISITORS, indirect=True)
def test_no_page_gives_away_what_the_policy_hides(border):
    client, ours, theirs = border
    found = {}
    for method, path, data in visits(ours, theirs):
        response = client.generic(method, path) if not data else client.post(path, data)
        asked = path + " ".join(data.values())
        if marks := given_away(response, theirs, asked):
            found[method, path, *data.values()] = marks
        if (
            response.status_code in (302, 303)
            and data
            and (marks := given_away(client.get(response["Location"]), theirs, asked))
        ):
            found[method, path, "then", response["Location"], *data.values()] = marks
    assert found == {}


@pytest.mark.parametrize("border", ["administrator"], indirect=True)
@pytest.mark.parametrize("end", ["", "thumbnail/", "download/"])
def test_no_file_of_theirs_leaves_even_to_somebody_who_holds_its_tag(border, end):
    client, ours, theirs = border
    file = StoredMedia.objects.get(public_id=theirs.records["media"])
    ask = client.post if end == "download/" else client.get
    path = f"/liveness/media/{file.public_id}/{end}"
    for headers in ({}, {"If-None-Match": f'"{file.sha256}"'}, {"Range": "bytes=0-0"}):
        assert ask(path, headers=headers).status_code == 404
    assert ask(path.replace(str(file.public_id), str(ours.records["media"]))).status_code == 200


@pytest.mark.parametrize("border", ["superuser"], indirect=True)
def test_the_search_for_marks_finds_them_where_nothing_is_hidden(border, settings):
    client, _ours, theirs = border
    settings.LIVENESS_ACCESS_POLICY = "liveness.access.AccessPolicy"
    for page in ("/liveness/", "/review/", "/review/audit/", "/admin/liveness/verificationattempt/"):
        assert given_away(client.get(page), theirs), page
    for page in ("/review/dashboard/", "/admin/liveness/bulkaction/"):
        assert str(MANY + 6) in given_away(client.get(page), theirs), page


@pytest.mark.parametrize("border", ["administrator"], indirect=True)
def test_registering_a_token_of_theirs_leads_nowhere(border):
    client, _ours, theirs = border
    token = VerificationAttempt.objects.get(public_id=theirs.records["attempts"]).sdk_token
    form = {"sdk_token": token, "subject_reference": "OURS-1", "issued_at_0": "2026-11-22", "issued_at_1": "10:00"}
    answer = client.post("/admin/liveness/verificationattempt/add/", form | {"region": THEIRS}, follow=True)
    assert given_away(answer, theirs, token) == set()


class OnlyOne(AccessPolicy):
    def visible_attempts(self, user):
        return super().visible_attempts(user).filter(pk=101)


@pytest.mark.parametrize("border", ["auditor"], indirect=True)
def test_what_a_narrowed_person_costs_does_not_grow(border, settings, django_assert_max_num_queries):
    client, _ours, _theirs = border
    settings.LIVENESS_ACCESS_POLICY = f"{__name__}.OnlyOne"
    assert Review.objects.count() == MANY + 6 and AuditEvent.objects.count() > MANY
    for page in ("/review/audit/", "/review/", "/review/dashboard/", "/liveness/"):
        with django_assert_max_num_queries(25):
            assert client.get(page).status_code == 200
