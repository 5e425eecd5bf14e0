"""What can make the portal stop, as a value."""

from dataclasses import dataclass
from enum import StrEnum

from liveness.database.outages import Outage, OutageKind


class ConditionKind(StrEnum):
    DATABASE = "database"
    MIGRATIONS_UNAPPLIED = "migrations_unapplied"
    MIGRATIONS_NEWER = "migrations_newer"
    TABLES_MISSING = "tables_missing"
    CHAIN = "chain"
    AUDIT_KEY = "audit_key"
    MEDIA_ROOT = "media_root"
    MEDIA_MARKER = "media_marker"
    SLOTS = "slots"
    CLOCK_SKEW = "clock_skew"
    ACCOUNT_REFUSED = "account_refused"

    @property
    def part(self) -> "Part":
        return PARTS.get(self, Part.DATABASE)


class Part(StrEnum):
    """The part of the portal that cannot work, as `/readyz` names it."""

    DATABASE = "database"
    AUDIT = "audit"
    STORAGE = "storage"
    SLOTS = "slots"
    VENDOR = "vendor"
    CLOCK = "clock"


PARTS = {
    ConditionKind.CHAIN: Part.AUDIT,
    ConditionKind.AUDIT_KEY: Part.AUDIT,
    ConditionKind.MEDIA_ROOT: Part.STORAGE,
    ConditionKind.MEDIA_MARKER: Part.STORAGE,
    ConditionKind.SLOTS: Part.SLOTS,
    ConditionKind.CLOCK_SKEW: Part.CLOCK,
    ConditionKind.ACCOUNT_REFUSED: Part.VENDOR,
}
# The same words for whoever may ask `/readyz`: without hosts, paths and ids.
PUBLIC = {
    ConditionKind.MIGRATIONS_UNAPPLIED: "migrations are not applied",
    ConditionKind.MIGRATIONS_NEWER: "the database is newer than this code",
    ConditionKind.TABLES_MISSING: "tables are missing",
    ConditionKind.CHAIN: "the audit chain's head is not its newest event",
    ConditionKind.AUDIT_KEY: "LIVENESS_AUDIT_KEY is not the key of the audit chain",
    ConditionKind.MEDIA_ROOT: "LIVENESS_MEDIA_ROOT cannot be written",
    ConditionKind.MEDIA_MARKER: "LIVENESS_MEDIA_ROOT is not the directory that belongs to this database",
    ConditionKind.SLOTS: "the store of the call slots cannot be used",
    ConditionKind.CLOCK_SKEW: "the clocks disagree",
    ConditionKind.ACCOUNT_REFUSED: "the vendor refuses the account",
}


@dataclass(frozen=True)
class Condition:
    """`text` is one line for operators, with what to type; `public` names neither hosts nor paths nor ids."""

    kind: ConditionKind
    text: str
    public: str
    outage: OutageKind | None = None

    @classmethod
    def of(cls, kind: ConditionKind, text: str) -> "Condition":
        return cls(kind, text, PUBLIC[kind])

    @classmethod
    def of_outage(cls, outage: Outage) -> "Condition":
        return cls(ConditionKind.DATABASE, outage.line, _as_clause(outage.text), outage.kind)

    @property
    def passes(self) -> bool:
        """May it end without an operator?"""
        return self.outage is not None and self.outage.passes


def _as_clause(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].removesuffix(".")
