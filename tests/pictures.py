"""Small pictures of each kind, and what a camera hides in them."""

from __future__ import annotations

import base64
import struct
import zlib

PLACE = b"54.3233N 10.1228E"
"""What must not get out: where a picture was taken."""

JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQ"
    "c1tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSk"
    "pKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wAARCAACAAMDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAA"
    "AAT/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFAEBAAAAAAAAAAAAAAAAAAAABP/EABQRAQAAAAAAAAAAAAAAAAAA"
    "AAD/2gAMAwEAAhEDEQA/AJQChn//2Q=="
)
WEBP = base64.b64decode(
    "UklGRjAAAABXRUJQVlA4ICQAAACQAQCdASoDAAIABABoJaACdLoAA5gA/uX6O64x2qutlVhSAAA="
)
GIF = (
    b"GIF89a\x03\x00\x02\x00\x80\x00\x00\x33\x66\x99\x00\x00\x00"
    b"\x2c\x00\x00\x00\x00\x03\x00\x02\x00\x00\x02\x03\x84\x6f\x05\x00\x3b"
)


def png(width: int = 3, height: int = 2, colour: bytes = b"\x33\x66\x99") -> bytes:
    """A picture of one colour."""
    rows = (b"\0" + colour * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_part(*part) for part in parts)


def png_part(kind: bytes, body: bytes) -> bytes:
    """One part of a PNG."""
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))


def exif(turn: int = 1, order: str = ">") -> bytes:
    """What a camera writes: how it was held, and where."""
    mark = b"MM" if order == ">" else b"II"
    head = struct.pack(f"{order}2sHI", mark, 42, 8)
    return head + struct.pack(f"{order}HHHIHHI", 1, 0x0112, 3, 1, turn, 0, 0) + PLACE


def jpeg_from_a_camera(turn: int = 1, order: str = ">") -> bytes:
    """A JPEG with place, comment and a second picture behind its end."""
    body = b"Exif\0\0" + exif(turn, order)
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    comment = b"\xff\xfe" + struct.pack(">H", len(PLACE) + 2) + PLACE
    return JPEG[:20] + segment + comment + JPEG[20:] + JPEG + PLACE


def png_from_a_camera() -> bytes:
    """A PNG with place and text."""
    plain = png()
    told = png_part(b"eXIf", exif()) + png_part(b"tEXt", b"Comment\0" + PLACE)
    return plain[:33] + told + plain[33:] + PLACE


def gif_with_words() -> bytes:
    """A GIF that loops and talks."""
    comment = b"\x21\xfe" + bytes([len(PLACE)]) + PLACE + b"\0"
    loops = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
    return GIF[:19] + loops + comment + GIF[19:] + PLACE


def webp_from_a_camera() -> bytes:
    """A WebP whose header announces what a camera wrote."""
    header = b"VP8X" + struct.pack("<I", 10) + bytes([0x0C, 0, 0, 0, 2, 0, 0, 1, 0, 0])
    told = exif()
    hidden = b"EXIF" + struct.pack("<I", len(told)) + told + b"\0" * (len(told) % 2)
    whole = b"WEBP" + header + WEBP[12:] + hidden
    return b"RIFF" + struct.pack("<I", len(whole)) + whole + PLACE
