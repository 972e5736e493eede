"""Through an outgoing proxy that an administrator configured, and never around it.

The guard holds as without a proxy: the name of the receiver is looked up here, each of
its addresses is checked, and the proxy is told to connect to the very address that was
checked (``CONNECT 198.41.0.4:443``, RFC 9110, 9.3.6), so that it cannot be led
elsewhere by a second look-up. TLS runs end to end through that tunnel and the
certificate has to be the one of the name. Plain http would travel through the proxy in
the open, and is refused.

The proxy itself was named by an administrator and usually stands on a private address,
which is accepted; metadata services and multicast are not.
"""

import asyncio
import ipaddress
import socket
import time

import aiohttp
from yarl import URL

from . import oauth, url_guard
from .http_channel import Answer, Channel, GuardedResolver, find_refusal

ADDRESS_SECONDS = 10  # for so long an address that was looked up is used
_ANYWHERE = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
_ANY_PORT = ((1, 65535),)


def check_url(url: str) -> None:
    """Refuse what is not the URL of a proxy, ``http://host:port``.

    :raise url_guard.GuardRefusal: with a sentence that says what to change
    """
    if not str(url or "").startswith("http://"):
        raise url_guard.GuardRefusal(
            "The URL of the proxy must start with http://. What travels through it is "
            "encrypted from end to end."
        )
    target = url_guard.parse_url(url, allow_http=True, ports=_ANY_PORT)
    if target.path_qs != "/":
        raise url_guard.GuardRefusal(
            "The URL of the proxy ends after the port, such as "
            "http://proxy.example.org:3128."
        )
    if target.address:
        url_guard.check_address(str(target.address), _ANYWHERE)


def check_receiver(url: str) -> None:
    """Refuse a receiver that cannot be reached through a proxy.

    :raise url_guard.GuardRefusal: when it is not https
    """
    if not url.startswith("https://"):
        raise url_guard.GuardRefusal(
            "Through the outgoing proxy only https is sent. Use https, or do not use "
            "the proxy for this endpoint."
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
        """The connection goes to the proxy; the receiver's addresses are checked when
        they are looked up."""
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
            self._turn += 1  # perhaps it reaches another address of the receiver
            detail = f"The outgoing proxy answered {error.status}"
            return _failed(request, "connect", detail)
        except aiohttp.ClientConnectorDNSError as error:
            return self._unreachable(request, error, "dns")
        except aiohttp.ClientProxyConnectionError as error:
            return self._unreachable(request, error, "connect")

    def _unreachable(self, request, error, failure):
        if find_refusal(error):
            raise error
        return _failed(request, failure, "The outgoing proxy could not be reached")

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
