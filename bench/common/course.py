"""A course that the whole engine is put through, and what became of it."""

import math
from dataclasses import dataclass, field
from typing import Any

SCENARIOS = ("pass_amara", "pass_without_video", "pass_mei")
FAULTS = (
    {"fault": "reset", "scope": "api", "probability": 0.02},
    {"fault": "html", "status": 502, "scope": "api", "probability": 0.02},
    {"fault": "forbidden", "scope": "video", "probability": 0.03},
    {"fault": "truncate", "scope": "best_frame", "probability": 0.03},
    {"fault": "reset", "scope": "video", "probability": 0.02, "at": "middle"},
)


@dataclass(frozen=True)
class Course:
    """What is run: `seconds` of arrivals by the fast clock, at a share of what the account may ask.

    `media_away`: from when until when there is no media host, in seconds after the begin. `has_troubles`: clocks are
    set, a run is paused, the evidence's volume is unmounted, a region is refused, and tokens come three minutes before
    they run out (`bench.common.troubles`).
    """

    load: float
    seconds: float = 3600.0
    speed: float = 20.0
    rate: int = 10
    workers: int = 4
    kill_every: float = math.inf
    faults: tuple[dict[str, Any], ...] = ()
    media_away: tuple[float, float] = (math.inf, math.inf)
    has_troubles: bool = False
    seed: int = 20261122


@dataclass
class Result:
    """What became of it; `latency` is the median from the end of a check to its last stored file, fast seconds."""

    registered: int = 0
    finished: int = 0
    captured: int = 0
    latency: float = 0.0
    calls: int = 0
    refusals: int = 0
    kills: int = 0
    beside: int = 0
    lost: list[str] = field(default_factory=list)
