"""How the page looks: nothing overlaps, nothing is cut off, the keyboard reaches everything."""

import os
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import expect  # noqa: E402

TEXT = "민수는 어제 미나에게 책을 주었다.\n저는 학교에 갔어요."
LONG = "저는 어제 학교에서 친구들과 함께 책을 읽고 밥을 먹고 집에 가서 동생에게 편지를 썼어요 "
LAYOUTS = [(w, tongue, scheme) for w in (390, 1440) for tongue in ("en", "ko")
           for scheme in ("light", "dark")]  # fmt: skip


@pytest.fixture(scope="session")
def shots(tmp_path_factory) -> Path:
    """Where pictures are kept: the folder in $SCREENSHOTS, or one of pytest's own."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def sound(here) -> None:
    """The page as it stands is whole."""
    assert not here.measure("wide")
    for name in ("overlaps", "clipped", "outside"):
        assert here.measure(name) == [], name


@pytest.mark.parametrize(("width", "tongue", "scheme"), LAYOUTS)
def test_nothing_overlaps_or_is_cut_off(visit, shots, width, tongue, scheme):
    here = visit(
        viewport={"width": width, "height": 900}, color_scheme=scheme,
        locale={"en": "en-GB", "ko": "ko-KR"}[tongue], has_touch=width == 390,
    )  # fmt: skip
    page = here.page

    def kept(name: str, **how) -> None:
        page.screenshot(path=shots / f"{name}-{width}-{tongue}-{scheme}.png", **how)

    sound(here)
    kept("empty")
    here.write(TEXT)
    page.locator(".head").first.click()
    expect(page.locator("#changed .score")).to_be_visible()
    page.click("#unfold")
    sound(here)
    kept("full", full_page=True)
    page.locator("#output .word").first.click()
    expect(page.locator("#others li").first).to_be_visible()
    sound(here)
    box = page.locator("#others").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    kept("alternatives")
    page.keyboard.press("Escape")
    page.click("#to-settings")
    sound(here)
    kept("settings")


@pytest.mark.parametrize("width", [390, 1440])
def test_a_long_sentence_scrolls_in_its_own_box(visit, shots, width):
    here = visit(viewport={"width": width, "height": 900})
    here.write(LONG + "가" * 40)
    sound(here)
    assert here.page.evaluate(
        "(n => n.scrollHeight <= n.clientHeight + 1)(document.querySelector('#text'))"
    )
    if width == 390:
        wide = "(n => n.scrollWidth > n.clientWidth)(document.querySelector('#frame'))"
        assert here.page.evaluate(wide)
    here.page.screenshot(path=shots / f"long-{width}.png", full_page=True)


def test_what_one_writes_lies_exactly_on_its_mirror(visit):
    """The mirror lights words of the text area, so both must break their lines alike."""
    here = visit(viewport={"width": 390, "height": 844})
    here.page.fill("#text", LONG * 3)
    assert here.measure("unlike") == []


def test_every_control_is_reached_by_keyboard_and_shows_it(visit):
    here = visit()
    here.write(TEXT)
    page = here.page
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")  # as if just arrived
    seen: list[str] = []
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    for _ in range(90):
        name, visible = here.measure("focused")
        if name == "BODY":
            break
        assert visible, name
        seen.append(name)
        page.keyboard.press("Tab")
    assert {"tongue", "to-settings", "empty", "word", "sureness"} <= set(seen)
    assert seen.count("head") == page.locator(".head").count()
    ways = ("from", "to", "text", "copy", "unfold", "file", "forget")
    order = [seen.index(name) for name in ways]
    assert order == sorted(order)


def test_the_skip_link_leads_to_the_text(visit):
    here = visit()
    here.page.locator(".skip").focus()
    here.page.keyboard.press("Enter")
    here.page.keyboard.type("a")
    assert here.page.input_value("#text") == "a"


def test_controls_have_names(visit):
    here = visit()
    here.write(TEXT)
    assert here.measure("nameless") == []


def test_who_wants_no_motion_gets_none(visit):
    here = visit(reduced_motion="reduce")
    assert here.measure("moving") == 0


def lightness(page, selector: str, name: str) -> float:
    """0 black to 1 white."""
    colour = page.locator(selector).first.evaluate(f"n => getComputedStyle(n)['{name}']")
    parts = [float(x) / 255 for x in re.findall(r"[\d.]+", colour)[:3]]
    return sum(w * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
               for w, c in zip((0.2126, 0.7152, 0.0722), parts, strict=True))  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(visit, scheme):
    here = visit(color_scheme=scheme)
    here.write(TEXT)
    page = here.page
    assert (lightness(page, "body", "backgroundColor") > 0.5) is (scheme == "light")
    pairs = [
        (".about", "body"), ("h2", "body"), ("#tree bdi", "body"), ("#tree .yes", "body"),
        ("#output .word", "#desk"), ("#copy", "#desk"),
    ]  # fmt: skip
    for selector, ground in pairs:
        a, b = lightness(page, selector, "color"), lightness(page, ground, "backgroundColor")
        assert (max(a, b) + 0.05) / (min(a, b) + 0.05) >= 4.5, selector
