"""Which codec the picture of a video is in, read from the tables of its container and never from its pictures.

Sources: ISO/IEC 14496-12 (boxes 4.2, `hdlr` 8.4.3, `stsd` 8.5.2), which QuickTime shares; RFC 8794 (EBML) and RFC 9559
(Matroska, whose subset is WebM). The files are made by strangers, so every step is bounded and what does not fit its
parent ends the search.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

# Boxes or elements that are looked at in one file. A recording has a few dozen.
MAX_STEPS = 4_000
# Where the sample descriptions of a track are.
PATH = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
EBML_HEADER = b"\x1a\x45\xdf\xa3"

_SEGMENT, _TRACKS, _TRACK, _TRACK_TYPE, _CODEC = 0x18538067, 0x1654AE6B, 0xAE, 0x83, 0x86
_VIDEO_TRACK = 1
_LONGEST_CODEC = 32


@dataclass(frozen=True)
class _Span:
    """A part of the file: `start` and `end` in bytes from its beginning."""

    start: int
    end: int


class _Steps:
    """How many boxes may still be looked at."""

    def __init__(self) -> None:
        self._left = MAX_STEPS

    def take(self) -> bool:
        self._left -= 1
        return self._left >= 0


def codec_of(file: BinaryIO, size: int) -> str:
    """The code that the container gives for the codec of its first picture track, such as "hvc1"; empty if none.

    `size` is that of the file in bytes. Raises OSError when the file cannot be read.
    """
    file.seek(0)
    whole = _Span(0, size)
    if file.read(4) == EBML_HEADER:
        return _codec_of_matroska(file, whole)
    return _codec_of_boxes(file, whole, _Steps())


def _codec_of_boxes(file: BinaryIO, place: _Span, steps: _Steps, depth: int = 0) -> str:
    """The first sample description of the first track whose handler, which stands before it, is that of pictures."""
    is_video = False
    for name, span in _boxes(file, place, steps):
        if name == b"hdlr":
            is_video = _read(file, span, 12)[8:] == b"vide"
        elif name == PATH[depth] == b"stsd":
            return _text(_read(file, span, 16)[12:])
        elif name == PATH[depth] and (is_video or name != b"minf"):
            codec = _codec_of_boxes(file, span, steps, depth + 1)
            if codec:
                return codec
    return ""


def _boxes(file: BinaryIO, place: _Span, steps: _Steps) -> Iterator[tuple[bytes, _Span]]:
    at = place.start
    while at + 8 <= place.end and steps.take():
        head = _read(file, _Span(at, place.end), 16)
        length, name, header = int.from_bytes(head[:4], "big"), head[4:8], 8
        if length == 1:
            length, header = int.from_bytes(head[8:16], "big"), 16
        elif length == 0:
            length = place.end - at
        if not header <= length <= place.end - at:
            return
        yield name, _Span(at + header, at + length)
        at += length


def _codec_of_matroska(file: BinaryIO, place: _Span) -> str:
    steps = _Steps()
    segment = _first(file, place, _SEGMENT, steps)
    tracks = segment and _first(file, segment, _TRACKS, steps)
    for number, track in _elements(file, tracks, steps) if tracks else ():
        fields = {name: _read(file, span, _LONGEST_CODEC) for name, span in _elements(file, track, steps)}
        if number == _TRACK and int.from_bytes(fields.get(_TRACK_TYPE, b""), "big") == _VIDEO_TRACK:
            return _text(fields.get(_CODEC, b""))
    return ""


def _first(file: BinaryIO, place: _Span, wanted: int, steps: _Steps) -> _Span | None:
    return next((span for number, span in _elements(file, place, steps) if number == wanted), None)


def _elements(file: BinaryIO, place: _Span, steps: _Steps) -> Iterator[tuple[int, _Span]]:
    at = place.start
    while at < place.end and steps.take():
        head = _read(file, _Span(at, place.end), 12)
        id_length = _vint_length(head[0], 4) if head else 0
        size_length = _vint_length(head[id_length], 8) if id_length and id_length < len(head) else 0
        if not size_length or id_length + size_length > len(head):
            return
        content = at + id_length + size_length
        size = int.from_bytes(head[id_length : id_length + size_length], "big") & ((1 << 7 * size_length) - 1)
        # All ones: the element ends where its parent does, as recorders write it.
        end = place.end if size == (1 << 7 * size_length) - 1 else content + size
        yield int.from_bytes(head[:id_length], "big"), _Span(content, min(end, place.end))
        at = end


def _vint_length(first: int, longest: int) -> int:
    """How many bytes a number takes by its first byte; 0 for more than `longest`."""
    length = 9 - first.bit_length()
    return length if length <= longest else 0


def _read(file: BinaryIO, span: _Span, most: int) -> bytes:
    file.seek(span.start)
    return file.read(min(most, span.end - span.start))


def _text(code: bytes) -> str:
    plain = code.rstrip(b"\0 ")
    return plain.decode("ascii") if plain.isascii() and plain.decode("ascii").isprintable() else ""
