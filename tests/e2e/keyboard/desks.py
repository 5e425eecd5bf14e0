"""The workspace as tests sit before it."""

WIDE = {"width": 1440, "height": 900}
