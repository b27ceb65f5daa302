"""The address of the visitor who sent a request, also behind proxies; no header of a stranger is trusted.

A header such as X-Forwarded-For is read only where the connection itself comes from a trusted proxy. Its entries are
read from the right, because each proxy appends the address it saw: the first entry that is no trusted proxy is the
visitor, and whatever stands to the left of it was written by the visitor.
"""

import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

VISITOR_PREFIX = 64  # a home or office is given at least this much of IPv6

# Headers that proxies, load balancers and content networks add. Wider than the names in use, on purpose: a header
# taken for a proxy's by mistake only means that the address of the connection is not relied on.
PROXY_HEADER = re.compile(
    r"HTTP_(?:VIA|CDN_LOOP|FRONT_END_HTTPS|X_(?:SCHEME|URL_SCHEME|SSL|AMZN_TRACE_ID|CLOUD_TRACE_CONTEXT)"
    r"|(?:.*_)?(?:FORWARDED|PROXY|PROXYUSER|ORIGINAL)(?:_.*)?"
    r"|(?:X_)?(?:CF|CLOUDFRONT|FASTLY|FLY|AKAMAI|ENVOY|AZURE|APPENGINE|ARR|NF|VERCEL)_.*"
    r"|.*_(?:FOR|IP|IPV6|CLIENTIP|SOCKETIP|ADDR|ADDRESS))"
)
FORWARDED_FOR, REAL_IP = "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP"


def client_address(meta: Mapping[str, Any], trusted: Iterable[Network]) -> Address | None:
    """Return the visitor's address, or None where only a proxy's is known.

    `meta` is a WSGI environment, `trusted` the networks of the proxies in front of this server.
    """
    peer = _parsed(str(meta.get("REMOTE_ADDR", "")))
    if peer is None or not any(PROXY_HEADER.fullmatch(name) for name in meta):
        return peer
    proxies = tuple(trusted)
    if not _within(peer, proxies):
        return None
    real = _parsed(str(meta.get(REAL_IP, "")))
    if FORWARDED_FOR not in meta:
        return real
    hops: list[Address] = []
    for entry in reversed(str(meta[FORWARDED_FOR]).split(",")):
        hop = _parsed(entry)
        if hop is None:
            return None
        hops.append(hop)
        if not _within(hop, proxies):
            break
    # One of two headers that contradict each other was written by the visitor; which one cannot be known.
    return None if REAL_IP in meta and real not in hops else hops[-1]


def counted_address(meta: Mapping[str, Any], trusted: Iterable[Network]) -> str:
    """Return the key under which a limit counts a request: the visitor's address, the /64 of an IPv6 address.

    Where the visitor's address is not known it is that of the connection, so a made-up header gains nothing.
    """
    address = client_address(meta, trusted) or _parsed(str(meta.get("REMOTE_ADDR", "")))
    if isinstance(address, IPv6Address):
        return str(ip_network((address, VISITOR_PREFIX), strict=False))
    return str(address or "")


def _parsed(text: str) -> Address | None:
    """Read an address as proxies write it: with a port, in brackets, as IPv4 inside IPv6."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)
