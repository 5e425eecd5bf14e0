"""`/metrics`: closed without its token, and true Prometheus text with it."""

import pytest
from django.db import OperationalError
from django.urls import reverse
from prometheus_client.parser import text_string_to_metric_families

from liveness import counters
from liveness.monitoring import gauges
from tests.builders import make_attempt

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
TOKEN = "metrics-token-for-tests"
BOTH = ("/metrics", "/liveness/metrics/")


@pytest.fixture(autouse=True)
def _own_buffer(monkeypatch):
    monkeypatch.setattr(counters, "_buffer", counters.Buffer())


@pytest.fixture
def token(settings):
    settings.LIVENESS_METRICS_TOKEN = TOKEN


def scrape(client, **headers):
    return client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}", **headers})


def families(client) -> dict:
    return {family.name: family for family in text_string_to_metric_families(scrape(client).content.decode())}


def samples(family) -> dict:
    return {(sample.name, *sample.labels.values()): sample.value for sample in family.samples}


def test_the_app_names_the_address():
    assert reverse("liveness:metrics") == "/liveness/metrics/"


@pytest.mark.parametrize("path", BOTH)
def test_without_a_token_in_the_settings_there_are_no_metrics(client, path):
    for header in ("", "Bearer", "Bearer ", f"Bearer {TOKEN}"):
        assert client.get(path, headers={"Authorization": header}).status_code == 404


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer wrong", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer t\u00f6ken"],
)
def test_whoever_lacks_the_token_is_asked_for_it(client, token, path, header):
    response = client.get(path, headers={"Authorization": header})
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert b"liveness_" not in response.content


def test_a_log_in_is_no_token(admin_client, token):
    assert admin_client.get("/metrics").status_code == 401


@pytest.mark.parametrize("path", BOTH)
def test_with_the_token_it_answers(client, token, path):
    response = client.get(path, headers={"Authorization": f"bearer {TOKEN}"})
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "no-store" in response["Cache-Control"]


def test_nothing_is_posted_there(client, token):
    assert client.post("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 405


def test_a_counter_tells_each_label_from_the_start(client, token):
    counters.count(counters.CALLS, 3, label="pending")
    counters.flush()
    found = samples(families(client)["liveness_calls"])
    assert found["liveness_calls_total", "pending"] == 3
    assert found["liveness_calls_total", "throttled"] == 0
    assert len(found) == len(counters.CALLS.labels)


def test_a_counter_without_labels_has_one_number(client, token):
    counters.count(counters.DOWNLOAD_BYTES, 9_455_012)
    counters.flush()
    assert samples(families(client)["liveness_download_bytes"]) == {("liveness_download_bytes_total",): 9_455_012}


def test_a_histogram_is_cumulative(client, token):
    for margin in (-3, 30, 40, 7190, 9000):
        counters.observe(counters.MARGIN, margin)
    counters.flush()
    family = families(client)["liveness_capture_margin_seconds"]
    found = samples(family)
    name = "liveness_capture_margin_seconds"
    assert [found[f"{name}_bucket", bound] for bound in ("0.0", "60.0", "7140.0", "7200.0", "+Inf")] == [1, 3, 3, 4, 5]
    assert (found[f"{name}_count",], found[f"{name}_sum",]) == (5, 30 + 40 + 7190 + 9000)


def test_the_state_of_the_queue_is_there(client, token):
    make_attempt()
    found = families(client)
    assert samples(found["liveness_queue_depth"]) == {("liveness_queue_depth",): 1}
    assert found["liveness_queue_depth"].type == "gauge"


def test_every_metric_is_told_with_its_help(client, token):
    found = families(client)
    expected = {metric.name for metric in (*counters.COUNTERS, *counters.HISTOGRAMS)}
    assert expected <= set(found)
    assert all(family.documentation for family in found.values())


def test_openmetrics_is_spoken_to_whoever_asks_for_it(client, token):
    response = scrape(client, Accept="application/openmetrics-text;version=1.0.0")
    assert response["Content-Type"].startswith("application/openmetrics-text")
    assert response.content.endswith(b"# EOF\n")


def test_a_database_that_is_away_is_told_without_its_words(client, token, monkeypatch):
    def refuse(now):
        raise OperationalError("host canary")

    monkeypatch.setattr(gauges, "read", refuse)
    response = scrape(client)
    assert response.status_code == 503
    assert b"canary" not in response.content


def test_a_scrape_takes_few_queries(client, token, django_assert_max_num_queries):
    with django_assert_max_num_queries(5):
        scrape(client)
