"""Which IP addresses belong to the public internet, and how addresses of pages are read; pure."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from earful.errors import ChannelError
from earful.wording import gettext as _

if TYPE_CHECKING:
    import httpx

__all__ = ["is_public", "origin", "parse_url", "without_secrets"]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_IPV4_COMPATIBLE = ipaddress.ip_network("::/96")
_NEVER_PUBLIC = tuple(
    ipaddress.ip_network(net)
    for net in ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15",
                "240.0.0.0/4", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32",
                "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10")
)  # fmt: skip


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, whatever it is wrapped in."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = _embedded(ip)
        if inner is not None:
            return is_public(str(inner))
    if any(ip in net for net in _NEVER_PUBLIC if net.version == ip.version):
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def parse_url(url: str, base: httpx.URL | None = None) -> httpx.URL:
    import httpx

    try:
        parsed = base.join(url) if base is not None else httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise ChannelError(_("This is not an address: %(url)s", url=repr(url[:200]))) from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise ChannelError(
            _("Only http and https addresses are read, not %(url)s", url=repr(url[:200]))
        )
    return parsed


def origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def without_secrets(url: httpx.URL | str) -> str:
    """An address for people and logs: no query and no user, which may hold secrets."""
    parsed = parse_url(url) if isinstance(url, str) else url
    port = f":{parsed.port}" if parsed.port else ""
    return f"{parsed.scheme}://{parsed.host}{port}{parsed.path}"


def _embedded(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for, in any of the known wrappings."""
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    if ip.teredo is not None:
        return ip.teredo[1]
    if ip in _NAT64 or ip in _IPV4_COMPATIBLE:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return None
