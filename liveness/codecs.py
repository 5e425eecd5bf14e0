"""The names by which people know the codecs of videos."""

_NAMES = {
    "H.264": ("avc1", "avc2", "avc3", "avc4", "V_MPEG4/ISO/AVC"),
    "H.265": ("hvc1", "hev1", "hvc2", "hev2", "dvh1", "dvhe", "V_MPEGH/ISO/HEVC"),
    "H.266": ("vvc1", "vvi1"),
    "AV1": ("av01", "dav1", "V_AV1"),
    "VP8": ("vp08", "V_VP8"),
    "VP9": ("vp09", "V_VP9"),
    "MPEG-4 Part 2": ("mp4v", "V_MPEG4/ISO/ASP", "V_MPEG4/ISO/SP"),
    "H.263": ("s263", "h263"),
    "Motion JPEG": ("mjpa", "mjpb", "jpeg", "V_MJPEG"),
    "ProRes": ("apch", "apcn", "apcs", "apco", "ap4h", "ap4x", "V_PRORES"),
}
_NAME_OF = {code: name for name, codes in _NAMES.items() for code in codes}


def codec_name(code: str) -> str:
    """The name by which people know the codec, such as "H.265"; the code itself where there is none."""
    return _NAME_OF.get(code, code)
