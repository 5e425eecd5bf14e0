"""Look at every page as a superuser and as nobody; print what came back as JSON: `python -m hostsite.visit`."""

import hashlib
import json
import re
import sys

import django
from django.test import Client
from django.urls import reverse


def main() -> None:
    django.setup()
    from django.contrib.auth.models import User

    from liveness.models import AuditEvent, Poll, StoredMedia, VerificationAttempt

    attempt, person = VerificationAttempt.objects.get(), User.objects.create_superuser("root")
    picture = StoredMedia.objects.get(kind="best_frame")
    door = reverse("liveness:media", args=[picture.public_id])
    pages = {
        "attempt in the admin": reverse("admin:liveness_verificationattempt_change", args=[attempt.pk]),
        "media in the admin": reverse("admin:liveness_storedmedia_change", args=[picture.pk]),
        "attempts in the admin": reverse("admin:liveness_verificationattempt_changelist"),
        "audit in the admin": reverse("admin:liveness_auditevent_changelist"),
        "list": reverse("liveness:attempt_list"),
        "detail": reverse("liveness:attempt_detail", args=[attempt.public_id]),
        "picture": door,
    }
    inside, outside = Client(), Client()
    inside.force_login(person)
    embedded = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    shown = inside.get(door, headers=embedded)
    answer = {
        "statuses": {name: inside.get(url, headers=embedded).status_code for name, url in pages.items()},
        "refused": {name: outside.get(url, headers=embedded).status_code for name, url in pages.items()},
        "admin page embeds the picture": door in inside.get(pages["attempt in the admin"]).text,
        "picture is whole": hashlib.sha256(shown.getvalue()).hexdigest() == picture.sha256,
        "navigation": sorted(re.findall(r'<a href="(/[^"]+)"', inside.get(pages["list"]).text.partition("<main")[0])),
        "languages": {name: _languages(inside.get(url, headers=embedded)) for name, url in pages.items()},
        "polls": Poll.objects.count(),
        "views": AuditEvent.objects.filter(action="liveness.media.viewed", actor=f"user:{person.pk}").count(),
    }
    sys.stdout.write(json.dumps(answer))


def _languages(response) -> list[str]:
    """The language that a page names, and French words of Django's own on it."""
    if response.streaming:
        return []
    return re.findall(r'<html lang="([^"]+)"|\b(Accueil|Historique|Déconnexion|Rechercher|Afficher)\b', response.text)


if __name__ == "__main__":
    main()
