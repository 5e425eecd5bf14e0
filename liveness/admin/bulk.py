"""Actions on more rows than one request can work on: they become a bulk action, which the next runs work off."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.admin import helpers
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.forms import BooleanField, CheckboxInput
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from liveness.audit import Actor
from liveness.models import BulkKind
from liveness.worker import bulk_actions

ALL = "select_across"


class AllBox(CheckboxInput):
    """A box for Django's `select_across`, whose hidden field says "0" for no."""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return is_all(data)


def is_all(form: Mapping[str, Any]) -> bool:
    """Does the form of an action ask for all rows that match?"""
    return str(form.get(ALL, "")).lower() not in ("", "0", "false", "off")


class ActionForm(helpers.ActionForm):
    """Django's own, with "all that match" as a box to tick: no script, and nothing counted before it is wanted."""

    select_across = BooleanField(
        label=gettext_lazy("All that match, on every page"),
        required=False,
        # Not Django's class: its script would set the value back.
        widget=AllBox(attrs={"class": "lv-all"}),
    )


def start(request: HttpRequest, kind: BulkKind, targets: QuerySet[Any], listed: ChangeList) -> HttpResponseRedirect:
    """Note the records for the next runs, and go to the page that shows the progress."""
    is_everything = is_all(request.POST)
    action = bulk_actions.start(
        kind,
        targets,
        actor=Actor.user(request.user),
        now=timezone.now(),
        filters=words(listed) if is_everything else _("chosen by hand"),
        criteria=criteria(listed) if is_everything else {"chosen": True},
    )
    text = ngettext(
        "%(count)d record is noted for the next run.", "%(count)d records are noted for the next run.", action.total
    )
    messages.success(request, text % {"count": action.total})
    may_see = request.user.has_perm("liveness.view_bulkaction")
    page = reverse("admin:liveness_bulkaction_change", args=[action.pk]) if may_see else request.get_full_path()
    return HttpResponseRedirect(page)


def words(listed: ChangeList) -> str:
    """The filters and the search of a list, in words for the people who see the bulk action."""
    said = [_("search: %(text)s") % {"text": listed.query}] if listed.query else []
    for spec in listed.filter_specs:
        if chosen := _chosen(spec, listed):
            said.append(f"{spec.title}: {chosen}")
    return "; ".join(said) or _("all records")


def criteria(listed: ChangeList) -> dict[str, Any]:
    """The same for the audit chain: parameters and values, without what was searched for, which may be personal."""
    found = {name: ",".join(values) for name, values in sorted(listed.get_filters_params().items())}
    return found | ({"search": True} if listed.query else {})


def _chosen(spec: Any, listed: ChangeList) -> str:
    if not any(name in listed.filter_params for name in spec.expected_parameters()):
        return ""
    if hasattr(spec, "words"):
        return str(spec.words)
    return ", ".join(str(choice["display"]) for choice in spec.choices(listed) if choice["selected"])
