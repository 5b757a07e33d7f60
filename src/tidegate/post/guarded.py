"""Connections to the outside that never reach the inside.

A receiver's address comes from a tenant. A name is looked up once, at the moment of connecting, and the connection goes
to an address that was checked: what a name is changed to afterwards is of no use to anybody.
"""

import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpcore

Network = IPv4Network | IPv6Network


class ForbiddenAddressError(Exception):
    """A host has no address that may be called."""


class Allowed:
    """Which addresses may be called: public ones, and the networks that a setting names.

    Parameters
    ----------
    networks : iterable of str
        Such as ``10.20.0.0/16``.

    Raises
    ------
    ValueError
        If one is not a network.
    """

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks: tuple[Network, ...] = tuple(ip_network(each) for each in networks)

    def may_call(self, address: IPv4Address | IPv6Address) -> bool:
        """Whether an address may be called."""
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if any(address in network for network in self._networks):
            return True
        return address.is_global and not address.is_multicast

    def resolve(self, host: str, port: int) -> list[str]:
        """Addresses of a host, when every one of them may be called.

        Raises
        ------
        ForbiddenAddressError
            When any may not: a name that leads outside and inside is a trick.
        OSError
            When the name is not known.
        """
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))
        if not addresses or not all(self.may_call(ip_address(each)) for each in addresses):
            raise ForbiddenAddressError(host)
        return addresses


class GuardedBackend(httpcore.NetworkBackend):
    """Connects to what may be called, and to nothing else."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to one of the host's addresses, all of which were checked."""
        addresses: Sequence[str] = self._allowed.resolve(host, port)
        failure: Exception | None = None
        for address in addresses:
            try:
                return self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except httpcore.NetworkError as error:
                failure = error
        raise failure or ForbiddenAddressError(host)
