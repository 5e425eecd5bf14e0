"""Who may do what in the portal, as groups."""

import re
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command

from kyc_portal.roles import ROLES, STAFF_ROLES

pytestmark = pytest.mark.django_db


def permissions(role: str) -> set[str]:
    user = get_user_model().objects.create_user(f"one-{role}")
    user.groups.add(Group.objects.get(name=role))
    return user.get_all_permissions()


def test_it_makes_every_role_with_exactly_its_permissions():
    call_command("portal_roles")
    assert {role: permissions(role) for role in ROLES} == {role: set(names) for role, names in ROLES.items()}


def test_it_can_run_again_and_takes_back_what_was_added_by_hand():
    call_command("portal_roles")
    extra = Permission.objects.get(codename="delete_verificationattempt")
    Group.objects.get(name="reviewer").permissions.add(extra)
    call_command("portal_roles")
    assert permissions("reviewer") == set(ROLES["reviewer"])
    assert Group.objects.count() == len(ROLES)


def test_it_says_what_to_do_when_the_database_is_not_ready():
    Permission.objects.filter(codename="view_poll").delete()
    with pytest.raises(CommandError, match="migrate") as caught:
        call_command("portal_roles")
    assert caught.value.returncode == 2
    assert not Group.objects.exists()


def test_nobody_may_change_or_delete_facts():
    names = {name.removeprefix("liveness.") for names in ROLES.values() for name in names if "liveness." in name}
    assert [name for name in names if name.startswith(("change_", "delete_"))] == []


def test_only_auditors_and_administrators_read_the_audit_log():
    assert {role for role, names in ROLES.items() if "liveness.view_auditevent" in names} == {
        "auditor",
        "administrator",
    }


def test_only_administrators_take_evidence_out_of_the_portal():
    assert [role for role, names in ROLES.items() if "liveness.download_storedmedia" in names] == ["administrator"]


def test_the_documentation_says_what_each_role_may():
    text = (Path(__file__).parent.parent.parent / "docs" / "configuration.md").read_text()
    head, _, *rows = re.findall(r"^\|.*\|$", text.partition("## Roles")[2], re.MULTILINE)
    roles = [cell.strip() for cell in head.strip("|").split("|")][2:]
    told: dict[str, set[str]] = {role: set() for role in roles}
    for row in rows:
        _, named, *answers = row.strip("|").split("|")
        for role, answer in zip(roles, answers, strict=True):
            told[role] |= set(re.findall(r"`([\w.]+)`", named)) if answer.strip() == "yes" else set()
    assert told == {role: set(names) for role, names in ROLES.items()}


def test_staff_roles_are_roles():
    assert set(ROLES) > STAFF_ROLES


def test_whoever_decides_manages_no_accounts():
    deciding = {role for role, names in ROLES.items() if "liveness_review.claim_review" in names}
    managing = {role for role, names in ROLES.items() if any(name.startswith("auth.") for name in names)}
    assert deciding == {"reviewer", "supervisor"}
    assert managing == {"administrator"}


@pytest.mark.parametrize("codename", ["second_review", "decide_escalated_review", "take_over_review", "share_view"])
def test_what_takes_a_second_pair_of_eyes_is_the_supervisors(codename):
    assert [role for role, names in ROLES.items() if f"liveness_review.{codename}" in names] == ["supervisor"]
