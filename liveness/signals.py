"""What other apps may listen to."""

from django.dispatch import Signal

# Sent with `attempt`, inside the transaction that changed it and with its row locked, whenever its outcome or its media
# changed. A receiver that raises takes the change back.
attempt_changed = Signal()
