"""Containers of videos, made box by box: no browser plays them, but every reader of their tables can read them."""


def box(name: bytes, *content: bytes) -> bytes:
    """A box of ISO/IEC 14496-12."""
    body = b"".join(content)
    return (len(body) + 8).to_bytes(4, "big") + name + body


def track(handler: bytes, codec: bytes) -> bytes:
    descriptions = box(b"stsd", bytes(4), (1).to_bytes(4, "big"), box(codec, bytes(70)))
    tables = box(b"minf", box(b"vmhd", bytes(12)), box(b"stbl", descriptions))
    return box(b"trak", box(b"tkhd", bytes(84)), box(b"mdia", box(b"hdlr", bytes(8), handler, bytes(13)), tables))


def film(codec: bytes = b"avc1", *, brand: bytes | None = b"isom", compatible: tuple[bytes, ...] = (b"mp42",)) -> bytes:
    """A video with a sound track before its pictures; without a brand it begins as old QuickTime files do."""
    tracks = track(b"soun", b"mp4a") + track(b"vide", codec)
    first = box(b"ftyp", brand, bytes(4), *compatible) if brand else box(b"wide")
    return first + box(b"mdat", bytes(100)) + box(b"moov", box(b"mvhd", bytes(100)), tracks)


def element(number: bytes, *content: bytes, is_open: bool = False) -> bytes:
    """An element of EBML (RFC 8794); `is_open`: of unknown size, as a recorder writes it."""
    body = b"".join(content)
    size = b"\x01" + b"\xff" * 7 if is_open else (len(body) | 1 << 56).to_bytes(8, "big")
    return number + size + body


def recording(codec: bytes = b"V_VP9", doctype: bytes = b"webm") -> bytes:
    """What a browser's recorder writes: sound first, and nobody knows how long it is."""
    sound = element(b"\xae", element(b"\x83", b"\x02"), element(b"\x86", b"A_OPUS"))
    pictures = element(b"\xae", element(b"\xd7", b"\x01"), element(b"\x83", b"\x01"), element(b"\x86", codec))
    segment = element(b"\x16\x54\xae\x6b", sound, pictures) + element(b"\x1f\x43\xb6\x75", bytes(50), is_open=True)
    head = element(b"\x1a\x45\xdf\xa3", element(b"\x42\x82", doctype))
    return head + element(b"\x18\x53\x80\x67", element(b"\x15\x49\xa9\x66", bytes(9)), segment, is_open=True)
