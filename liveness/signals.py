"""What other apps may listen to."""

from django.dispatch import Signal

# Sent with `attempt`, inside the transaction that changed it and with its row locked, whenever its outcome or its media
# changed. A receiver that raises takes the change back. `is_new` is True for an attempt that was just registered.
attempt_changed = Signal()

# Sent once with `attempts`, those that one transaction has registered, inside that transaction and before
# `attempt_changed` is sent for each: for receivers that can do many with few statements.
attempts_registered = Signal()
