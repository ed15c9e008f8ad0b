"""Translating as one types, in a real browser against the real server."""

import json
from typing import Any

import pytest

pytestmark = pytest.mark.slow
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import expect  # noqa: E402

TEXT = "민수는 어제 미나에게 책을 주었다."
OTHER = "저는 학교에 갔어요."


def test_what_is_typed_is_translated(visit):
    here = visit()
    here.write(f"{TEXT}\n\n{OTHER}")
    said = here.ask("translate", q=[TEXT, OTHER])["translations"]
    lines = here.page.locator("#output .line")
    expect(lines).to_have_count(3)
    assert lines.nth(0).inner_text().split() == said[0]["text"].split()
    assert lines.nth(2).inner_text().split() == said[1]["text"].split()


def test_a_newer_request_ends_the_one_under_way(visit):
    here = visit()
    here.page.select_option("#from", "ko")
    held: list[Any] = []
    # the first waits for ever
    here.page.route("**/v1/stream", lambda route: held.append(route), times=1)
    with here.page.expect_event("requestfailed") as failed, here.page.expect_response("**/v1/look"):
        with here.page.expect_request("**/v1/stream"):
            here.page.fill("#text", OTHER)
        here.page.fill("#text", TEXT)
    assert json.loads(failed.value.post_data)["q"] == OTHER
    assert "ABORTED" in failed.value.failure
    assert here.words("#output") == here.ask("look", q=TEXT)["target_words"]


def test_the_answer_is_seen_to_grow(visit):
    here = visit()
    here.measure("watch")
    here.write(TEXT)
    seen = here.page.evaluate("window.states")
    partial = {text for going, text in seen if going and text.strip("\u200b")}
    assert len(partial) > 1
    assert seen[-1][0] is False


def test_languages_are_detected_chosen_and_swapped(visit):
    here = visit()
    page = here.page
    page.select_option("#from", "auto")
    with page.expect_response("**/v1/look"):
        page.fill("#text", TEXT)
    expect(page.locator("#detected")).to_have_text("Detected: Korean")
    expect(page.locator("#to")).to_have_value("en")
    with page.expect_response("**/v1/look"):
        page.fill("#text", "Minsu gave Mina a book yesterday.")
    expect(page.locator("#detected")).to_have_text("Detected: English")
    expect(page.locator("#to")).to_have_value("ko")  # the target follows
    answer = " ".join(here.words("#output"))
    with page.expect_response("**/v1/look"):
        page.click("#swap")
    assert [page.input_value(s) for s in ("#from", "#to")] == ["ko", "en"]
    assert page.input_value("#text").split() == answer.split()
    page.reload()
    expect(page.locator("#from")).to_have_value("ko")  # and remembered


def test_a_badge_tells_how_sure_the_run_is(visit):
    here = visit()
    here.write(f"{TEXT}\n{OTHER}")
    badge, tip = here.page.locator("#sureness"), here.page.locator("#sureness-tip")
    said = here.ask("translate", q=[TEXT, OTHER])["translations"]
    least = min(one["confidence"] for one in said)
    shown = "<1" if least < 0.01 else ">99" if least > 0.99 else str(round(100 * least))
    expect(badge).to_have_text(f"Confidence {shown}\u2009%")
    expect(tip).to_be_hidden()
    badge.focus()
    expect(tip).to_be_visible()
    expect(tip).to_contain_text("least sure of 2 lines")
    here.write("Minsu gave Mina a book.", "en", "ko")
    expect(badge).to_be_hidden()  # of this direction the run knows nothing
    assert not tip.is_visible()


def test_copy_puts_the_answer_on_the_clipboard(visit):
    here = visit(permissions=["clipboard-read", "clipboard-write"])
    here.write(TEXT)
    here.page.click("#copy")
    expect(here.page.locator("#copy")).to_have_text("Copied")
    assert here.page.evaluate("navigator.clipboard.readText()").split() == here.words("#output")


def test_a_refusal_is_told_in_the_servers_words(visit):
    here = visit()
    here.page.select_option("#from", "ko")
    with here.page.expect_response("**/v1/stream") as answer:
        here.measure("paste", "\n".join(["책"] * 600))
    assert answer.value.status == 413
    expect(here.page.locator("#error")).to_have_text(answer.value.json()["error"])
    here.write(TEXT)
    expect(here.page.locator("#error")).to_be_hidden()


def test_a_server_that_is_gone_is_told_in_words(visit, serve):
    server = serve()
    here = visit(server.address)
    here.page.select_option("#from", "ko")
    server.close()
    here.page.fill("#text", TEXT)
    expect(here.page.locator("#error")).to_contain_text("server does not answer")
    assert here.page.input_value("#text") == TEXT  # nothing is lost


def test_a_key_is_asked_for_and_sent(visit, serve, tmp_path):
    from regard.serve import keys

    key, line = keys.new("reader")
    (tmp_path / "keys.txt").write_text(line + "\n", encoding="utf-8")
    server = serve("--keys", str(tmp_path / "keys.txt"))
    here = visit(server.address)
    here.page.select_option("#from", "ko")
    here.page.fill("#text", TEXT)
    expect(here.page.locator("#error")).to_contain_text("Settings")
    here.page.click("#to-settings")
    here.page.fill("#key", key)
    with here.page.expect_response("**/v1/look") as answer:
        here.page.click("#settings button")
    assert answer.value.ok
    assert answer.value.request.headers["authorization"] == f"Bearer {key}"
    expect(here.page.locator("#error")).to_be_hidden()
    assert key not in here.page.evaluate("JSON.stringify(localStorage)")
