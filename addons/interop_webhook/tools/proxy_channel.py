"""Deliver through the configured outgoing proxy, and never without it.

The checks of addresses are the same as without a proxy. Odoo resolves the name of the
receiver and checks each address. The proxy gets the checked address (``CONNECT
198.41.0.4:443``, RFC 9110, 9.3.6), so that a second name resolution cannot change it. TLS
is end-to-end through the tunnel, and the certificate must match the name. Plain http is
refused, because the proxy could read it.

An administrator configures the proxy. It usually has a private address, which is allowed.
Metadata services and multicast addresses are not.
"""

import asyncio
import ipaddress
import socket
import time

import aiohttp
from yarl import URL

from . import oauth, url_guard
from .http_channel import Answer, Channel, GuardedResolver, find_refusal

ADDRESS_SECONDS = 10  # time for which a resolved address is used
_ANYWHERE = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
_ANY_PORT = ((1, 65535),)


def check_url(url: str) -> None:
    """Check the URL of a proxy, ``http://host:port``.

    :raises url_guard.GuardRefusal: the URL is not allowed
    """
    if not str(url or "").startswith("http://"):
        raise url_guard.GuardRefusal(
            "The URL of the proxy must start with http://. Deliveries are encrypted "
            "end-to-end inside the proxy connection."
        )
    target = url_guard.parse_url(url, allow_http=True, ports=_ANY_PORT)
    if target.path_qs != "/":
        raise url_guard.GuardRefusal(
            "The URL of the proxy must not have a path. Enter host and port only, such as "
            "http://proxy.example.org:3128."
        )
    if target.address:
        url_guard.check_address(str(target.address), _ANYWHERE)


def check_receiver(url: str) -> None:
    """Check that a receiver can be reached through a proxy.

    :raises url_guard.GuardRefusal: the URL is not https
    """
    if not url.startswith("https://"):
        raise url_guard.GuardRefusal(
            "The outgoing proxy requires https. Enter an https URL, or clear Use Outgoing "
            "Proxy on the endpoint."
        )


class ProxyChannel(Channel):
    """A channel whose connections are tunnels through ``receiver.proxy``."""

    def __init__(self, receiver, context):
        check_url(receiver.proxy.url)
        check_receiver(receiver.url)
        super().__init__(receiver, context)
        self._proxy_url = URL(receiver.proxy.url)
        user, _colon, password = receiver.proxy.credential.partition(":")
        self._proxy_headers = (
            {"Proxy-Authorization": oauth.basic(user, password)} if user else None
        )
        self._addresses, self._until, self._turn = [], 0.0, 0

    def _connected_networks(self):
        """Allow any network: the connection goes to the proxy.

        The addresses of the receiver are checked when its name is resolved.
        """
        return _ANYWHERE

    async def _exchange(self, request, headers, deadline, url=None, **way):
        try:
            async with asyncio.timeout(self.receiver.connect_timeout):
                address = await self._address()
        except socket.gaierror:
            return _failed(request, "dns", "The host name could not be resolved")
        host = f"[{address}]" if ":" in address else address
        target = self._target
        try:
            return await super()._exchange(
                request,
                headers,
                deadline,
                url=URL(f"https://{host}:{target.port}{target.path_qs}", encoded=True),
                proxy=self._proxy_url,
                proxy_headers=self._proxy_headers,
                server_hostname=target.host,
            )
        except aiohttp.ClientHttpProxyError as error:
            self._turn += 1  # the proxy may reach another address of the receiver
            detail = f"The outgoing proxy answered {error.status}"
            return _failed(request, "connect", detail)
        except aiohttp.ClientConnectorDNSError as error:
            return self._unreachable(request, error, "dns")
        except aiohttp.ClientProxyConnectionError as error:
            return self._unreachable(request, error, "connect")

    def _unreachable(self, request, error, failure):
        if find_refusal(error):
            raise error
        return _failed(request, failure, "The outgoing proxy is not reachable")

    async def _address(self):
        """Return a checked address of the receiver as text; IPv4 first."""
        if self._target.address:
            return str(self._target.address)
        if time.monotonic() >= self._until:
            found = await GuardedResolver(self.receiver.networks).resolve(
                self._target.host, self._target.port
            )
            unique = dict.fromkeys(item["host"] for item in found)
            self._addresses = sorted(unique, key=lambda address: ":" in address)
            self._until = time.monotonic() + ADDRESS_SECONDS
        return self._addresses[self._turn % len(self._addresses)]


def _failed(request, failure, detail):
    return Answer(request.ref, None, failure=failure, detail=detail)
