"""Files, history, languages, and what may come from strangers, in a real browser."""

import json
import re
from urllib.parse import unquote

import pytest

pytestmark = pytest.mark.slow
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import expect  # noqa: E402

TEXT = "민수는 어제 미나에게 책을 주었다."
OTHER = "저는 학교에 갔어요."
HOSTILE = [
    "<img src=x onerror=alert(1)> <img/src='x'/onerror='alert(2)'>",
    "</script><script>alert(3)</script>",
    "<b>굵게</b> & &amp;",
]
PO = """msgid ""
msgstr ""
"Language: en\\n"
"Content-Type: text/plain; charset=UTF-8\\n"

# kept
msgid "학교"
msgstr "untouched"

#: here.py:3
msgid "저는 학교에 갔어요."
msgstr ""
"""


def send(page, name: str, content: str) -> None:
    file = {"name": name, "mimeType": "text/plain", "buffer": content.encode()}
    page.set_input_files("#file", files=[file])


def test_a_catalogue_comes_back_filled(visit, tmp_path):
    polib = pytest.importorskip("polib")
    here = visit()
    page = here.page
    page.select_option("#from", "ko")
    send(page, "messages.po", PO)
    link = page.locator("#sent a")
    expect(link).to_have_text("Download")
    with page.expect_download() as download:
        link.click()
    download.value.save_as(tmp_path / "back.po")
    assert download.value.suggested_filename.endswith(".po")
    entries = list(polib.pofile(str(tmp_path / "back.po")))
    assert [e.msgid for e in entries] == ["학교", "저는 학교에 갔어요."]
    assert entries[0].msgstr == "untouched"
    assert entries[1].msgstr
    expect(page.locator("#sent progress")).to_have_count(0)


def test_a_file_can_be_dropped(visit):
    here = visit()
    page = here.page
    page.select_option("#from", "ko")
    made = page.evaluate_handle(
        """text => { const carried = new DataTransfer();
        carried.items.add(new File([text], 'dropped.txt')); return carried; }""", OTHER
    )  # fmt: skip
    page.dispatch_event("#drop", "drop", {"dataTransfer": made})
    expect(page.locator("#sent a")).to_be_visible(timeout=60_000)
    expect(page.locator("#sent .name")).to_have_text("dropped.txt")
    back = page.request.get(page.locator("#sent a").evaluate("n => n.href"))
    assert (
        back.text().split() == here.ask("translate", q=[OTHER])["translations"][0]["text"].split()
    )


def test_a_file_of_no_kind_is_refused_in_words(visit):
    here = visit()
    name = HOSTILE[0].replace("/", "") + ".exe"
    with here.page.expect_response("**/translate_file") as answer:
        send(here.page, name, "MZ")
    expect(here.page.locator("#sent .told")).to_have_text(answer.value.json()["error"])
    expect(here.page.locator("#sent .name")).to_have_text(name)
    assert here.page.locator("#sent img").count() == 0


def test_history_stays_here(visit):
    here = visit()
    page = here.page
    here.write(TEXT)
    here.write(OTHER)
    entries = page.locator("#history .entry")
    expect(entries).to_have_count(2)
    expect(entries.first).to_contain_text(OTHER)
    here.requests.clear()
    page.reload()
    expect(entries).to_have_count(2)
    page.wait_for_load_state("networkidle")
    assert here.requests
    assert not any(TEXT in (r.post_data or "") + unquote(r.url) for r in here.requests)
    with page.expect_response("**/v1/look"):
        entries.nth(1).click()
    assert page.input_value("#text") == TEXT
    page.click("#forget")
    expect(entries).to_have_count(0)
    expect(page.locator("#forget")).to_be_hidden()
    assert TEXT not in page.evaluate("JSON.stringify(localStorage)")


def test_a_text_that_grows_is_one_entry(visit):
    here = visit()
    here.write("저는")
    here.write("저는 학교에")
    here.write(OTHER)
    expect(here.page.locator("#history .entry")).to_have_count(1)
    assert OTHER in here.page.locator("#history .entry").inner_text()


def test_korean_readers_get_korean_and_may_change_it(visit):
    here = visit(locale="ko-KR")
    page = here.page
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    here.write(TEXT)
    texts = page.locator("h2, h3, .about, .plain:not(.example), legend").all_inner_texts()
    lone = [t for t in texts if re.search("[A-Za-z]{2}", t) and t not in ("English",)]
    assert [t for t in lone if "API" not in t] == []
    labels = page.locator("[aria-label]:not(.word):not(.head):not(progress)").evaluate_all(
        "l => l.map(n => n.getAttribute('aria-label'))"
    )
    assert labels
    assert all(re.search("[가-힣]", label) for label in labels)
    page.click("#tongue")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#attention h2")).to_have_text("Attention")
    expect(page.locator("#beam h2")).to_have_text("The beam")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_both_languages_say_the_same_things(visit):
    here = visit()
    found = here.page.evaluate(
        """async () => { const source = await (await fetch('page/words.js')).text();
        const { say, turn } = await import('/page/words.js');
        const names = [...source.matchAll(/^  "([\\w.]+)": \\[/gm)].map(m => m[1]);
        const texts = () => names.map(name => say(name));
        const english = texts(); turn(); return [names, english, texts()]; }"""
    )
    names, english, korean = found
    assert len(names) > 60
    for name, en, ko in zip(names, english, korean, strict=True):
        assert en, name
        assert re.search("[가-힣]", ko) or name in ("looks", "score"), name


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_written_is_never_markup(visit, text):
    here = visit()
    here.write(text)
    page = here.page
    assert page.locator("#source .word").all_inner_texts() == text.split()
    page.locator("#output .word").first.click()
    expect(page.locator("#others-title")).to_be_visible()
    page.keyboard.press("Escape")
    strange = page.locator("main img, main script, main b:not(#cell b)")
    assert strange.count() == 0
    page.reload()
    expect(page.locator("#history .entry bdi").first).to_have_text(text)
    assert strange.count() == 0
    assert not here.faults


def test_what_a_model_says_is_never_markup(visit):
    """The server's answer, with hostile words in place of the model's."""
    here = visit()

    def spoil(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('"text": "', f'"text": "{bad}'))

    bad = HOSTILE[0]
    here.page.route("**/v1/stream", spoil)
    here.page.route("**/v1/look", spoil)
    here.write(TEXT)
    here.page.click("#unfold")
    assert HOSTILE[0] in here.page.locator("#output").inner_text()
    assert HOSTILE[0] in here.page.locator("#tree").inner_text()
    assert here.page.locator("main img").count() == 0


def test_scripts_from_elsewhere_or_inline_are_forbidden(visit):
    here = visit()
    policy = here.page.request.get(here.address + "/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    html = here.page.request.get(here.address + "/").text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|https?://", html)


def test_nothing_of_the_page_needs_a_build_or_a_framework(visit):
    here = visit()
    here.write(TEXT)
    parts = {r.url.removeprefix(here.address) for r in here.requests if "/page/" in r.url}
    assert {"/page/main.js", "/page/style.css"} <= parts
    assert not [p for p in parts if "node_modules" in p or ".min." in p]
    assert json.loads(here.page.request.get(here.address + "/languages").text())
