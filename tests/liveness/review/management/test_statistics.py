"""The command and the task that bring the figures up to date."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from liveness import audit
from liveness.review import tasks
from liveness.review.dashboard import hourly_statistics
from liveness.review.models import HourlyStatistic
from tests.liveness.review.dashboard.counting_events import found, tell

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


class TestCommand:
    def test_it_is_quiet_and_brings_the_figures_up_to_date(self, capsys):
        tell(audit.ATTEMPT_REGISTERED)
        call_command("liveness_review_statistics")
        assert capsys.readouterr() == ("", "")
        assert found() == {"registered": 1}

    def test_it_prints_numbers_as_json(self, capsys):
        for _ in range(3):
            tell(audit.ATTEMPT_REGISTERED)
        call_command("liveness_review_statistics", "--json", "--limit", "2")
        assert capsys.readouterr().out == '{"folded": 2, "behind": 1}\n'

    def test_it_can_fold_again_from_the_start(self):
        tell(audit.ATTEMPT_REGISTERED)
        hourly_statistics.update()
        HourlyStatistic.objects.update(count=99)
        call_command("liveness_review_statistics", "--rebuild")
        assert found() == {"registered": 1}

    def test_it_says_what_to_type(self):
        with pytest.raises(CommandError, match="at least 1") as refused:
            call_command("liveness_review_statistics", "--limit", "0")
        assert refused.value.returncode == 2

    def test_the_task_does_the_same(self):
        tell(audit.ATTEMPT_REGISTERED)
        tasks.update_statistics()
        assert found() == {"registered": 1}
