"""What a picture is, told by its bytes, and the picture without what it says about its maker.

A name and a declared type are a stranger's word. JPEG, PNG, GIF and WebP are walked through part
by part; what is no part of the picture is left out: the place where it was taken, the camera, its
owner, an earlier version, whatever hangs behind the end. Only how to turn it is kept. Nothing is
decoded, so a small file that unpacks to a huge one costs nothing here; it is refused for its size.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from earful.wording import gettext

__all__ = ["CONTENT_TYPES", "MOST_PIXELS", "NotAPicture", "Picture", "read_picture"]

CONTENT_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
"""What can be attached: what is understood well enough to take out what it should not tell."""
MOST_PIXELS = 100_000_000
"""What a browser can still show; a phone's largest camera takes pictures of this size."""


class NotAPicture(ValueError):
    """It is none of these, or broken."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture fit to be sent, as it is seen: `width` and `height` in pixels, before turning."""

    content_type: str
    data: bytes
    width: int
    height: int


def read_picture(data: bytes) -> Picture:
    """The picture that these bytes are, cleaned. Raises `NotAPicture`."""
    try:
        found = _read(data)
    except (IndexError, struct.error) as error:
        message = gettext("it ends too soon")
        raise NotAPicture(message) from error
    if not 0 < found.width * found.height <= MOST_PIXELS:
        message = gettext(
            "it has %(width)s by %(height)s points", width=found.width, height=found.height
        )
        raise NotAPicture(message)
    return found


def _read(data: bytes) -> Picture:
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(data)
    if data.startswith(_PNG):
        return _png(data)
    if data.startswith((b"GIF87a", b"GIF89a")):
        return _gif(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _webp(data)
    message = gettext("its content is no JPEG, PNG, GIF or WebP picture")
    raise NotAPicture(message)


# ── JPEG (ITU T.81, annex B) ─────────────────────────────────────────────────────────────────
_SOI, _EOI, _SOS, _APP0, _APP1, _APP2, _APP14, _COMMENT = (
    0xD8,
    0xD9,
    0xDA,
    0xE0,
    0xE1,
    0xE2,
    0xEE,
    0xFE,
)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_AFTER_SCAN = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
"""The next marker; in a scan, 0xFF is followed by 0 or by a restart marker."""


def _jpeg(data: bytes) -> Picture:
    kept, size, turn, is_scanned = [b"\xff\xd8"], (0, 0), 1, False
    for marker, body, scan in _segments(data):
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", body, 1)
            size = (width, height)
        elif marker == _APP1 and body.startswith(b"Exif\0\0"):
            turn = _orientation(body[6:]) or turn
        is_scanned = is_scanned or marker == _SOS
        if _is_of_the_picture(marker, body):
            kept.append(struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + scan)
    if not is_scanned:
        message = gettext("it holds no picture")
        raise NotAPicture(message)
    if turn != 1:
        # Behind JFIF's own segment, which has to be the first.
        at = 2 if len(kept) > 1 and kept[1][1] == _APP0 else 1
        kept.insert(at, _only_turned(turn))
    return Picture("image/jpeg", b"".join([*kept, b"\xff\xd9"]), *size)


def _segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Each marker with its segment, and what is scanned behind it; up to the end of the image."""
    at = 2
    while True:
        if data[at] != 0xFF:  # noqa: PLR2004 - where a marker begins
            message = gettext("it is broken")
            raise NotAPicture(message)
        while data[at] == 0xFF:  # noqa: PLR2004 - any number of these may fill up
            at += 1
        marker = data[at]
        if marker == _EOI:
            return
        (length,) = struct.unpack_from(">H", data, at + 1)
        body, end = data[at + 3 : at + 1 + length], at + 1 + length
        if length < 2 or len(body) != length - 2:  # noqa: PLR2004 - it counts its own two bytes
            message = gettext("it is broken")
            raise NotAPicture(message)
        scan = b""
        if marker == _SOS:
            after = _AFTER_SCAN.search(data, end)
            if after is None:
                message = gettext("it ends too soon")
                raise NotAPicture(message)
            scan, end = data[end : after.start()], after.start()
        yield marker, body, scan
        at = end


def _is_of_the_picture(marker: int, body: bytes) -> bool:
    """Not a comment, and of the application's own only what decides about colours."""
    if marker == _APP0:
        return body.startswith(b"JFIF\0")
    if marker == _APP2:
        return body.startswith(b"ICC_PROFILE\0")
    is_other = _APP0 <= marker <= 0xEF and marker != _APP14  # noqa: PLR2004 - the last of them
    return not is_other and marker != _COMMENT


_TURN = 0x0112
_TURNS = range(1, 9)


def _orientation(tiff: bytes) -> int | None:
    """How the camera was held (Exif 2.3, tag 0x0112): 1 to 8."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return None
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for number in range(min(count, 200)):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * number)
            if (tag, kind) == (_TURN, 3):
                return value if value in _TURNS else None
    except struct.error:
        return None
    return None


def _only_turned(turn: int) -> bytes:
    """An Exif segment that says how to turn the picture, and nothing else."""
    body = b"Exif\0\0" + struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, _TURN, 3, 1, turn, 0, 0)
    return struct.pack(">BBH", 0xFF, _APP1, len(body) + 2) + body


# ── PNG (W3C, third edition) ─────────────────────────────────────────────────────────────────
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_PARTS = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD pHYs hIST sPLT acTL "
    b"fcTL fdAT".split()
)


def _png(data: bytes) -> Picture:
    kept, at = [_PNG], len(_PNG)
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            message = gettext("it ends too soon")
            raise NotAPicture(message)
        if kind in _PNG_PARTS:
            kept.append(data[at:end])
        at = end
        if kind == b"IEND":
            break
    if data[12:16] != b"IHDR":
        message = gettext("it is broken")
        raise NotAPicture(message)
    width, height = struct.unpack_from(">II", data, 16)
    return Picture("image/png", b"".join(kept), width, height)


# ── GIF (89a) ────────────────────────────────────────────────────────────────────────────────
_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_CONTROL, _APPLICATION = 0xF9, 0xFF
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def _gif(data: bytes) -> Picture:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at = 13 + _table(flags)
    kept, has_image = [data[:at]], False
    while data[at] != _TRAILER:
        start = at
        if data[at] == _EXTENSION:
            label = data[at + 1]
            name = data[at + 3 : at + 14]
            at = _blocks(data, at + 2)
            if label == _CONTROL or (label == _APPLICATION and name in _LOOPS):
                kept.append(data[start:at])
        elif data[at] == _IMAGE:
            at = _blocks(data, at + 11 + _table(data[at + 9]))
            kept.append(data[start:at])
            has_image = True
        else:
            message = gettext("it is broken")
            raise NotAPicture(message)
    if not has_image:
        message = gettext("it holds no picture")
        raise NotAPicture(message)
    return Picture("image/gif", b"".join([*kept, b";"]), width, height)


def _table(flags: int) -> int:
    """How long a table of colours is."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks(data: bytes, at: int) -> int:
    """Where a chain of blocks ends."""
    while data[at]:
        at += data[at] + 1
    return at + 1


# ── WebP (RFC 9649) ──────────────────────────────────────────────────────────────────────────
_WEBP_PARTS = frozenset(b"VP8 |VP8L|VP8X|ANIM|ANMF|ALPH|ICCP".split(b"|"))
_TELLING = 0x0C
"""The flags of the extended header that announce Exif and XMP."""


def _webp(data: bytes) -> Picture:
    (length,) = struct.unpack_from("<I", data, 4)
    kept, size, at = [], (0, 0), 12
    while at < min(len(data), length + 8):
        kind, length_of = struct.unpack_from("<4sI", data, at)
        body, end = data[at + 8 : at + 8 + length_of], at + 8 + length_of + length_of % 2
        if len(body) != length_of:
            message = gettext("it ends too soon")
            raise NotAPicture(message)
        if kind == b"VP8X":
            body = bytes([body[0] & ~_TELLING]) + body[1:]
        size = size if size[0] else _webp_size(kind, body)
        if kind in _WEBP_PARTS:
            kept.append(struct.pack("<4sI", kind, length_of) + body + b"\0" * (length_of % 2))
        at = end
    whole = b"WEBP" + b"".join(kept)
    return Picture("image/webp", b"RIFF" + struct.pack("<I", len(whole)) + whole, *size)


def _webp_size(kind: bytes, body: bytes) -> tuple[int, int]:
    if kind == b"VP8X":
        width = int.from_bytes(body[4:7], "little") + 1
        return width, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    return 0, 0
