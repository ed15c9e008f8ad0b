"""Judging texts on the page: labels, bars, coloured words; in a real browser, a real server."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
sys.path.insert(0, str(Path(__file__).parent))
from conftest import Served, Visit  # noqa: E402
from playwright.sync_api import expect  # noqa: E402
from reviews import reviews  # noqa: E402  (shared with the unit tests)
from test_page_looks import LAYOUTS, shots, sound  # noqa: E402, F401

TEXT = "the film was wonderful 오늘 and so it was\nfor two hours"
SECOND = "오늘 영화 정말 멋진 음악"


@pytest.fixture(scope="session")
def judges(tmp_path_factory) -> tuple[str, str]:
    """A run of texts and one of pairs."""
    folder = tmp_path_factory.mktemp("judged")
    film, match = reviews(folder / "film"), reviews(folder / "match", pairs=True)
    return str(film.folder), str(match.folder)


@pytest.fixture(scope="session")
def only(judges) -> Iterator[Served]:
    """A server of classifiers alone."""
    server = Served(*judges)
    yield server
    server.close()


@pytest.fixture
def judging(browser, only) -> Iterator[Any]:
    """Opens its page."""
    opened: list[tuple[Any, Visit]] = []

    def make(address: str = "", ready: str = "html.judging", **options: Any) -> Visit:
        context = browser.new_context(**{"locale": "en-GB", **options})
        opened.append((context, Visit(context, address or only.address, ready)))
        return opened[-1][1]

    yield make
    for context, one in opened:
        one.check()
        context.close()


def write(here: Visit, text: str = TEXT, second: str = "") -> None:
    """Type, and wait for the words."""
    if second:
        here.page.locator("#modes .pick", has_text="match").click()
        here.page.fill("#judged-2", second)
    with here.page.expect_response("**/v1/attribute"):
        here.page.fill("#judged", text)
    here.page.wait_for_selector("#verdict[aria-busy=false]")


def test_the_label_is_the_servers(judging):
    here = judging()
    write(here)
    said = here.ask_plain("classify", texts=[TEXT])["answers"][0]
    expect(here.page.locator("#label")).to_have_text(said["label"])
    rows = here.page.locator("#chances li")
    expect(rows).to_have_count(len(said["probabilities"]))
    names = rows.locator("bdi").all_inner_texts()
    assert names == list(said["probabilities"])
    most = here.page.locator("#chances .most bdi").all_inner_texts()
    assert most == [said["label"]]


def shades(here: Visit, side: int) -> list[float]:
    """How strongly each word of a side is coloured; against it, below zero."""
    return here.page.locator(f"#side-{side} .word").evaluate_all(
        "l => l.map(n => (n.classList.contains('against') ? -1 : 1)"
        " * Number(n.style.getPropertyValue('--s')))"
    )


@pytest.mark.parametrize("second", ["", SECOND])
def test_both_sides_colour_the_words_as_the_server_says(judging, second):
    here = judging()
    write(here, second=second)
    texts = [TEXT, second] if second else [TEXT]
    said = here.ask_plain("attribute", texts=texts)
    words = [word for row in said["words"] for word in row]
    for side, names in enumerate((("gradient", "integrated"), ("attention", "rollout"))):
        assert here.page.locator(f"#side-{side} .word").all_inner_texts() == words
        for place, name in enumerate(names):
            here.page.locator(f"#side-{side} .pick").nth(place).click()
            values = [x for row in said["methods"][name] for x in row]
            top = max(map(abs, values))
            assert shades(here, side) == pytest.approx([x / top for x in values], abs=1e-3)
    body = here.page.locator("#side-0 .sentence").first
    assert body.evaluate("n => n.textContent") == TEXT  # line ends too
    expect(here.page.locator("#caveat")).to_contain_text("can differ")


def test_a_word_shines_on_both_sides_and_tells_its_numbers(judging):
    here = judging()
    write(here)
    page = here.page
    page.locator("#side-0 .word", has_text="wonderful").hover()
    for side in (0, 1):
        expect(page.locator(f"#side-{side} .word.lit")).to_have_text("wonderful")
    expect(page.locator("#because-said")).to_contain_text("gradient × input")
    expect(page.locator("#because-said")).to_contain_text("last layer")
    page.locator("#side-1 .word").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#side-0 .word.lit")).to_have_text("film")
    page.keyboard.press("End")
    expect(page.locator("#side-0 .word.lit")).to_have_text("hours")
    assert page.locator(".word.lit").count() == 2


def test_a_text_too_long_is_shown_as_far_as_it_was_read(judging):
    here = judging()
    write(here, "the film was awful " * 20)
    assert here.page.locator("#side-0 .word.unread").count() > 20
    expect(here.page.locator("#caveat")).to_contain_text("struck through")


def test_an_empty_text_has_no_label(judging):
    here = judging()
    write(here)
    here.page.click("#judge-empty")
    expect(here.page.locator("#label")).to_have_text("The label appears here.")
    expect(here.page.locator("#because")).to_be_hidden()
    expect(here.page.locator("#judged")).to_be_focused()
    assert here.page.input_value("#judged") == ""


def test_what_is_wrong_is_told_in_the_servers_words(judging):
    here = judging()
    said = '{"error": "a sentence of the server"}'
    here.page.route("**/v1/classify", lambda route: route.fulfill(status=400, body=said))
    here.page.fill("#judged", TEXT)
    expect(here.page.locator("#judge-error")).to_have_text("a sentence of the server")
    here.page.unroute("**/v1/classify")
    write(here, TEXT + " 영화")
    expect(here.page.locator("#judge-error")).to_be_hidden()
    assert here.page.locator("#side-0 .word").count() == len(TEXT.split()) + 1


def test_text_is_never_markup(judging):
    here = judging()
    write(here, "<img src=x onerror=alert(1)> </script><b>wonderful")
    assert here.page.locator("#because img, #because b, #label b").count() == 0
    words = here.page.locator("#side-0 .word").all_inner_texts()
    assert words == ["<img", "src=x", "onerror=alert(1)>", "</script><b>wonderful"]


def test_a_server_of_classifiers_shows_no_translator(judging):
    here = judging()
    for hidden in ("#desk", "#inside", "#aside"):
        expect(here.page.locator(hidden)).to_be_hidden()
    labels = here.page.locator("#modes .pick").all_inner_texts()
    assert [x.strip() for x in labels] == ["film", "match"]
    expect(here.page.locator("#judged")).to_be_focused()
    expect(here.page.locator("#judged-2")).to_be_hidden()
    here.page.locator("#modes .pick", has_text="match").click()
    expect(here.page.locator("#judged-2")).to_be_visible()
    here.page.reload()
    expect(here.page.locator("#judged-2")).to_be_visible()  # remembered


def test_beside_a_translator_the_reader_chooses(judging, serve, judges):
    here = judging(serve(judges[0]).address, ready="#modes .pick")
    page = here.page
    expect(page.locator("#desk")).to_be_visible()
    expect(page.locator("#judge")).to_be_hidden()
    page.locator("#modes .pick", has_text="film").click()
    expect(page.locator("#desk")).to_be_hidden()
    write(here)
    expect(page.locator("#label")).to_have_text("good")
    page.locator("#modes .pick", has_text="Translate").click()
    expect(page.locator("#because")).to_be_hidden()
    here.write("저는 학교에 갔어요.")
    assert here.words("#output")


def test_the_page_speaks_korean(judging):
    here = judging(locale="ko-KR")
    write(here)
    expect(here.page.locator("#because h2")).to_have_text("단어마다의 몫")
    here.page.click("#tongue")
    expect(here.page.locator("#because h2")).to_have_text("What the words count for")
    expect(here.page.locator("#label")).to_have_text("good")
    assert here.page.evaluate("document.documentElement.lang") == "en"


@pytest.mark.parametrize(("width", "tongue", "scheme"), LAYOUTS)
def test_nothing_overlaps_or_is_cut_off(judging, shots, width, tongue, scheme):  # noqa: F811
    here = judging(
        viewport={"width": width, "height": 900}, color_scheme=scheme,
        locale={"en": "en-GB", "ko": "ko-KR"}[tongue], has_touch=width == 390,
    )  # fmt: skip
    sound(here)
    write(here)
    sound(here)
    name = f"{width}-{tongue}-{scheme}.png"
    here.page.screenshot(path=shots / f"judged-{name}", full_page=True)
    write(here, "the film was dull", SECOND + " " + "가" * 60)
    sound(here)
    here.page.screenshot(path=shots / f"pair-{name}", full_page=True)
    assert here.measure("nameless") == []


def test_every_control_is_reached_by_keyboard_and_shows_it(judging):
    here = judging()
    write(here)
    page = here.page
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    seen: list[str] = []
    for _ in range(40):
        name, visible = here.measure("focused")
        if name == "BODY":
            break
        assert visible, name
        seen.append(name)
        page.keyboard.press("Tab")
    assert {"tongue", "judged", "judge-empty"} <= set(seen) and seen.count("word") == 2
