"""Values of the example configuration that somebody forgot to replace."""

from typing import Any

PLACEHOLDER = "change-me"


def holds_placeholder(value: Any) -> bool:
    """Does the example's placeholder occur in a setting or inside its parts, such as the password of a database?"""
    if isinstance(value, dict):
        return any(map(holds_placeholder, value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return any(map(holds_placeholder, value))
    return isinstance(value, str) and PLACEHOLDER in value.lower()
