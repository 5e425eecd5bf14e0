"""What the sandbox can refuse."""


class SandboxError(Exception):
    """The sandbox itself cannot do what was asked (port busy, host not loopback, no such scenario)."""


class ApiError(Exception):
    """An API-level refusal: it travels in the body of an HTTP 200 answer, as with the vendor."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


class MediaRefusal(Exception):
    """A refusal of the object storage: an HTTP error with an XML body."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
