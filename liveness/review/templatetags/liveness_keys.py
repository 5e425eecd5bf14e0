"""The person's keys in templates: the list of them, and the key beside a command's name."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.utils.crypto import salted_hmac
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from liveness.review import shortcuts
from liveness.review.shortcuts import COMMANDS, GROUPS, SPACE, Keys

register = template.Library()


@dataclass(frozen=True)
class Line:
    """One command in the list of keys."""

    words: Promise
    key: str


@register.inclusion_tag("liveness_review/includes/keys_data.html", takes_context=True)
def keys_data(context: Context) -> dict[str, Any]:
    """The list of keys as a dialog, and the same as data for the pages' script."""
    mine = _mine(context)
    if mine is None:
        return {}
    groups = [
        (group.words, [Line(command.words, shown(mine.by_command[command.name])) for command in group.commands])
        for group in GROUPS
    ]
    by_key = {key: name for name, key in mine.by_command.items() if key}
    data = {"isOn": mine.is_on, "commands": by_key, "person": _alias(context["request"])}
    return {"data": data, "groups": groups, "is_on": mine.is_on}


@register.simple_tag(takes_context=True)
def key(context: Context, name: str) -> str:
    """The key of a command for the end of a title, like " (N)"; empty where the person has none."""
    mine = _mine(context)
    letter = mine.by_command[COMMANDS[name].name] if mine and mine.is_on else ""
    return f" ({shown(letter)})" if letter else ""


@register.inclusion_tag("liveness_review/includes/tool.html", takes_context=True)
def tool(
    context: Context,
    name: str,
    words: str,
    symbol: str = "",
    pressed: str = "",
    expanded: str = "",
    is_disabled: bool = False,
) -> dict[str, Any]:
    """The button of a viewer's command, with its key; `pressed` and `expanded` are its ARIA states, if it has them."""
    return {
        "name": name,
        "words": words,
        "key": key(context, name),
        "symbol": symbol or name,
        "pressed": pressed,
        "expanded": expanded,
        "is_disabled": is_disabled,
    }


def shown(letter: str) -> str:
    """A key as it is printed on a keyboard."""
    return _("Space") if letter == SPACE else letter.upper()


def _alias(request: HttpRequest) -> str:
    """A name for what this person's pages keep in a tab, in which somebody else may log in later."""
    return salted_hmac("liveness.review.tab", str(request.user.pk)).hexdigest()[:16]


def _mine(context: Context) -> Keys | None:
    """The keys of whoever asks, looked up once for a page."""
    request: HttpRequest | None = context.get("request")
    if request is None or not request.user.is_authenticated:
        return None
    known: Keys | None = getattr(request, "liveness_keys", None)
    if known is None:
        known = shortcuts.recall(request.user, request.session)
        request.liveness_keys = known  # type: ignore[attr-defined]
    return known
