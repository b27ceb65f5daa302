"""Where webhooks and calls to reference services may go: which URLs can be saved, which addresses connected to.

A name is judged by nothing but the address that is connected to, in the moment of connecting (`outbound_http`). So a
name that resolves to another address a moment later, or is written in an unusual form, gets nowhere else.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings

URL_CHARACTERS = 500
PLAIN = re.compile(r"^[!-~]+\Z")  # printable ASCII without the space
HOST = re.compile(r"^[a-z0-9]([a-z0-9._-]*[a-z0-9])?\.?\Z", re.IGNORECASE)
NUMBER_AT_ITS_END = re.compile(
    r"(^|\.)([0-9]+|0x[0-9a-f]*)\.?\Z", re.IGNORECASE
)  # no name ends so, old addresses do
NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
COMPATIBLE = ip_network("::/96")

Address = IPv4Address | IPv6Address


class AddressRefused(Exception):
    """The receiver's name resolves to no address that outgoing calls may reach; the message says why."""


def url_problem(url: str) -> str | None:
    """Say what keeps `url` from being the address of a receiver, or None."""
    if not PLAIN.match(url) or "\\" in url:
        return "Write the URL in ASCII without spaces; a name in another script in its xn-- form."
    if len(url) > URL_CHARACTERS:
        return f"At most {URL_CHARACTERS} characters are allowed."
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
    except ValueError:
        return "This is not a URL."
    if parts.scheme not in ("http", "https"):
        return "A URL starts with https:// or http://."
    if "@" in parts.netloc:
        return "The URL may not hold a name or password. Receivers recognise this server by the signature."
    if parts.fragment or "#" in url:
        return "The URL may not hold a fragment (#…)."
    literal = _address(host)
    if literal is None and (not HOST.match(host) or len(host) > 253):
        return "The URL needs the name or address of a host."
    if literal is None and NUMBER_AT_ITS_END.search(host):
        return "Write an address as four decimal numbers with dots between them."
    wanted = port if port is not None else (443 if parts.scheme == "https" else 80)
    if not port_allowed(wanted):
        allowed = ", ".join(map(str, settings.WEBHOOK_ALLOWED_PORTS))
        return f"Port {wanted} is not allowed here; allowed are {allowed}."
    if literal is not None and (refused := address_problem(literal)):
        return refused
    return None


def port_allowed(port: int) -> bool:
    """Return whether receivers may listen there; an empty setting allows every port."""
    return port > 0 and (not settings.WEBHOOK_ALLOWED_PORTS or port in settings.WEBHOOK_ALLOWED_PORTS)


def address_problem(address: Address) -> str | None:
    """Say why this address may not be connected to, or None.

    Public ones may, others where settings.WEBHOOK_ALLOWED_NETWORKS holds them. An IPv6 address that carries an IPv4
    one (mapped, compatible, 6to4, Teredo, NAT64) needs both to be allowed.
    """
    if _allowed(address):
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    for part in (mapped,) if mapped is not None else (address, *_carried(address)):
        if not _allowed(part) and not _is_public(part):
            return f"{address} is not a public address. WEBHOOK_ALLOWED_NETWORKS can allow it."
    return None


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and (address.is_site_local or address in COMPATIBLE):
        return False
    refused = (
        address.is_private,
        address.is_loopback,
        address.is_link_local,
        address.is_multicast,
        address.is_reserved,
        address.is_unspecified,
    )
    in_nat64 = any(address in network for network in NAT64)  # Python counts it as reserved or private
    return in_nat64 or (address.is_global and not any(refused))


def _allowed(address: Address) -> bool:
    return any(address in network for network in settings.WEBHOOK_ALLOWED_NETWORKS)


def _carried(address: Address) -> list[IPv4Address]:
    if not isinstance(address, IPv6Address):
        return []
    carried = [address.sixtofour, *(address.teredo or ())]
    if any(address in network for network in (*NAT64, COMPATIBLE)):
        carried.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [inner for inner in carried if inner is not None]


def _address(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
