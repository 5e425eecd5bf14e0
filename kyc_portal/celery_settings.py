"""The settings of Celery that are the same in every deployment; `kyc_portal.settings` takes them over."""

from kombu import Queue

CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# The refresh has a queue of its own, so that a long polling day does not keep the other tasks waiting; a worker without
# -Q serves both. On RabbitMQ 3.10 to 4.x they are durable classic queues: a quorum queue drops what it delivered 20
# times, and has nothing to offer for messages that may be lost.
CELERY_TASK_QUEUES = [Queue("celery", routing_key="celery"), Queue("refresh", routing_key="refresh")]
CELERY_TASK_ROUTES = {"liveness.refresh_*": {"queue": "refresh"}}
# Processes wait for the vendor, hardly ever for a core.
CELERY_WORKER_CONCURRENCY = 4
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
# Seconds. A slice ends after ten, but slow files may be under way for long (`LIVENESS_MEDIA_DEADLINES`), and for two
# minutes others may begin beside them.
CELERY_TASK_SOFT_TIME_LIMIT, CELERY_TASK_TIME_LIMIT = 540, 570
# Brokers may be away for long: workers and beat try for ever, and what a worker is at goes on meanwhile.
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
# Nothing here is so rare that beat would have to remember it in a file. No message expires: that would compare the
# clocks of two machines. The scheduler sends none while enough wait (`liveness.scheduling.backlog`).
CELERY_BEAT_SCHEDULER = "liveness.scheduling.beat:SteadyScheduler"
CELERY_BEAT_SCHEDULE = {
    "refresh due attempts": {"task": "liveness.refresh_due", "schedule": 5.0},
    "update statistics": {"task": "liveness_review.statistics", "schedule": 60.0},
    "send alerts": {"task": "liveness.alert", "schedule": 60.0},
    "verify media": {"task": "liveness.verify_media", "schedule": 300.0},
}
