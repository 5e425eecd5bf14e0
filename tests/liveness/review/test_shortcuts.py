"""Keys: the commands, what a person may choose, and the page to choose on."""

import json

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.template import Context, Template
from django.test import Client, RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from liveness.review import shortcuts
from liveness.review.models import KeyMap
from liveness.review.shortcuts import COMMANDS, GROUPS, SPACE
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db
PAGE = "/review/keys/"
DEFAULTS = {name: command.key for name, command in COMMANDS.items()}


@pytest.fixture
def person():
    return make_user("view_review")


def form(**changes) -> dict[str, str]:
    """The form as the browser would post it, with single keys on."""
    chosen = DEFAULTS | {name.replace("_", "-"): key for name, key in changes.items()}
    return {f"key-{name}": key for name, key in chosen.items()} | {"is_on": "on"}


def shown(client) -> dict:
    """What the page hands to its script."""
    html = client.get(PAGE).content.decode()
    return json.loads(html.partition('<script id="keys" type="application/json">')[2].partition("</script>")[0])


def test_every_command_has_a_name_and_a_key_of_its_own():
    named = [command.name for group in GROUPS for command in group.commands]
    assert len(set(named)) == len(named)
    assert shortcuts.problems(DEFAULTS) == {}
    assert all(DEFAULTS.values())


def test_the_commands_are_those_that_the_pages_name():
    assert {"next", "claim", "release", "approve", "reject", "retry", "escalate", "note", "search"} <= set(COMMANDS)
    assert {"undo", "confirm", "remark"} <= set(COMMANDS)
    assert (COMMANDS["play"].key, COMMANDS["help"].key) == (SPACE, "?")


def test_a_choice_replaces_its_default_and_nothing_else():
    assert shortcuts.effective({"approve": "p"}) == DEFAULTS | {"approve": "p"}


def test_a_command_without_a_key_stays_without():
    assert shortcuts.effective({"approve": ""})["approve"] == ""


def test_a_default_gives_way_to_a_choice_made_before_its_command_came():
    effective = shortcuts.effective({"approve": DEFAULTS["rotate"], "gone": "a"})
    assert (effective["approve"], effective["rotate"]) == (DEFAULTS["rotate"], "")
    assert effective["reject"] == DEFAULTS["reject"]


@pytest.mark.parametrize(
    ("typed", "kept"), [("A", "a"), (" ", SPACE), ("space", SPACE), (" p ", "p"), ("", ""), ("É", "é")]
)
def test_a_key_is_kept_in_one_spelling(typed, kept):
    assert shortcuts.read({"key-approve": typed})["approve"] == kept


@pytest.mark.parametrize("typed", ["ab", "enter", "\x07", "tab"])
def test_more_than_one_character_is_no_key(typed):
    assert "one character" in shortcuts.problems(DEFAULTS | {"approve": typed})["approve"]


def test_two_commands_with_one_key_are_told_of_each_other():
    found = shortcuts.problems(DEFAULTS | {"approve": "r"})
    assert set(found) == {"approve", "reject"}
    assert "Reject" in found["approve"] and "Approve" in found["reject"]


def test_commands_without_a_key_do_not_collide():
    assert shortcuts.problems(DEFAULTS | {"approve": "", "reject": ""}) == {}


@given(st.dictionaries(st.sampled_from(sorted(f"key-{name}" for name in COMMANDS)), st.text(max_size=6)))
def test_whatever_is_posted_is_refused_or_works(posted):
    chosen = shortcuts.read(posted)
    if shortcuts.problems(chosen):
        return
    given_keys = [key for key in chosen.values() if key]
    assert len(given_keys) == len(set(given_keys))
    assert all(key == SPACE or len(key) == 1 for key in given_keys)
    assert shortcuts.effective(chosen) == chosen


def test_the_page_saves_what_differs_and_shows_it(person):
    client = signed_in(person)
    assert client.post(PAGE, form(approve="P", mute="")).status_code == 302
    assert KeyMap.objects.get(owner=person).keys == {"approve": "p", "mute": ""}
    data = shown(client)
    assert (data["commands"]["p"], data["isOn"]) == ("approve", True)
    assert "a" not in data["commands"] and DEFAULTS["mute"] not in data["commands"]


def test_the_page_refuses_a_collision_and_keeps_what_was_typed(person):
    client = signed_in(person)
    refused = client.post(PAGE, form(approve="r"))
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "Nothing was saved" in page and page.count('aria-invalid="true"') == 2
    assert page.count('value="r"') == 2
    assert not KeyMap.objects.exists()
    assert shown(client)["commands"]["a"] == "approve"


def test_single_keys_can_be_turned_off_and_back_on(person):
    client = signed_in(person)
    without = form()
    del without["is_on"]
    client.post(PAGE, without)
    assert shown(client)["isOn"] is False
    assert "Your single keys are off" in client.get(PAGE).content.decode()
    client.post(PAGE, form())
    assert shown(client)["isOn"] is True


def test_the_defaults_come_back_whatever_was_typed_beside_them(person):
    client = signed_in(person)
    client.post(PAGE, form(approve="p"))
    client.post(PAGE, form(approve="r") | {"defaults": "1"})
    assert KeyMap.objects.get(owner=person).keys == {}
    assert shown(client)["commands"]["a"] == "approve"


def test_keys_are_everybodys_own(person):
    other = signed_in(make_user("view_review"))
    signed_in(person).post(PAGE, form(approve="p"))
    assert shown(other)["commands"]["a"] == "approve"


def test_hostile_text_stays_text(person):
    page = signed_in(person).post(PAGE, form(approve='"><script>')).content.decode()
    assert '"><script>' not in page.lower().replace('id="keys" type="application/json"', "")
    assert "&quot;&gt;&lt;script&gt;" in page


def test_the_page_is_for_those_who_review():
    assert Client().get(PAGE).status_code == 302
    assert signed_in(make_user()).get(PAGE).status_code == 403
    assert signed_in(make_user()).post(PAGE, form()).status_code == 403


def test_a_post_needs_the_token(person):
    assert signed_in(person, enforce_csrf_checks=True).post(PAGE, form()).status_code == 403


def test_a_session_asks_the_database_once(person, django_assert_num_queries):
    session = SessionStore()
    with django_assert_num_queries(1):
        shortcuts.recall(person, session)
        shortcuts.recall(person, session)
    shortcuts.save(person, session, DEFAULTS | {"approve": "p"}, is_on=True)
    with django_assert_num_queries(0):
        assert shortcuts.recall(person, session).by_command["approve"] == "p"


def test_another_session_learns_of_new_keys_on_the_page_of_keys(person):
    one, other = signed_in(person), signed_in(person)
    assert shown(other)["commands"]["a"] == "approve"
    one.post(PAGE, form(approve="p"))
    assert shown(other)["commands"]["p"] == "approve"


def test_a_title_ends_with_the_key(person):
    request = RequestFactory().get("/")
    request.user, request.session = person, SessionStore()
    shortcuts.save(person, request.session, DEFAULTS | {"reject": ""}, is_on=True)
    template = Template('{% load liveness_keys %}Next{% key "next" %}|Reject{% key "reject" %}|Play{% key "play" %}')
    assert template.render(Context({"request": request})) == "Next (N)|Reject|Play (Space)"


def test_a_title_names_no_key_that_does_nothing(person):
    request = RequestFactory().get("/")
    request.user, request.session = person, SessionStore()
    shortcuts.save(person, request.session, DEFAULTS, is_on=False)
    assert Template('{% load liveness_keys %}Next{% key "next" %}').render(Context({"request": request})) == "Next"


def test_a_page_without_a_person_has_no_keys():
    assert Template("{% load liveness_keys %}{% keys_data %}").render(Context({})).strip() == ""
