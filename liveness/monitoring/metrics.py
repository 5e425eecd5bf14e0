"""`/metrics` for Prometheus: what all processes counted, and the state of the queue, behind a token of its own."""

import re
from collections.abc import Iterator

from django.contrib.auth.decorators import login_not_required
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from liveness import conditions, counters
from liveness.app_settings import app_settings
from liveness.monitoring import gauges
from liveness.placeholders import holds_placeholder

PLAIN = "text/plain; charset=utf-8"
SHORTEST_TOKEN = 16
# A bearer token has no blanks (RFC 6750, section 2.1), and a header holds ASCII.
TOKEN_CHARACTERS = re.compile("[!-~]+")


class Tables(Collector):
    """The meters and gauges, read when they are asked for; nothing of this one process is among them."""

    def collect(self) -> Iterator[Metric]:
        counted = counters.read()
        for counter in counters.COUNTERS:
            yield _counter(counter, counted[counter.name])
        for histogram in counters.HISTOGRAMS:
            yield _histogram(histogram, counted[histogram.name])
        for gauge in gauges.read(timezone.now()):
            yield GaugeMetricFamily(gauge.name, gauge.help, value=gauge.value)

    def describe(self) -> list[Metric]:
        """Nothing is read when the collector is registered."""
        return []


@require_safe
@never_cache
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """404 until a token is set that the check accepts, 401 without it, 503 while the database is away."""
    if not _is_served(app_settings.METRICS_TOKEN):
        raise Http404
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not constant_time_compare(token.strip(), app_settings.METRICS_TOKEN):
        return HttpResponse(
            "A bearer token is needed.\n", status=401, content_type=PLAIN, headers={"WWW-Authenticate": "Bearer"}
        )
    registry = CollectorRegistry()
    registry.register(Tables())
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    try:
        return HttpResponse(encode(registry), content_type=content_type)
    except Error as failure:
        outage = conditions.explain(failure)
        text = outage.text if outage else f"The database refuses to work ({type(failure).__name__})."
        return HttpResponse(f"{text}\n", status=503, content_type=PLAIN)


def token_problem(token: str) -> str:
    """What keeps a token from being one, as a clause after its name; empty for a good one."""
    if len(token) < SHORTEST_TOKEN:
        return f"is shorter than {SHORTEST_TOKEN} characters"
    if not TOKEN_CHARACTERS.fullmatch(token):
        return "holds a blank or another character that no bearer token may have"
    return ""


def _is_served(token: str) -> bool:
    return bool(token) and not token_problem(token) and not holds_placeholder(token)


def _counter(counter: counters.Counter, found: counters.Values) -> Metric:
    family = CounterMetricFamily(counter.name, counter.help, labels=[counter.label] if counter.label else [])
    # A label that has not happened yet is told as 0, so that its first time is a rise.
    for label in dict.fromkeys((*counter.labels, *found)):
        family.add_metric([label] if counter.label else [], found.get(label, 0.0))
    return family


def _histogram(histogram: counters.Histogram, found: counters.Values) -> Metric:
    buckets, total = [], 0.0
    for bound in histogram.bounds:
        total += found.get(bound, 0.0)
        buckets.append((bound, total))
    return HistogramMetricFamily(
        histogram.name, histogram.help, buckets=buckets, sum_value=found.get(counters.SUM, 0.0)
    )
