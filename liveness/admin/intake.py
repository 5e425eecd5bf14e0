"""The intake form: the one way to add an attempt in the admin."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from liveness.app_settings import app_settings
from liveness.exceptions import RegistrationError
from liveness.models import VerificationAttempt
from liveness.services import attempts, registration
from liveness.services.audit import Actor


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
        max_length=registration.REFERENCE_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "vTextField"}),
        help_text=_("Your own reference for the person, without a name."),
    )
    issued_at = forms.DateTimeField(
        label=_("Issued at"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}),
        help_text=_("When the token was made, in the portal's time zone. Empty means now."),
    )
    region = forms.ChoiceField(
        label=_("Region"), choices=[(name, name) for name in registration.REGIONS], initial=_default_region
    )

    def register(self, actor: Actor) -> tuple[VerificationAttempt, bool] | None:
        """Register what the form holds; None when it was refused, and then the form says why."""
        values: dict[str, Any] = self.cleaned_data
        try:
            return attempts.register(
                values["sdk_token"],
                subject_reference=values["subject_reference"],
                issued_at=values["issued_at"],
                region=values["region"],
                now=timezone.now(),
                actor=actor,
            )
        except RegistrationError as problem:
            text = str(problem)
            self.add_error(None, f"{text[:1].upper()}{text[1:]}.")
            return None
