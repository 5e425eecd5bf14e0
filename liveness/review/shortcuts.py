"""The commands of the review pages, the keys that start them, and those that a person chose instead.

A key is named as the browser names it (UI Events, `KeyboardEvent.key`): one character in lower case, or "Space".
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liveness.review.models import KeyMap

SPACE = "Space"
IN_SESSION = "liveness_review_keys"


@dataclass(frozen=True)
class Command:
    """One thing that a key does: its name in `data-command`, its words for people, and its default key."""

    name: str
    words: Promise
    key: str


@dataclass(frozen=True)
class Group:
    """Commands that belong together in the list of keys."""

    words: Promise
    commands: tuple[Command, ...]


@dataclass(frozen=True)
class Keys:
    """One person's keys by command, "" for none. Where `is_on` is false, only those with Ctrl work."""

    is_on: bool
    by_command: Mapping[str, str]


GROUPS = (
    Group(
        gettext_lazy("Queue"),
        (
            Command("next", gettext_lazy("Review next"), "n"),
            Command("row-down", gettext_lazy("Row below"), "j"),
            Command("row-up", gettext_lazy("Row above"), "k"),
            Command("search", gettext_lazy("Search"), "/"),
            Command("help", gettext_lazy("List of keys"), "?"),
        ),
    ),
    Group(
        gettext_lazy("Decision"),
        (
            Command("claim", gettext_lazy("Claim"), "c"),
            Command("release", gettext_lazy("Release"), "u"),
            Command("approve", gettext_lazy("Approve"), "a"),
            Command("reject", gettext_lazy("Reject"), "r"),
            Command("retry", gettext_lazy("Ask to retry"), "t"),
            Command("escalate", gettext_lazy("Escalate"), "e"),
            Command("confirm", gettext_lazy("To the button that confirms"), "y"),
            Command("undo", gettext_lazy("Undo what was decided"), "b"),
            Command("note", gettext_lazy("Note of the chosen decision, or a new one"), "w"),
        ),
    ),
    Group(
        gettext_lazy("Video"),
        (
            Command("play", gettext_lazy("Play or pause"), SPACE),
            Command("step-back", gettext_lazy("One frame back"), ","),
            Command("step-forward", gettext_lazy("One frame forward"), "."),
            Command("slower", gettext_lazy("Slower"), "["),
            Command("faster", gettext_lazy("Faster"), "]"),
            Command("loop-in", gettext_lazy("Loop from here"), "i"),
            Command("loop-out", gettext_lazy("Loop to here"), "o"),
            Command("loop-clear", gettext_lazy("Stop looping"), "x"),
            Command("mark", gettext_lazy("Mark this moment"), "m"),
            Command("remark", gettext_lazy("Remark on the newest mark"), "d"),
            Command("frames", gettext_lazy("Contact sheet"), "g"),
            Command("mute", gettext_lazy("Sound off or on"), "q"),
        ),
    ),
    Group(
        gettext_lazy("Picture and video"),
        (
            Command("zoom-in", gettext_lazy("Zoom in"), "+"),
            Command("zoom-out", gettext_lazy("Zoom out"), "-"),
            Command("fit", gettext_lazy("Fit"), "0"),
            Command("rotate", gettext_lazy("Turn by 90°"), "v"),
            Command("sync", gettext_lazy("Zoom both or one"), "s"),
            Command("light", gettext_lazy("Brightness, contrast, gamma"), "l"),
            Command("reset", gettext_lazy("Show as received"), "z"),
        ),
    ),
)
COMMANDS = {command.name: command for group in GROUPS for command in group.commands}


def effective(chosen: Mapping[str, str]) -> dict[str, str]:
    """The key of every command. A default gives way where the person gave its key to another command."""
    taken = {key for name, key in chosen.items() if name in COMMANDS}
    return {name: chosen.get(name, "" if command.key in taken else command.key) for name, command in COMMANDS.items()}


def read(posted: Mapping[str, str]) -> dict[str, str]:
    """The key of every command as a form gave it, each in the one spelling that is kept."""
    return {name: _spelled(posted.get(f"key-{name}", "")) for name in COMMANDS}


def problems(keys: Mapping[str, str]) -> dict[str, str]:
    """What stands against these keys, as a sentence by command; empty if nothing does."""
    counts = Counter(keys.values())
    found = {}
    for name, key in keys.items():
        if key and key != SPACE and (len(key) != 1 or not key.isprintable()):
            found[name] = _("Give one character, or the word Space.")
        elif key and counts[key] > 1:
            others = [COMMANDS[other].words for other in keys if keys[other] == key and other != name]
            found[name] = _("Also the key of: %(others)s.") % {"others": ", ".join(map(str, others))}
    return found


def save(person: AbstractBaseUser, session: SessionBase, keys: Mapping[str, str], *, is_on: bool) -> None:
    """Keep what differs from the defaults, so that a command of a later version finds its key."""
    chosen = {name: key for name, key in keys.items() if key != COMMANDS[name].key}
    KeyMap.objects.update_or_create(owner_id=person.pk, defaults={"keys": chosen, "is_on": is_on})
    session[IN_SESSION] = {"keys": chosen, "is_on": is_on}


def load(person: AbstractBaseUser | AnonymousUser, session: SessionBase) -> Keys:
    """The person's keys as the database has them; the session remembers them for its other pages."""
    row = KeyMap.objects.filter(owner_id=person.pk).first()
    session[IN_SESSION] = {"keys": row.keys, "is_on": row.is_on} if row else {"keys": {}, "is_on": True}
    return _keys(session[IN_SESSION])


def recall(person: AbstractBaseUser | AnonymousUser, session: SessionBase) -> Keys:
    """The person's keys, without a query on every page but a session's first."""
    kept = session.get(IN_SESSION)
    return _keys(kept) if kept else load(person, session)


def _keys(kept: Mapping[str, Any]) -> Keys:
    return Keys(kept["is_on"], effective(kept["keys"]))


def _spelled(text: str) -> str:
    if text == " ":
        return SPACE
    text = text.strip()
    return SPACE if text.lower() == SPACE.lower() else text.lower()
