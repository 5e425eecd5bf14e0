"""The workspace as tests visit it: its addresses, its forms, and people in front of it."""

import re
from html.parser import HTMLParser

from django.test import Client

from liveness.review.models import Review
from liveness.review.policy import ESCALATE
from tests.liveness.review.working import REVIEWER, SUPERVISOR
from tests.people import make_user, signed_in

READ = ("view_decision", "view_note", "view_poll")
# What can be sent without having opened the files.
TYPED = {
    "outcome": ESCALATE,
    "reasons": ["policy.doubt", "attack.mask"],
    "internal_note": "Line one\nline <two> & \u202ethree",
    "subject_text": "Please wait.",
}
HTMX = {"HX-Request": "true"}


def reviewer(**fields):
    """A reviewer who may read everything, and his browser."""
    person = make_user(*REVIEWER, *READ, **fields)
    return person, signed_in(person)


def supervisor(**fields):
    person = make_user(*SUPERVISOR, *READ, **fields)
    return person, signed_in(person)


def address(review: Review, command: str = "", query: str = "") -> str:
    return f"/review/{review.attempt.public_id}/{command}" + (f"?{query}" if query else "")


class _Fields(HTMLParser):
    """What a browser would send of the forms of a page, by the form's action."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, list[str]]] = {}
        self._form: dict[str, list[str]] | None = None
        self._text: str | None = None

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self._form = self.forms.setdefault(given.get("action", "").partition("?")[0], {})
        if self._form is None or "name" not in given:
            return
        is_off = given.get("type") in ("radio", "checkbox") and "checked" not in given
        if tag == "input" and not is_off:
            self._form.setdefault(given["name"], []).append(given.get("value") or "")
        if tag == "textarea":
            self._text = given["name"]
            self._form.setdefault(self._text, []).append("")

    def handle_data(self, data):
        if self._text and self._form is not None:
            self._form[self._text][-1] += data

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        if tag == "textarea":
            self._text = None


def form(response, action: str) -> dict[str, list[str]]:
    """The fields of the page's form whose action ends like this, as a browser would send them untouched."""
    parser = _Fields()
    parser.feed(response.text)
    found = [fields for name, fields in parser.forms.items() if name.endswith(f"/{action}")]
    assert found, f"no form for {action}"
    return found[0]


def has_form(response, action: str) -> bool:
    return re.search(rf'action="[^"]*/{action}(\?|")', response.text) is not None


def claimed(client: Client, review: Review, query: str = ""):
    """Claim by the button of the page; the page that follows."""
    return client.post(address(review, "claim/", query), follow=True)


def looked(client: Client, review: Review) -> None:
    """Load the picture and the video, as the page does."""
    for media in review.attempt.media.all():
        response = client.get(f"/liveness/media/{media.public_id}/", headers={"Sec-Fetch-Dest": "image"})
        assert response.status_code == 200
        b"".join(response.streaming_content)


def send(client: Client, page, review: Review, *, query: str = "", **changes):
    """Send the page's decision form with these changes."""
    return client.post(address(review, "decide/", query), form(page, "decide/") | changes)


def typed_in(page, action="decide/") -> dict[str, object]:
    """What stands in the form of the page now."""
    fields = form(page, action)
    return {
        "outcome": fields.get("outcome", [""])[0],
        "reasons": sorted(fields.get("reasons", [])),
        "internal_note": fields["internal_note"][0],
        "subject_text": fields["subject_text"][0],
    }


def has_kept(page, action="decide/") -> bool:
    return typed_in(page, action) == TYPED | {"reasons": sorted(TYPED["reasons"])}
