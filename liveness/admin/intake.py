"""The intake form: the one way to add an attempt in the admin."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from liveness.app_settings import app_settings
from liveness.attempts import issue_times, life_cycle, validation
from liveness.audit import Actor
from liveness.exceptions import RegistrationError
from liveness.models import VerificationAttempt


def _default_region() -> str:
    return app_settings.REGION


class IntakeForm(forms.Form):
    """A token and whom it belongs to. The token is a bearer secret: it is never sent back to the page."""

    sdk_token = forms.CharField(
        label=_("Token"),
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "vTextField"}),
        help_text=_("The SdkToken. It is not shown again, not even after an error."),
    )
    subject_reference = forms.CharField(
        label=_("Subject reference"),
        max_length=validation.REFERENCE_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "vTextField"}),
        help_text=_("Your own reference for the person, without a name."),
    )
    issued_at = forms.CharField(
        label=_("Issued at"),
        required=False,
        max_length=40,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}),
        help_text=format_lazy(
            _("When the token was made, in the portal's time zone ({zone}). Empty means now."),
            zone=lazy(timezone.get_current_timezone_name, str)(),
        ),
    )
    region = forms.ChoiceField(
        label=_("Region"), choices=[(name, name) for name in validation.REGIONS], initial=_default_region
    )

    def clean_issued_at(self) -> datetime | None:
        """By the rules of a file, except that the page names the zone of a time without an offset."""
        zone = timezone.get_current_timezone()
        try:
            return issue_times.parse(self.cleaned_data["issued_at"], zone if isinstance(zone, ZoneInfo) else None)
        except RegistrationError as problem:
            raise forms.ValidationError([_("Enter a valid date/time."), _sentence(problem)]) from None

    def register(self, actor: Actor) -> tuple[VerificationAttempt, bool] | None:
        """Register what the form holds; None when it was refused, and then the form says why."""
        values: dict[str, Any] = self.cleaned_data
        try:
            return life_cycle.register(
                values["sdk_token"],
                subject_reference=values["subject_reference"],
                issued_at=values["issued_at"],
                region=values["region"],
                now=timezone.now(),
                actor=actor,
            )
        except RegistrationError as problem:
            self.add_error(None, _sentence(problem))
            return None


def _sentence(problem: RegistrationError) -> str:
    text = str(problem)
    return f"{text[:1].upper()}{text[1:]}."
