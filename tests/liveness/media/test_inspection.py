"""Files made by strangers: what they are is told from their bytes, and decoding them cannot hurt us."""

import io
import os
import signal
import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps, ImageStat

from liveness.exceptions import MediaError
from liveness.media import inspection
from liveness.models import MediaCondition, MediaKind
from liveness.sandbox.subjects import ASSETS
from tests.films import box, film, recording

JPEG = (ASSETS / "amara.jpg").read_bytes()
MP4 = (ASSETS / "amara.mp4").read_bytes()


@pytest.fixture
def inspect(tmp_path):
    def inspect(content: bytes, kind=MediaKind.BEST_FRAME):
        path = tmp_path / "file.part"
        path.write_bytes(content)
        return inspection.inspect(path, kind, tmp_path / "thumbnail.part")

    return inspect


def png(width: int, height: int) -> bytes:
    """A tiny file that claims, and unpacks to, a very large picture."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4)

    header = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 2, 0, 0, 0])
    packed = zlib.compressobj(9)
    row = bytes(1 + width * 3)
    pixels = b"".join(packed.compress(row) for _ in range(height)) + packed.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def test_a_sound_picture_is_measured_and_gets_a_small_copy_without_metadata(inspect, tmp_path):
    original = Image.open(io.BytesIO(JPEG))
    exif = original.getexif()
    exif[0x010E] = "canary"
    carrier = io.BytesIO()
    original.save(carrier, "JPEG", exif=exif)
    finding = inspect(carrier.getvalue())
    assert (finding.content_type, finding.flaw) == ("image/jpeg", "")
    assert (finding.width, finding.height) == original.size
    thumbnail = (tmp_path / "thumbnail.part").read_bytes()
    assert b"canary" not in thumbnail
    assert max(Image.open(io.BytesIO(thumbnail)).size) <= 192
    assert (tmp_path / "thumbnail.part").stat().st_mode & 0o777 == 0o600


def test_a_video_is_told_by_its_first_box(inspect):
    assert inspect(MP4, MediaKind.VIDEO).content_type == "video/mp4"
    assert inspect(
        b"\x1a\x45\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x1f\x42\x82\x84webm", MediaKind.VIDEO
    ).content_type == ("video/webm")


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a/*" + b"\0" * 100 + b"*/=alert(1)",
        b"%PDF-1.7 ",
        b"",
        MP4,
    ],
    ids=["html", "svg", "gif", "pdf", "empty", "a video"],
)
def test_what_is_no_picture_is_kept_but_never_shown(content, inspect):
    finding = inspect(content)
    assert finding.content_type == "application/octet-stream"
    assert finding.flaw


@pytest.mark.parametrize(
    ("content", "content_type", "codec"),
    [
        (film(b"avc1", brand=b"iso3"), "video/mp4", "avc1"),
        (film(b"hvc1", brand=b"isom"), "video/mp4", "hvc1"),
        (film(brand=b"3gp5"), "video/mp4", "avc1"),
        (film(brand=b"zzzz", compatible=()), "video/mp4", "avc1"),
        (film(brand=b"qt  ", compatible=(b"qt  ",)), "video/quicktime", "avc1"),
        (film(brand=b"qt  ", compatible=(b"mp42",)), "video/mp4", "avc1"),
        (film(brand=None), "video/quicktime", "avc1"),
        (film(brand=None).removeprefix(box(b"wide")), "video/quicktime", "avc1"),
        (recording(), "video/webm", "V_VP9"),
        (recording(b"V_MPEG4/ISO/AVC", b"matroska"), "video/x-matroska", "V_MPEG4/ISO/AVC"),
        (MP4, "video/mp4", "avc1"),
    ],
)
def test_a_video_of_any_brand_is_given_to_the_browser_with_its_codec(content, content_type, codec, inspect):
    finding = inspect(content, MediaKind.VIDEO)
    assert (finding.content_type, finding.codec, finding.flaw) == (content_type, codec, "")
    assert finding.condition == MediaCondition.SOUND


@pytest.mark.parametrize(
    "content",
    [
        b"RIFF\x10\0\0\0AVI LIST",
        b"FLV\x01\x05",
        b"OggS\0",
        b"<!--ftypisom--><script>alert(1)</script>",
        b"<!--moov--><script>alert(1)</script>",
        b"<svg wide onload='alert(1)'>",
        box(b"ftyp", b"heic", bytes(4), b"mif1"),
        JPEG,
        b"",
    ],
)
def test_a_video_of_an_unknown_type_is_kept_and_not_called_damaged(content, inspect):
    finding = inspect(content, MediaKind.VIDEO)
    assert (finding.content_type, finding.condition) == (inspection.UNKNOWN_TYPE, MediaCondition.UNKNOWN_TYPE)
    assert "known" in finding.flaw


@pytest.mark.parametrize("missing", [1, 2, 50, 500])
def test_a_picture_whose_end_is_missing_is_shown_with_a_warning(missing, inspect, tmp_path):
    finding = inspect(JPEG[:-missing])
    assert (finding.flaw, finding.condition) == ("", MediaCondition.INCOMPLETE)
    assert (finding.width, finding.height) == Image.open(io.BytesIO(JPEG)).size
    assert colours(tmp_path) == pytest.approx(colours_of(JPEG), abs=4)


@pytest.mark.parametrize("form", ["WEBP", "AVIF"])
def test_a_picture_that_browsers_draw_is_shown(form, inspect, tmp_path):
    content = saved(Image.open(io.BytesIO(JPEG)), form)
    finding = inspect(content)
    assert (finding.content_type, finding.flaw) == (f"image/{form.lower()}", "")
    assert colours(tmp_path) == pytest.approx(colours_of(JPEG), abs=8)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_a_turned_picture_is_measured_and_made_small_upright(form, orientation, inspect, tmp_path):
    image = Image.new("RGB", (80, 40), "blue")
    image.paste("red", (0, 0, 40, 20))
    exif = Image.Exif()
    exif[0x0112] = orientation
    finding = inspect(saved(image, form, exif=exif, quality=95))
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(saved(image, "PNG", exif=exif))))
    assert (finding.width, finding.height) == upright.size
    small = Image.open(tmp_path / "thumbnail.part")
    assert small.size == upright.size
    for corner in ((4, 4), (small.width - 5, small.height - 5)):
        assert small.getpixel(corner) == pytest.approx(upright.getpixel(corner), abs=40)


def test_a_picture_with_broken_metadata_is_shown(inspect):
    broken = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12"
    assert inspect(JPEG[:2] + b"\xff\xe1" + (len(broken) + 2).to_bytes(2) + broken + JPEG[2:]).flaw == ""


def test_sixteen_bits_are_made_eight(inspect, tmp_path):
    assert inspect(saved(Image.new("I;16", (64, 64), 30_000), "PNG")).flaw == ""
    assert colours(tmp_path) == pytest.approx([30_000 / 256] * 3, abs=3)


def test_what_is_transparent_is_white(inspect, tmp_path):
    assert inspect(saved(Image.new("RGBA", (64, 64), (0, 0, 0, 0)), "PNG")).flaw == ""
    assert colours(tmp_path) == pytest.approx([255] * 3, abs=3)


def saved(image, form, **options):
    content = io.BytesIO()
    image.save(content, form, **options)
    return content.getvalue()


def colours_of(content):
    return ImageStat.Stat(Image.open(io.BytesIO(content)).convert("RGB")).mean


def colours(tmp_path):
    """The mean colour of the thumbnail."""
    return colours_of((tmp_path / "thumbnail.part").read_bytes())


@pytest.mark.parametrize("content", [JPEG[: len(JPEG) // 2], JPEG[:20], b"\xff\xd8\xff" + b"x" * 500])
def test_a_cut_picture_is_told(content, inspect):
    finding = inspect(content)
    assert "decode" in finding.flaw
    assert finding.condition == MediaCondition.UNDECODABLE


def test_a_pixel_bomb_is_refused_before_it_unpacks(inspect):
    finding = inspect(png(13_300, 13_300))
    assert "pixels" in finding.flaw
    assert finding.condition == MediaCondition.TOO_LARGE


@pytest.fixture
def disturb(monkeypatch):
    """Do something to the child before each of the next requests; what happens later is left alone."""

    def disturb(*disturbances):
        ask, left = inspection._ask, iter(disturbances)

        def disturbed(child, line):
            action = next(left, None)
            with pytest.MonkeyPatch.context() as patch:
                if action:
                    patch.setattr(inspection, "DECODE_TIMEOUT", 0.2)
                    action(child)
                return ask(child, line)

        monkeypatch.setattr(inspection, "_ask", disturbed)

    return disturb


def stop(child):
    os.kill(child.pid, signal.SIGSTOP)


def kill(child):
    child.kill()
    child.wait()


@pytest.mark.parametrize("disturbance", [stop, kill])
def test_a_decoder_that_hangs_or_dies_is_replaced_and_costs_no_picture(disturbance, inspect, disturb):
    disturb(disturbance)
    assert inspect(JPEG).flaw == ""


@pytest.mark.parametrize("disturbance", [stop, kill])
def test_a_decoder_that_fails_twice_is_not_the_picture_s_flaw(disturbance, inspect, disturb):
    disturb(disturbance, disturbance)
    with pytest.raises(MediaError, match="decoder"):
        inspect(JPEG)
    assert inspect(JPEG).flaw == ""


def test_a_decoder_that_cannot_start_is_not_the_picture_s_flaw(inspect, monkeypatch):
    inspection._decoder.end()
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(MediaError, match="decoder"):
        inspect(JPEG)


def test_a_picture_that_uses_up_its_processor_time_is_flawed(inspect, monkeypatch):
    monkeypatch.setattr(inspection, "DECODE_TIME", 0.01)
    assert "too long" in inspect(png(4_500, 4_500)).flaw


def test_a_thumbnail_that_cannot_be_written_is_not_the_picture_s_flaw(tmp_path):
    path = tmp_path / "file.part"
    path.write_bytes(JPEG)
    with pytest.raises(FileNotFoundError):
        inspection.inspect(path, MediaKind.BEST_FRAME, tmp_path / "no" / "thumbnail.part")


def test_an_oddity_that_pillow_merely_warns_of_is_no_flaw(inspect):
    index = b"MPF\x00" + b"no index"
    assert inspect(JPEG[:2] + b"\xff\xe2" + (len(index) + 2).to_bytes(2) + index + JPEG[2:]).flaw == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_stop_of_the_service_leaves_the_decoder_at_work(number, inspect):
    inspect(JPEG)
    child = inspection._decoder._child
    assert os.getpgid(child.pid) == child.pid, "Ctrl-C goes to the terminal's group"
    os.kill(child.pid, number)
    assert inspect(JPEG).flaw == ""
    assert inspection._decoder._child is child


def test_the_decoder_imports_nothing_from_the_current_directory(inspect, tmp_path, monkeypatch):
    for name in ("json.py", "PIL.py"):
        (tmp_path / name).write_text("open('canary', 'w')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), *sys.path])
    inspection._decoder.end()
    assert inspect(JPEG).flaw == ""
    assert not (tmp_path / "canary").exists()


@given(st.binary(max_size=64))
def test_no_bytes_break_the_sniffer(head):
    known = {kind for kinds in inspection.TYPES.values() for kind in kinds}
    assert inspection.sniff(head) in known | {inspection.UNKNOWN_TYPE}
