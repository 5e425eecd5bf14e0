"""Whatever an address says: no page fails, none is slow, and no list can be filtered by what it does not offer."""

import re
import time
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.test import Client, RequestFactory
from django.utils import timezone

from kyc_portal.admin_site import PortalAdminSite
from liveness.audit import Actor
from liveness.models import BulkKind, MediaKind, Outcome, VerificationAttempt
from liveness.review.sync.sync import sync_review
from liveness.worker import bulk_actions
from tests.builders import make_attempt, make_media
from tests.portal.permissions import rows

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
SECOND = 1.0
# As they stand in an address, percent-encoded: NUL, a lone surrogate, no UTF-8 at all, numbers beyond 64 bits, dates
# that do not exist, ids that are none, wildcards, and a catastrophic regular expression.
HOSTILE = (
    *("1%00", "%ED%A0%80%FF", "9" * 30, "9" * 5000, "-1", "2026-13-45", "0001-01-01", "9999-12-31", "(a%2B)%2B%24"),
)
COMMON = ("q", "o", "p", "all", "e", "s", "_facets", "_popup", "_changelist_filters")
PORTAL_PAGES = ("/review/", "/review/audit/", "/review/dashboard/", "/review/pulse/", "/review/peek/", "/liveness/")
PORTAL_PARAMETERS = (
    *("q", "tab", "outcome", "signals", "due", "holder", "before", "after", "period", "person", "action", "attempt"),
    *("subject", "single", "told", "shown", "top", "end", "at", "page", "p"),
)
FIELDS = (
    *("q", "tab", "outcome", "name", "shared", "from", "reason", "reasons", "internal_note", "subject_text", "note"),
    *("played", "marks", "claim", "version", "evidence_digest", "shown", "decision", "glance", "is_on", "person"),
    *("username", "password", "old_password", "new_password1", "new_password2", "password1", "password2", "groups"),
    *("sdk_token", "subject_reference", "issued_at", "region", "action", "index", "_selected_action", "next"),
    *("select_across", "permissions", "email", "first_name", "date_joined_0", "date_joined_1", "last_login_0"),
)
FORBIDDEN = (
    *("username__regex", "password__startswith", "user__password__startswith", "groups__permissions__codename"),
    *("sdk_token", "attempt__sdk_token__startswith", "review__attempt__sdk_token__regex", "holder__password__regex"),
    *("pk__in", "id", "no_such_field", "__class__"),
)


@pytest.fixture
def root(db) -> Client:
    user = get_user_model().objects.create_superuser("root")
    attempt = make_attempt(outcome=Outcome.PASSED)
    make_media(attempt, MediaKind.BEST_FRAME, b"picture")
    sync_review(attempt, now=timezone.now())
    bulk_actions.start(BulkKind.REFRESH, VerificationAttempt.objects.all(), actor=Actor.user(user), now=timezone.now())
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def lists() -> dict[str, admin.ModelAdmin]:
    """Every list of the admin, by its address."""
    return {
        f"/admin/{model._meta.app_label}/{model._meta.model_name}/": model_admin
        for model, model_admin in admin.site._registry.items()
    }


def request():
    made = RequestFactory().get("/")
    made.user = AnonymousUser()
    return made


def problems(client: Client, addresses: Iterator[str]) -> list[str]:
    """The addresses that fail, or that take longer than a second even when asked again."""
    found = []
    for address in addresses:
        times = []
        while not times or (min(times) > SECOND and len(times) < 2):
            begun = time.monotonic()
            status = client.get(address).status_code
            times.append(time.monotonic() - begun)
        if status >= 500 or min(times) > SECOND:
            found.append(f"{address[:120]}: {status} in {min(times):.1f} s")
    return found


def test_no_value_of_a_filter_fails_an_admin_list(root):
    def addresses():
        for page, model_admin in lists().items():
            names = (*model_admin.offered_parameters(request()), *COMMON)
            yield from (f"{page}?" + "&".join(f"{name}={value}" for name in names) for value in HOSTILE)
            yield from (f"{page}?{name}=%00" for name in names)

    assert problems(root, addresses()) == []


def test_no_value_of_a_parameter_fails_a_page_of_the_portal(root):
    def addresses():
        for page in PORTAL_PAGES:
            yield from (f"{page}?" + "&".join(f"{name}={value}" for name in PORTAL_PARAMETERS) for value in HOSTILE)
            yield f"{page}?tab=mine&" + "&".join(f"{name}=%00" for name in PORTAL_PARAMETERS[2:])

    assert problems(root, addresses()) == []


def test_no_value_within_a_path_fails(root):
    parts = ("<path:object_id>", "<path:content_type_id>", "<int:object_id>", "<int:pk>", "<id>", "<slug:name>")

    def addresses():
        for route in rows():
            if "<" in route and not route.startswith("/admin/^"):
                for value in ("1%00", "%ED%A0%80", "9" * 30):
                    filled = route.replace("<uuid:public_id>", value)
                    for part in parts:
                        filled = filled.replace(part, value)
                    yield filled
                yield re.sub("<.*?>", "1", route) + f"?_to_field=%00&state=%00&after={'9' * 30}"

    assert problems(root, addresses()) == []


def form(value: str) -> bytes:
    """A form that holds this value in every field that a page of the portal has."""
    parts = [f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name in FIELDS]
    return ("".join(parts) + "--B--\r\n").encode()


@pytest.mark.parametrize("value", ["a\x00b", "+2AA-", "x" * 10_000, "9" * 5000], ids=["NUL", "half", "long", "digits"])
@pytest.mark.parametrize("charset", ["utf-8", "utf-7"])
def test_no_text_in_a_form_fails(root, value, charset):
    """In UTF-7, which a form may say that it is in, the second value is one half of a surrogate pair."""
    attempt, found = VerificationAttempt.objects.get(), {}
    body, kind = form(value), f"multipart/form-data; boundary=B; charset={charset}"
    for route in rows():
        address = re.sub("<.*?>", "1", route.replace("<uuid:public_id>", str(attempt.public_id)))
        if address.startswith("/admin/^") or "logout" in address:
            continue
        for client in (root, Client(raise_request_exception=False)):
            if (status := client.generic("POST", address, body, content_type=kind).status_code) >= 500:
                found[address] = status
    assert found == {}


def test_no_key_fails_the_way_to_the_page_of_a_record_of_any_kind(root):
    kinds = list(ContentType.objects.values_list("pk", flat=True))
    assert problems(root, (f"/admin/r/{kind}/{key}/" for kind in kinds for key in ("1%00", "9" * 30, "x" * 9000))) == []


@pytest.mark.parametrize("query", ["term=%00", "page=9" + "9" * 30, "to_field=%00", "app_label=%00", "model_name=%00"])
def test_no_value_fails_what_completes_a_field(root, query):
    known = "app_label=liveness_review&model_name=claim&field_name=holder&term=a"
    address = f"/admin/autocomplete/?{known}&{query}"
    assert problems(root, iter([address, f"/admin/autocomplete/?{query}"])) == []


def test_a_filter_that_a_list_does_not_offer_is_refused_at_once(root):
    statuses = {
        f"{page}?{name}": root.get(f"{page}?{name}=(a%2B)%2B%24").status_code for page in lists() for name in FORBIDDEN
    }
    assert {address: status for address, status in statuses.items() if status != 400} == {}


def test_every_list_of_the_admin_takes_exactly_the_filters_that_it_shows():
    """Also of an app that somebody adds later: the site guards whatever is registered."""
    asked = request()
    for model_admin in lists().values():
        offered = model_admin.offered_parameters(asked)
        assert all(model_admin.lookup_allowed(name, "1", asked) for name in offered)
        refused = [name for name in lookups(model_admin.model) if name not in offered]
        assert not any(model_admin.lookup_allowed(name, "1", asked) for name in refused)
        comparisons = {name.rpartition("__")[2] for name in offered if "__" in name}
        assert comparisons <= {"exact", "isnull"}


def lookups(model: type[models.Model]) -> Iterator[str]:
    """Every comparison of every field of a model, and of the models that it refers to."""
    for field in model._meta.get_fields():
        related = field.related_model._meta.fields if field.related_model else [field]
        for last in related:
            path = field.name if last is field else f"{field.name}__{last.name}"
            yield path
            yield from (f"{path}__{name}" for name in getattr(last, "get_lookups", dict)())


class Careless(admin.ModelAdmin):
    list_filter = ("is_staff",)

    def lookup_allowed(self, lookup, value, request):
        return True


def test_an_admin_that_allows_everything_is_guarded_nevertheless():
    site = PortalAdminSite("other")
    site.register(get_user_model(), Careless)
    guarded = site._registry[get_user_model()]
    assert isinstance(guarded, Careless)
    assert guarded.lookup_allowed("is_staff__exact", "1", request())
    assert not guarded.lookup_allowed("username__regex", "x", request())
