"""An attempt's life: registered, answered, reported, closed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from liveness import audit
from liveness.attempts import life_cycle
from liveness.audit import Actor
from liveness.exceptions import RegistrationError
from liveness.models import AuditEvent, ClosedBy, MediaState, Outcome, VerificationAttempt
from liveness.polling import policy
from tests.builders import make_attempt, make_media, make_result

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
ACTOR = Actor.system("tests")
UNFINISHED = make_result("-999", best_frame=None, video=None)
TOKEN = "D2B55F0C-FB5D-4FB6-8765-3E931EBBFC79"


def register(**changes):
    values = {"subject_reference": "subject-1", "now": timezone.now(), "actor": ACTOR}
    return life_cycle.register(changes.pop("token", TOKEN), **(values | changes))


def record(attempt, result, now=None, **options):
    return life_cycle.record(attempt.id, result, now=now or timezone.now(), actor=ACTOR, **options)


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("sequence").values_list("action", flat=True))


class TestRegister:
    def test_it_plans_the_first_poll_and_the_end_of_the_window(self, settings):
        settings.LIVENESS_TOKEN_TTL = 3600
        now = timezone.now()
        attempt, created = register(now=now)
        assert created
        assert attempt.expires_at == now + timedelta(hours=1)
        assert now < attempt.next_poll_at < now + timedelta(minutes=2)
        assert actions() == [audit.ATTEMPT_REGISTERED]

    def test_a_window_without_time_is_blamed_on_its_setting(self, settings):
        settings.LIVENESS_TOKEN_TTL = 0
        with pytest.raises(RegistrationError, match="LIVENESS_TOKEN_TTL"):
            register()

    def test_a_second_time_changes_nothing(self):
        first, _ = register()
        again, created = register()
        assert (again.id, created) == (first.id, False)
        assert actions() == [audit.ATTEMPT_REGISTERED]

    def test_a_second_time_corrects_the_region_of_a_refused_token(self):
        attempt, _ = register()
        life_cycle.refuse(attempt.id, now=timezone.now(), actor=ACTOR)
        again, created = register(region="ap-jakarta")
        assert (again.region, again.outcome, created) == ("ap-jakarta", Outcome.PENDING, False)
        assert actions()[-1] == audit.ATTEMPT_CORRECTED

    def test_the_region_of_an_answered_token_stands(self):
        attempt, _ = register()
        record(attempt, make_result())
        with pytest.raises(RegistrationError, match="answered"):
            register(region="ap-jakarta")

    def test_spaces_around_the_values_do_not_matter(self):
        first, _ = register()
        assert register(token=f" {TOKEN} ", subject_reference=" subject-1 ") == (first, False)

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"token": "short"}, "token"),
            ({"token": "has space in the middle of it"}, "token"),
            ({"subject_reference": " "}, "subject reference"),
            ({"subject_reference": "line\nbreak"}, "subject reference"),
            ({"subject_reference": "x" * 129}, "subject reference"),
            ({"region": "ap-mars"}, "ap-singapore"),
        ],
    )
    def test_it_refuses_what_cannot_be(self, changes, message):
        with pytest.raises(RegistrationError, match=message):
            register(**changes)
        assert not VerificationAttempt.objects.exists()

    def test_the_token_is_in_no_audit_event(self):
        register()
        assert TOKEN not in str(list(AuditEvent.objects.values()))


class TestRecord:
    def test_an_unfinished_check_stays_pending_and_is_planned_again(self):
        now = timezone.now()
        attempt = record(make_attempt(), UNFINISHED, now)
        assert attempt.outcome == Outcome.PENDING
        assert attempt.next_poll_at > now
        assert attempt.unfinished_at == now
        assert attempt.polls.count() == 1
        assert not attempt.media.exists()

    def test_the_dearer_a_poll_the_later_is_the_next(self):
        now = timezone.now()
        planned = [
            life_cycle.record(
                make_attempt(issued_at=now - timedelta(minutes=3)).id,
                UNFINISHED,
                now=now,
                actor=ACTOR,
                threshold=threshold,
            ).next_poll_at
            for threshold in (1, 100)
        ]
        assert planned[0] < planned[1] < now + timedelta(minutes=10)

    @pytest.mark.parametrize(
        ("code", "outcome"),
        [("0", Outcome.PASSED), ("1002", Outcome.FAILED), ("9999", Outcome.UNKNOWN), ("15", Outcome.EXPIRED)],
    )
    def test_a_final_code_becomes_an_outcome(self, code, outcome):
        assert record(make_attempt(), make_result(code)).outcome == outcome

    def test_a_final_answer_wants_its_files(self):
        attempt = record(make_attempt(), make_result(video=None))
        states = dict(attempt.media.values_list("kind", "state"))
        assert states == {"best_frame": MediaState.WANTED, "video": MediaState.ABSENT}
        assert actions() == [audit.ATTEMPT_ANSWERED, audit.MEDIA_ABSENT]

    def test_the_same_answer_twice_is_one_entry(self):
        attempt = make_attempt()
        result = make_result()
        record(attempt, result)
        again = record(attempt, result)
        assert (again.poll_count, again.polls.count(), again.media.count()) == (2, 1, 2)
        assert again.diverged_at is None

    def test_a_fresh_link_is_no_news(self):
        attempt = make_attempt()
        record(attempt, make_result())
        assert record(attempt, make_result()).polls.count() == 1

    def test_the_ledger_holds_no_signature(self):
        attempt = record(make_attempt(), make_result())
        assert "canary" not in str(attempt.polls.get().answer)

    def test_a_later_answer_that_differs_is_kept_and_flagged_but_changes_no_outcome(self):
        attempt = make_attempt()
        record(attempt, make_result("0"))
        after = record(attempt, make_result("1002", video=b"other"))
        assert (after.outcome, after.result_code) == (Outcome.PASSED, "0")
        assert after.diverged_at
        assert list(after.polls.values_list("result_code", flat=True)) == ["0", "1002"]
        assert after.media.filter(kind="video").count() == 2

    def test_an_answer_that_says_the_same_again_after_a_silence_is_no_divergence(self):
        attempt = make_attempt()
        for code in ("0", "-999", "0"):
            after = record(attempt, make_result(code))
        assert after.diverged_at is None

    def test_an_answer_that_returns_to_the_first_is_news_again(self):
        attempt = make_attempt()
        for code in ("0", "1002", "0"):
            record(attempt, make_result(code))
        assert attempt.polls.count() == 3

    def test_a_late_answer_replaces_an_expiry(self):
        attempt = make_attempt()
        life_cycle.expire(attempt.id, "too late", now=timezone.now(), actor=ACTOR)
        assert record(attempt, make_result("0")).outcome == Outcome.PASSED

    def test_a_check_that_is_unfinished_when_its_window_ends_expires(self):
        attempt = make_attempt(issued_at=timezone.now() - timedelta(hours=2, minutes=1))
        after = record(attempt, UNFINISHED, may_close=True)
        assert (after.outcome, after.next_poll_at) == (Outcome.EXPIRED, None)
        assert after.closed_by == ClosedBy.CLOCK

    def test_the_clock_alone_closes_no_unfinished_check(self):
        attempt = make_attempt(issued_at=timezone.now() - timedelta(hours=2, minutes=1))
        after = record(attempt, UNFINISHED)
        assert after.outcome == Outcome.PENDING
        assert after.next_poll_at > timezone.now()

    def test_a_file_without_a_usable_md5_is_replaced_by_the_one_that_has_it(self):
        attempt = make_attempt()
        record(attempt, make_result(Video={"Url": "https://a.myqcloud.com/x", "MD5": "?", "Size": -1}))
        record(attempt, make_result())
        assert attempt.media.filter(kind="video").count() == 1
        assert attempt.media.get(kind="video").declared_size == 5

    def test_a_lost_file_is_wanted_again_when_the_vendor_offers_it(self):
        attempt = make_attempt()
        record(attempt, make_result())
        life_cycle.expire(attempt.id, "too late", now=timezone.now(), actor=ACTOR)
        after = record(attempt, make_result())
        assert set(after.media.values_list("state", flat=True)) == {MediaState.WANTED}
        assert after.next_poll_at

    def test_a_stored_file_stays_as_it_is(self):
        attempt = make_attempt()
        make_media(attempt, "video", b"video")
        assert record(attempt, make_result()).media.get(kind="video").state == MediaState.STORED


class TestReport:
    def test_a_reported_check_is_asked_about_next(self):
        now = timezone.now()
        attempt, _ = register()
        after = life_cycle.report_finished(attempt.id, now=now, actor=ACTOR)
        assert (after.reported_at, after.next_poll_at, after.outcome) == (now, now, Outcome.PENDING)
        assert actions()[-1] == audit.ATTEMPT_REPORTED

    def test_a_report_right_after_a_poll_waits_for_a_moment(self):
        now = timezone.now()
        attempt = record(make_attempt(), UNFINISHED, now)
        after = life_cycle.report_finished(attempt.id, now=now + timedelta(seconds=1), actor=ACTOR)
        assert after.next_poll_at == now + policy.MIN_POLL_GAP

    def test_a_second_report_before_the_poll_changes_nothing(self):
        now = timezone.now()
        attempt = make_attempt()
        for minutes in (0, 1):
            after = life_cycle.report_finished(attempt.id, now=now + timedelta(minutes=minutes), actor=ACTOR)
        assert after.reported_at == now
        assert actions() == [audit.ATTEMPT_REPORTED]

    def test_a_report_that_was_too_early_can_be_made_again(self):
        now = timezone.now()
        attempt = make_attempt()
        life_cycle.report_finished(attempt.id, now=now, actor=ACTOR)
        record(attempt, UNFINISHED, now + timedelta(seconds=1))
        later = now + timedelta(minutes=1)
        assert life_cycle.report_finished(attempt.id, now=later, actor=ACTOR).reported_at == later

    def test_after_a_report_that_was_too_early_it_is_asked_again_within_seconds(self):
        now = timezone.now()
        attempt = make_attempt(reported_at=now)
        after = record(attempt, UNFINISHED, now + timedelta(seconds=1))
        assert after.next_poll_at == now + timedelta(seconds=1) + policy.MIN_POLL_GAP

    def test_an_answered_attempt_is_not_asked_again_for_a_report(self):
        attempt = record(make_attempt(), make_result(best_frame=None, video=None))
        life_cycle.settle(attempt.id, now=timezone.now())
        after = life_cycle.report_finished(attempt.id, now=timezone.now(), actor=ACTOR)
        assert (after.reported_at, after.next_poll_at) == (None, None)


class TestClosing:
    def test_a_failed_call_is_noted_and_planned_again(self):
        now = timezone.now()
        attempt = make_attempt()
        life_cycle.postpone(attempt.id, "first", now=now, actor=ACTOR)
        after = life_cycle.postpone(attempt.id, "second", now=now, actor=ACTOR)
        assert (after.failure_count, after.last_error, after.outcome) == (2, "second", Outcome.PENDING)
        assert after.next_poll_at > now

    def test_failures_past_the_window_end_in_an_explained_loss(self):
        now = timezone.now()
        attempt = make_attempt(issued_at=now - timedelta(hours=3))
        record(attempt, make_result())
        after = life_cycle.postpone(attempt.id, "the media host is down", now=now, actor=ACTOR)
        assert after.next_poll_at > now, "the clock alone closes nothing"
        after = life_cycle.postpone(attempt.id, "the media host is down", now=now, actor=ACTOR, may_close=True)
        assert after.next_poll_at is None
        assert after.outcome == Outcome.PASSED
        for media in after.media.all():
            assert media.state == MediaState.LOST
            assert "the media host is down" in media.reason

    def test_a_refused_token_is_invalid(self):
        attempt = make_attempt()
        after = life_cycle.refuse(attempt.id, now=timezone.now(), actor=ACTOR)
        assert after.outcome == Outcome.INVALID
        assert after.next_poll_at > timezone.now()

    def test_a_refusal_after_an_answer_keeps_the_answer(self):
        attempt = record(make_attempt(), make_result("0", best_frame=None, video=None))
        after = life_cycle.refuse(attempt.id, now=timezone.now(), actor=ACTOR)
        assert after.outcome == Outcome.PASSED

    def test_it_leaves_the_schedule_once_nothing_is_wanted(self):
        attempt = record(make_attempt(), make_result(best_frame=None, video=None))
        assert life_cycle.settle(attempt.id, now=timezone.now()).next_poll_at is None

    def test_it_stays_in_the_schedule_while_a_file_is_wanted(self):
        now = timezone.now()
        attempt = record(make_attempt(), make_result(), now)
        assert life_cycle.settle(attempt.id, now=now).next_poll_at > now
