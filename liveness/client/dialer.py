"""Opening a TCP connection within the deadline, and only to an address that was checked."""

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from liveness.client.deadline import Deadline, deadline_error
from liveness.client.errors import AddressRefusedError, NetworkError

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
AddressGuard = Callable[[IpAddress], bool]
Resolver = Callable[[str, int], Sequence[str]]
SocketOptions = Iterable[tuple[int, int, int | bytes]]


def system_resolver(host: str, port: int) -> list[str]:
    """The addresses of a host name, A and AAAA, in the system's order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True)
class Dialer:
    """Looks a name up, checks every address with `guard`, and connects to one of exactly those addresses."""

    resolver: Resolver = system_resolver
    guard: AddressGuard | None = None

    def connect(self, host: str, port: int, timeout: float | None, options: SocketOptions = ()) -> socket.socket:
        """A connected socket. `timeout` (seconds) bounds the look-up and each attempt; the deadline bounds all.

        Raises NetworkError, DeadlineError, or AddressRefusedError when the guard refuses any of the addresses.
        """
        deadline = Deadline.current()
        addresses = self._look_up(host, port, timeout, deadline)
        late = False
        for address in addresses:
            try:
                return self._open(address, port, deadline.bound(timeout), options)
            except OSError as failure:
                late = isinstance(failure, TimeoutError)
        if deadline.is_over():
            raise deadline_error()
        code, what = ("ConnectTimeout", "answered in time") if late else ("Connect", "accepted a connection")
        raise NetworkError(f"Network.{code}", f"no address of the host {what}; try again later.")

    def _look_up(self, host: str, port: int, timeout: float | None, deadline: Deadline) -> list[IpAddress]:
        found = _in_thread(lambda: self.resolver(host, port), deadline.bound(timeout))
        if found is None and deadline.is_over():
            raise deadline_error()
        if not found:
            raise NetworkError("Network.Dns", "the host's name could not be resolved; try again later.")
        addresses = [ipaddress.ip_address(address) for address in found]
        if self.guard is not None and not all(map(self.guard, addresses)):
            raise _refusal()
        return addresses

    def _open(self, address: IpAddress, port: int, timeout: float | None, options: SocketOptions) -> socket.socket:
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            for option in options:
                sock.setsockopt(*option)
            sock.settimeout(timeout)
            sock.connect((str(address), port))
            if self.guard is not None and ipaddress.ip_address(sock.getpeername()[0]) != address:
                raise _refusal()
        except BaseException:
            sock.close()
            raise
        return sock


def _in_thread(look_up: Callable[[], Sequence[str]], seconds: float | None) -> Sequence[str] | None:
    """The addresses, none when the look-up failed, None when it took too long.

    The system's resolver cannot be interrupted, so it is left behind in a thread of its own.
    """
    answers: queue.SimpleQueue[Sequence[str]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put(look_up())
        except (OSError, UnicodeError):
            answers.put(())

    threading.Thread(target=run, name="name-look-up", daemon=True).start()
    try:
        return answers.get(timeout=seconds)
    except queue.Empty:
        return None


def _refusal() -> AddressRefusedError:
    return AddressRefusedError("Network.AddressRefused", "the host leads to an address that may not be contacted.")
