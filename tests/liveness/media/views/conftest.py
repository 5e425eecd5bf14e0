"""What tests of the door start from: a video, and people who may view it or also download it."""

import pytest

from liveness.models import MediaKind
from tests.builders import make_attempt, make_media
from tests.liveness.media.views.visiting import CONTENT, LOOK
from tests.people import make_user, signed_in


@pytest.fixture
def video():
    return make_media(make_attempt(), MediaKind.VIDEO, CONTENT)


@pytest.fixture
def viewer():
    return signed_in(make_user(*LOOK))


@pytest.fixture
def keeper():
    return signed_in(make_user(*LOOK, "download_storedmedia"))
