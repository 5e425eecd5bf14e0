import pytest
from django.contrib.auth.models import AnonymousUser

from liveness.access import AccessPolicy, access_policy
from liveness.models import MediaKind
from tests.builders import make_attempt, make_media
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db
LOOK = ("view_verificationattempt", "view_storedmedia")


class OneMerchant(AccessPolicy):
    """A host's rule: only the attempts of one merchant."""

    def visible_attempts(self, user):
        return super().visible_attempts(user).filter(subject_reference__startswith="ours-")


@pytest.fixture
def picture():
    return make_media(make_attempt(), MediaKind.BEST_FRAME, b"picture")


def rights(user, media):
    policy = access_policy()
    return {
        name
        for name, has in {
            "list": policy.visible_attempts(user).exists(),
            "view": policy.may_view(user, media),
            "preview": policy.may_preview(user, media),
            "download": policy.may_download(user, media),
        }.items()
        if has
    }


@pytest.mark.parametrize(
    ("permissions", "expected"),
    [
        ((), set()),
        (("view_verificationattempt",), {"list"}),
        (("view_storedmedia",), set()),
        (("download_storedmedia",), set()),
        (LOOK, {"list", "view", "preview"}),
        ((*LOOK, "download_storedmedia"), {"list", "view", "preview", "download"}),
        (("view_verificationattempt", "download_storedmedia"), {"list"}),
    ],
)
def test_it_allows_what_the_permissions_say_and_nothing_else(picture, permissions, expected):
    assert rights(make_user(*permissions), picture) == expected


def test_it_allows_nothing_to_strangers_and_to_people_who_left(picture):
    assert rights(AnonymousUser(), picture) == set()
    assert rights(make_user(*LOOK, "download_storedmedia", is_active=False), picture) == set()


def test_a_host_narrows_everything_by_narrowing_the_visible_attempts(settings, picture):
    settings.LIVENESS_ACCESS_POLICY = "tests.liveness.test_access.OneMerchant"
    ours = make_media(make_attempt(subject_reference="ours-1"), MediaKind.BEST_FRAME, b"ours")
    user = make_user(*LOOK, "download_storedmedia", is_staff=True)
    assert rights(user, ours) == {"list", "view", "preview", "download"}
    assert rights(user, picture) == {"list"}
    client = signed_in(user)
    assert [client.get(f"/liveness/media/{file.public_id}/").status_code for file in (ours, picture)] == [200, 404]
    for page in ("/liveness/", "/admin/liveness/verificationattempt/"):
        assert "ours-1" in client.get(page).text
        assert "subject-1" not in client.get(page).text
    changes = [client.get(f"/admin/liveness/storedmedia/{file.pk}/change/").status_code for file in (ours, picture)]
    assert changes == [200, 302]
