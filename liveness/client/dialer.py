"""Opening a TCP connection within the deadline, and only to an address that was checked."""

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from liveness.client.deadline import Deadline, deadline_error
from liveness.client.errors import AddressRefusedError, DeadlineError, NetworkError
from liveness.client.proxy import Proxy, open_tunnel

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
    """Looks a name up, checks every address with `guard`, and connects to one of exactly those addresses.

    With a `proxy` it is the proxy who looks the host up in `tunnel`, and no address is there to be checked, unless the
    host is one.
    """

    resolver: Resolver = system_resolver
    guard: AddressGuard | None = None
    proxy: Proxy | None = None

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

    def tunnel(self, host: str, port: int, timeout: float | None, options: SocketOptions = ()) -> socket.socket:
        """A socket connected to the host: through the proxy if there is one, or else as `connect` does it.

        Raises what `connect` raises, or ProxyRefusedError.
        """
        if self.proxy is None:
            return self.connect(host, port, timeout, options)
        self._check_literal(host)
        sock = self._reach(self.proxy, timeout, options)
        try:
            open_tunnel(sock, self.proxy, host, port, timeout)
        except BaseException:
            sock.close()
            raise
        return sock

    def _reach(self, proxy: Proxy, timeout: float | None, options: SocketOptions) -> socket.socket:
        try:
            return Dialer(self.resolver).connect(proxy.host, proxy.port, timeout, options)
        except DeadlineError:
            raise
        except NetworkError as problem:
            text = f"the proxy of LIVENESS_PROXY cannot be reached ({problem.code}); try again later."
            error = NetworkError("Network.Proxy", text)
        raise error

    def _check_literal(self, host: str) -> None:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return
        if self.guard is not None and not self.guard(address):
            raise _refusal()

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
