"""How Django's own pages show times: like the portal's, with the zone."""

DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "j M Y, H:i:s T"
DATE_FORMAT = SHORT_DATE_FORMAT = "j M Y"
