"""Whose address a request has: the visitor's, and nobody's where only a proxy's is known."""

from ipaddress import ip_address, ip_network

import pytest

from toxicsite.lib.client_address import client_address, counted_address

TRUSTED = [ip_network("10.0.0.0/24"), ip_network("2001:db8:ffff::/64")]
PROXY, VISITOR, OTHER = "10.0.0.1", "203.0.113.9", "198.51.100.1"


def meta(peer: str, **headers: str) -> dict[str, str]:
    return {"REMOTE_ADDR": peer, "HTTP_HOST": "example.org", "HTTP_USER_AGENT": "Prometheus/3.0"} | {
        f"HTTP_{name.upper()}": value for name, value in headers.items()
    }


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        (VISITOR, {}, VISITOR),
        (PROXY, {}, PROXY),  # the machine of the proxy itself
        ("::ffff:203.0.113.9", {}, VISITOR),
        ("", {}, None),
        ("a-socket", {}, None),
        # a proxy that nobody has named
        (OTHER, {"x_forwarded_for": VISITOR}, None),
        (OTHER, {"x_real_ip": VISITOR}, None),
        # one proxy, several, and what the visitor wrote on the left
        (PROXY, {"x_forwarded_for": VISITOR}, VISITOR),
        (PROXY, {"x_forwarded_for": f"{OTHER}, {VISITOR}"}, VISITOR),
        (PROXY, {"x_forwarded_for": f"127.0.0.1, {VISITOR},10.0.0.7 , 10.0.0.2"}, VISITOR),
        (PROXY, {"x_forwarded_for": "10.0.0.9, 10.0.0.7"}, "10.0.0.9"),
        (PROXY, {"x_forwarded_for": f"made up, {VISITOR}"}, VISITOR),
        (PROXY, {"x_forwarded_for": f"{VISITOR}, unknown"}, None),
        (PROXY, {"x_forwarded_for": ""}, None),
        (PROXY, {"x_forwarded_for": f"{VISITOR}, "}, None),
        # as proxies write addresses
        (PROXY, {"x_forwarded_for": f"{VISITOR}:50123"}, VISITOR),
        (PROXY, {"x_forwarded_for": "[2001:db8::1]:443"}, "2001:db8::1"),
        (PROXY, {"x_forwarded_for": "2001:db8::1"}, "2001:db8::1"),
        ("2001:db8:ffff::5", {"x_forwarded_for": f"::ffff:{VISITOR}"}, VISITOR),
        # X-Real-IP alone, and beside the other header
        (PROXY, {"x_real_ip": VISITOR}, VISITOR),
        (PROXY, {"x_real_ip": "nonsense"}, None),
        (PROXY, {"x_real_ip": VISITOR, "x_forwarded_for": f"{OTHER}, {VISITOR}"}, VISITOR),
        (PROXY, {"x_real_ip": "10.0.0.7", "x_forwarded_for": f"{VISITOR}, 10.0.0.7"}, VISITOR),
        # a proxy that sets one of the two and lets the visitor's other one through
        (PROXY, {"x_real_ip": VISITOR, "x_forwarded_for": "127.0.0.1"}, None),
        (PROXY, {"x_real_ip": "127.0.0.1", "x_forwarded_for": VISITOR}, None),
        # a trusted proxy that says nothing of the visitor
        (PROXY, {"x_forwarded_proto": "https"}, None),
        (PROXY, {"forwarded": f"for={VISITOR}"}, None),
    ],
)
def test_the_visitor_is_the_first_from_the_right_that_is_no_trusted_proxy(
    peer: str, headers: dict[str, str], expected: str | None
) -> None:
    assert client_address(meta(peer, **headers), TRUSTED) == (expected and ip_address(expected))


@pytest.mark.parametrize(
    "header",
    [
        *("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded", "Via"),
        *("X-Real-IP", "CF-Connecting-IP", "CF-Connecting-IPv6", "CF-Ray", "True-Client-IP", "X-Client-IP"),
        *("X-Cluster-Client-IP", "Fastly-Client-IP", "Fly-Client-IP", "Client-IP", "X-Remote-Addr"),
        *("X-Original-Forwarded-For", "X-Envoy-External-Address", "CloudFront-Viewer-Address", "CDN-Loop"),
        *("X-Azure-ClientIP", "X-AppEngine-User-IP", "X-Amzn-Trace-Id", "X-ProxyUser-IP", "X-Original-URL"),
    ],
)
def test_a_header_of_any_proxy_means_that_the_connection_is_not_the_visitors(header: str) -> None:
    name = header.lower().replace("-", "_")
    assert client_address(meta("127.0.0.1", **{name: VISITOR}), ()) is None


@pytest.mark.parametrize(
    "header",
    ["Accept", "Authorization", "X-Request-ID", "X-Prometheus-Scrape-Timeout-Seconds", "X-CSRFToken"],
)
def test_what_programs_send_themselves_is_no_proxys(header: str) -> None:
    name = header.lower().replace("-", "_")
    assert client_address(meta("127.0.0.1", **{name: "x"}), ()) == ip_address("127.0.0.1")


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        (VISITOR, {}, VISITOR),
        (VISITOR, {"x_forwarded_for": OTHER}, VISITOR),  # forged
        (PROXY, {"x_forwarded_for": OTHER}, OTHER),
        (PROXY, {"x_forwarded_for": "unknown"}, PROXY),
        ("2001:db8:1:2:3:4:5:6", {}, "2001:db8:1:2::/64"),
        ("fe80::1%eth0", {}, "fe80::/64"),
        ("", {}, ""),
    ],
)
def test_a_limit_counts_by_the_visitor_or_else_by_the_connection(
    peer: str, headers: dict[str, str], expected: str
) -> None:
    assert counted_address(meta(peer, **headers), TRUSTED) == expected
