"""What an error report shows of the settings."""

from django.views.debug import get_default_exception_reporter_filter


def test_an_error_report_shows_no_password_of_a_service(settings):
    settings.LIVENESS_PROXY = "http://name:canary@proxy.example:3128"
    settings.LIVENESS_REDIS_URL = "redis://:canary@127.0.0.1/2"
    settings.CELERY_BROKER_URL = "amqp://user:canary@127.0.0.1/"
    settings.LIVENESS_CA_BUNDLE = "/etc/shown.pem"
    shown = get_default_exception_reporter_filter().get_safe_settings()
    assert shown["LIVENESS_CA_BUNDLE"] == "/etc/shown.pem"
    assert "canary" not in str(shown)
