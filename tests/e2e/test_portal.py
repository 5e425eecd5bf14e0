"""The portal as a person meets it, in a real browser."""

import hashlib

import pytest

pytestmark = pytest.mark.browser
TABS = ("open", "mine", "proposed", "escalated", "waiting", "lost", "decided")
ATTEMPTS = ("passed", "hostile", "flawed", "pending", "expired")
PAGES = {
    "log-in": (None, "/accounts/login/"),
    **{f"queue {tab}": ("supervisor", f"/review/?tab={tab}") for tab in TABS},
    "queue without a match": ("reviewer", "/review/?outcome=unknown&due=late"),
    "queue of an auditor": ("auditor", "/review/"),
    **{f"review {name}": ("reviewer", f"workspace:{name}") for name in ATTEMPTS},
    "review for an auditor": ("auditor", "workspace:passed"),
    "subject": ("reviewer", "subject:passed"),
    "keys": ("reviewer", "/review/keys/"),
    "dashboard": ("supervisor", "/review/dashboard/"),
    "dashboard of a month": ("operator", "/review/dashboard/?period=30d"),
    "audit": ("auditor", "/review/audit/"),
    "audit of an attempt": ("auditor", "audit:hostile"),
    "list": ("reviewer", "/liveness/"),
    "empty list": ("reviewer", "/liveness/?outcome=invalid"),
    "forgotten search": ("reviewer", "/liveness/?search=unknown"),
    "password": ("reviewer", "/accounts/password/"),
    **{name: ("reviewer", f"attempt:{name}") for name in ATTEMPTS},
    "with downloads": ("administrator", "attempt:passed"),
    "hidden media": ("operator", "attempt:passed"),
    "not allowed": ("reviewer", "/review/dashboard/"),
    "admin": ("administrator", "/admin/"),
    "admin reviews": ("administrator", "/admin/liveness_review/review/"),
    "admin decisions": ("administrator", "/admin/liveness_review/decision/"),
    "admin users": ("administrator", "/admin/auth/user/"),
    "admin log-in": (None, "/admin/login/"),
    "admin attempts": ("administrator", "/admin/liveness/verificationattempt/"),
    "admin attempt": ("administrator", "admin:passed"),
    "admin hostile attempt": ("administrator", "admin:hostile"),
    "admin flawed attempt": ("administrator", "admin:flawed"),
    "admin intake": ("administrator", "/admin/liveness/verificationattempt/add/"),
    "admin media": ("administrator", "/admin/liveness/storedmedia/"),
    "admin bulk actions": ("operator", "/admin/liveness/bulkaction/"),
    "admin bulk action": ("operator", "/admin/liveness/bulkaction/1/change/"),
    "admin review": ("auditor", "/admin/liveness_review/review/1/change/"),
    "admin audit": ("administrator", "/admin/liveness/auditevent/"),
    "admin event": ("administrator", "/admin/liveness/auditevent/1/change/"),
}
SEEK = """async video => {
    video.muted = true;
    await video.play();
    await new Promise(done => { video.ontimeupdate = () => video.currentTime > 0.2 && done(); });
    const target = video.duration - 0.6;
    video.pause();
    const landed = new Promise(done => { video.onseeked = done; });
    video.currentTime = target;
    await landed;
    return {end: video.seekable.end(0), duration: video.duration, off: Math.abs(video.currentTime - target)};
}"""


def path_of(portal, path: str) -> str:
    kind, _, name = path.partition(":")
    if kind == "attempt":
        return f"/liveness/attempts/{portal.seeded['attempts'][name]}/"
    if kind in ("workspace", "subject"):
        return f"/review/{portal.seeded['attempts'][name]}/{'subject/' if kind == 'subject' else ''}"
    if kind == "audit":
        return f"/review/audit/?attempt={portal.seeded['attempts'][name]}"
    if kind == "admin":
        return f"/admin/liveness/verificationattempt/{portal.seeded['keys'][name]}/change/"
    return path


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [1440, 375])
def test_a_page_obeys_its_policy_fits_its_window_and_runs_no_strange_code(portal, open_as, name, width):
    role, path = PAGES[name]
    page = open_as(role, path_of(portal, path), viewport={"width": width, "height": 800})
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.blocked") == []
    assert page.evaluate("window.hit") is None
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.title()


@pytest.mark.parametrize(("role", "path"), [("reviewer", "attempt:passed"), ("administrator", "admin:passed")])
def test_the_picture_is_shown_and_the_video_plays_and_seeks(portal, open_as, role, path):
    page = open_as(role, path_of(portal, path))
    answers = []
    page.on("response", lambda answer: answers.append((answer.status, answer.headers.get("content-range"))))
    page.reload()
    picture = page.locator(".pane img")
    picture.evaluate("picture => picture.decode()")
    assert picture.evaluate("picture => picture.naturalWidth") > 0
    moved = page.locator(".pane video").evaluate(SEEK)
    assert moved["end"] == pytest.approx(moved["duration"], abs=0.1)
    assert moved["off"] < 0.5
    assert any(status == 206 and place for status, place in answers)


def test_thumbnails_are_shown_in_the_list(open_as):
    page = open_as("reviewer", "/liveness/")
    thumbnails = page.locator("img.thumbnail")
    assert thumbnails.count() == 2
    for index in range(2):
        thumbnails.nth(index).evaluate("picture => picture.decode()")
        assert thumbnails.nth(index).evaluate("picture => picture.naturalWidth") > 0


@pytest.mark.parametrize("path", ["/liveness/", "attempt:passed", "attempt:flawed"])
def test_nothing_moves_when_pictures_arrive(portal, open_as, path):
    page = open_as("reviewer", path_of(portal, path))
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.shifted") < 0.01


def test_hostile_text_is_shown_letter_by_letter(portal, open_as):
    page = open_as("reviewer", path_of(portal, "attempt:hostile"))
    assert page.locator(".vendor").text_content() == portal.seeded["hostile_text"]
    assert page.locator("h1").text_content() == portal.seeded["hostile_text"][:128]
    page.locator(".answer summary").click()
    assert page.locator("pre.json script, pre.json img, pre.json a").count() == 0
    assert page.evaluate("window.hit") is None


@pytest.mark.parametrize("media", ["best_frame", "video"])
def test_a_file_opened_as_a_page_is_refused(portal, open_as, media):
    page = open_as("reviewer", "/liveness/")
    response = page.goto(f"/liveness/media/{portal.seeded['media'][media]}/")
    assert response.status == 403
    assert page.locator("img, video").count() == 0
    assert "only inside its page" in page.content()


def test_another_site_cannot_embed_a_file(portal, open_as, httpserver):
    page = open_as("reviewer", "/liveness/")
    source = f"{portal.url}/liveness/media/{portal.seeded['media']['best_frame']}/"
    httpserver.expect_request("/").respond_with_data(f'<img src="{source}">', content_type="text/html")
    page.goto(httpserver.url_for("/"), wait_until="load")
    assert page.locator("img").evaluate("picture => picture.complete && picture.naturalWidth") == 0


def test_a_download_arrives_whole(portal, open_as):
    page = open_as("administrator", path_of(portal, "attempt:passed"))
    with page.expect_download() as started:
        page.locator(".custody form.download button").last.click()
    name = portal.seeded["media"]["video"].replace("-", "")
    stored = (portal.evidence / name[:2] / name).read_bytes()
    arrived = started.value.path().read_bytes()
    assert hashlib.sha256(arrived).digest() == hashlib.sha256(stored).digest()
    assert started.value.suggested_filename == f"video-{name[:8]}.mp4"


def test_the_list_is_worked_by_keyboard_and_the_focus_is_seen(portal, open_as):
    page = open_as("reviewer", "/liveness/")
    page.locator(".attempts__subject a").last.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    outline = "link => getComputedStyle(link, '::after').outlineStyle"
    assert page.locator(".attempts__subject a").last.evaluate(outline) == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{path_of(portal, 'attempt:passed')}")


@pytest.mark.parametrize(
    ("role", "start"), [("reviewer", "/liveness/"), ("administrator", "/admin/liveness/verificationattempt/")]
)
def test_a_token_is_found_without_entering_any_address(portal, open_as, role, start):
    page, token = open_as(role, start), portal.seeded["token"]
    addresses = []
    page.on("request", lambda request: addresses.append(request.url))
    page.locator("input[name=q]").fill(token)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{path_of(portal, 'attempt:passed' if role == 'reviewer' else 'admin:passed')}")
    assert len(addresses) > 2
    assert not any(token in address for address in addresses)
    assert token not in page.content()
    assert token not in portal.log


def test_a_person_logs_in_lands_where_they_wanted_and_logs_out(portal, open_as):
    wanted = path_of(portal, "attempt:passed")
    page = open_as(None, wanted)
    page.fill("#id_username", "operator")
    page.fill("#id_password", "wrong")
    page.locator("main button").click()
    assert "do not match" in page.locator("[role=alert]").text_content()
    page.fill("#id_username", "operator")
    page.fill("#id_password", portal.seeded["password"])
    page.locator("main button").click()
    page.wait_for_url(f"**{wanted}")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/accounts/login/")
    assert page.goto(wanted).url.endswith(f"/accounts/login/?next={wanted}")


def test_a_page_reads_at_twice_the_size(portal, open_as):
    page = open_as("reviewer", path_of(portal, "attempt:passed"), viewport={"width": 640, "height": 400})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("h1").is_visible()
