"""What a picture is, is told by its bytes; what it tells of its maker is left out."""

from __future__ import annotations

import struct

import pytest
from earful.inbox.attaching import safe_name
from earful.inbox.pictures import MOST_PIXELS, NotAPicture, read_picture

from tests import pictures

KINDS = {
    "image/jpeg": (pictures.JPEG, pictures.jpeg_from_a_camera()),
    "image/png": (pictures.png(), pictures.png_from_a_camera()),
    "image/gif": (pictures.GIF, pictures.gif_with_words()),
    "image/webp": (pictures.WEBP, pictures.webp_from_a_camera()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_plain_picture_stays_as_it_is(kind: str) -> None:
    plain, _ = KINDS[kind]
    found = read_picture(plain)
    assert (found.content_type, found.width, found.height) == (kind, 3, 2)
    assert found.data == plain


@pytest.mark.parametrize("kind", KINDS)
def test_where_it_was_taken_is_left_out_and_the_picture_stays(kind: str) -> None:
    plain, talking = KINDS[kind]
    assert pictures.PLACE in talking
    found = read_picture(talking)
    assert pictures.PLACE not in found.data
    assert (found.content_type, found.width, found.height) == (kind, 3, 2)
    assert len(found.data) >= len(plain)
    assert read_picture(found.data).data == found.data


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("turn", [3, 6, 8])
def test_a_turned_picture_stays_turned(turn: int, order: str) -> None:
    found = read_picture(pictures.jpeg_from_a_camera(turn, order)).data
    assert pictures.PLACE not in found
    at = found.index(b"Exif\0\0") + 6
    assert found[at : at + 4] == b"MM\0*"
    assert struct.unpack_from(">HHIH", found, at + 10) == (0x0112, 3, 1, turn)
    assert found.startswith(pictures.JPEG[:20])
    assert found.endswith(pictures.JPEG[20:])


def test_a_picture_that_stands_upright_says_nothing_of_it() -> None:
    assert read_picture(pictures.jpeg_from_a_camera(1)).data == pictures.JPEG
    assert read_picture(pictures.jpeg_from_a_camera(99)).data == pictures.JPEG


def test_a_gif_goes_on_looping() -> None:
    assert b"NETSCAPE2.0" in read_picture(pictures.gif_with_words()).data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<!doctype html><script>alert(1)</script>",
        b"\0\0\0\x18ftypmp42",
        b"MZ\x90",
        b"GIF89a<script>alert(1)</script>",
        b"\xff\xd8\xff<script>alert(1)</script>",
        b"\x89PNG\r\n\x1a\n<script>alert(1)</script>",
        b"RIFF\xff\xff\xff\xffWEBP<script>",
        b"\xff\xd8\xff\xd9",
        b"GIF89a\x03\x00\x02\x00\x00\x00\x00;",
    ],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(NotAPicture):
        read_picture(data)


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_cut_short_or_damaged_is_refused_or_read_but_never_breaks(kind: str) -> None:
    for whole in KINDS[kind]:
        for at in range(len(whole)):
            for data in (whole[:at], whole[:at] + b"\xff\x00\xff" + whole[at + 3 :]):
                try:
                    found = read_picture(data)
                except NotAPicture:
                    continue
                assert found.content_type in KINDS


def test_a_picture_that_unpacks_to_a_huge_one_is_refused() -> None:
    huge = pictures.png(1, 1).replace(
        struct.pack(">II", 1, 1), struct.pack(">II", MOST_PIXELS, 2), 1
    )
    with pytest.raises(NotAPicture, match="points"):
        read_picture(huge)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("parcel.png", "parcel.png"),
        ("../../etc/passwd", "passwd.png"),
        (r"C:\Users\ann\Pictures\parcel (2).JPG", "parcel (2).png"),
        ("run.php.png.exe", "run.php.png.png"),
        ("<img src=x onerror=alert(1)>.png", "img src_x onerror_alert(1).png"),
        ("a\u202egnp.exe", "a_gnp.png"),
        ('x"; filename="evil.html', "x_ filename_evil.png"),
        ("", "picture.png"),
        ("\0\r\n.png", "png.png"),
        ("größe.webp", "größe.png"),
        ("n" * 5000, "n" * 100 + ".png"),
    ],
)
def test_a_name_keeps_no_path_and_no_trick(name: str, kept: str) -> None:
    assert safe_name(name, "image/png") == kept
