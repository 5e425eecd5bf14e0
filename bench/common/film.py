"""A short drawn film made as heavy as a real one: the same pictures, spread evenly over many more bytes.

With the filling at its end a browser would have the whole film after its first request, and every seek would be free.
"""

import struct
from collections.abc import Iterator
from itertools import accumulate, pairwise

WITHIN = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def spread(film: bytes, size: int) -> bytes:
    """An MP4 of one track as `size` bytes: every sample a chunk of its own, and filling after each (ISO 14496-12)."""
    [table] = find(film, b"stsz")
    [first] = _numbers(next(find(film, b"stco")))
    samples = _cut(film, first, _numbers(table, skip=1))
    gap = (size - len(film) - 4 * len(samples)) // len(samples)
    lengths = [len(sample) + gap for sample in samples]
    head = b"".join(box(kind, body) for kind, body in boxes(film) if kind == b"ftyp")
    [movie] = (body for kind, body in boxes(film) if kind == b"moov")
    # The offsets depend on the size of the table that holds them, which is known: four bytes for each sample.
    start = len(head) + len(_with_offsets(movie, [0] * len(samples))) + 8
    offsets = list(accumulate(lengths[:-1], initial=start))
    data = b"".join(sample + bytes(gap) for sample in samples)
    data += bytes(max(0, size - start - len(data)))
    return head + _with_offsets(movie, offsets) + box(b"mdat", data)


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of each box."""
    while data:
        length, kind = struct.unpack_from(">I4s", data)
        yield kind, data[8:length]
        data = data[length:]


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body


def find(data: bytes, wanted: bytes) -> Iterator[bytes]:
    """The bodies of all boxes of one kind, wherever in the movie they are."""
    for kind, body in boxes(data):
        if kind == wanted:
            yield body
        elif kind in WITHIN:
            yield from find(body, wanted)


def _with_offsets(movie: bytes, offsets: list[int]) -> bytes:
    one_by_one = struct.pack(">IIIII", 0, 1, 1, 1, 1)
    places = struct.pack(f">II{len(offsets)}I", 0, len(offsets), *offsets)
    return _replaced(box(b"moov", movie), {b"stsc": one_by_one, b"stco": places})


def _replaced(data: bytes, bodies: dict[bytes, bytes]) -> bytes:
    return b"".join(
        box(kind, bodies.get(kind) or (_replaced(body, bodies) if kind in WITHIN else body))
        for kind, body in boxes(data)
    )


def _numbers(body: bytes, skip: int = 0) -> list[int]:
    """The table of 32-bit numbers after version, flags, `skip` numbers and the count."""
    start = 4 + 4 * skip
    [count] = struct.unpack_from(">I", body, start)
    return list(struct.unpack_from(f">{count}I", body, start + 4))


def _cut(film: bytes, start: int, sizes: list[int]) -> list[bytes]:
    ends = list(accumulate(sizes, initial=start))
    return [film[begin:end] for begin, end in pairwise(ends)]
