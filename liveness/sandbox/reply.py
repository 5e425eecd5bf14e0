"""An HTTP answer, and the odd ways in which it can be delivered."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

Ending = Literal["keep", "close", "reset", "hold"]
Place = Literal["start", "mid_headers", "headers", "middle", "end"]


@dataclass(frozen=True)
class Delivery:
    """How the bytes travel; times in seconds.

    `cut` is where the sending stops, `ending` what happens there. A pause makes the head, or the body, drip:
    one byte of the head and `piece` bytes of the body at a time.
    """

    wait: float = 0.0
    header_pause: float = 0.0
    body_pause: float = 0.0
    piece: int = 1
    cut: Place = "end"
    ending: Ending = "keep"
    is_continuous: bool = False


@dataclass(frozen=True)
class Reply:
    """Status, body and headers; `framing` names the header fields that say how long the body is."""

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    framing: Literal["length", "chunked", "both", "none"] = "length"
    declared: int | None = None
    delivery: Delivery = Delivery()

    def head(self, date: str, *, is_last: bool) -> bytes:
        """The status line and the headers, with the empty line that ends them."""
        fields = [("Server", "sandbox"), ("Date", date), ("Content-Type", self.content_type), *self.headers]
        if self.framing in ("length", "both"):
            fields.append(("Content-Length", str(len(self.body) if self.declared is None else self.declared)))
        if self.framing in ("chunked", "both"):
            fields.append(("Transfer-Encoding", "chunked"))
        fields.append(("Connection", "close" if is_last else "keep-alive"))
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}", *[f"{k}: {v}" for k, v in fields]]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    @property
    def is_regular(self) -> bool:
        """Whether another request can follow on the same connection."""
        return self.delivery.ending == "keep" and self.framing == "length" and not self.delivery.is_continuous
