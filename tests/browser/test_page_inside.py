"""The look inside: alignment, attention, the beam, other words, heads; in a real browser."""

import difflib
import json
from typing import Any

import pytest

pytestmark = pytest.mark.slow
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import expect  # noqa: E402

TEXT = "민수는 어제 미나에게 책을 주었다."
OTHER = "저는 학교에 갔어요."


def lit(visit: Any, box: str) -> set[int]:
    """Which words of a box are marked as partners."""
    marked = visit.page.locator(box).evaluate_all("l => l.map(n => n.classList.contains('by'))")
    return {i for i, on in enumerate(marked) if on}


def test_a_word_shows_its_partners(visit):
    here = visit()
    here.write(TEXT)
    links = here.ask("look", q=TEXT)["alignment"]
    assert links
    source, target, _ = max(links, key=lambda link: link[2])
    of_target = {s for s, t, _ in links if t == target}
    of_source = {t for s, t, _ in links if s == source}
    chosen = here.page.locator("#output .word").nth(target)
    chosen.hover()
    assert lit(here, "#mirror span") == lit(here, "#source .word") == of_target
    strong = "n => Number(n.style.getPropertyValue('--s'))"
    assert here.page.locator("#source .word").nth(source).evaluate(strong) == pytest.approx(1)
    here.page.mouse.move(0, 0)
    assert not lit(here, "#source .word")
    chosen.focus()  # by keyboard
    assert lit(here, "#source .word") == of_target
    here.page.locator("#source .word").nth(source).hover()
    assert lit(here, "#output .word") == lit(here, "#target .word") == of_source
    span = here.page.locator("#mirror span").nth(source)
    span.evaluate("n => n.scrollIntoView({block: 'center'})")
    box = span.bounding_box()
    here.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert lit(here, "#output .word") == of_source  # in what one writes, too
    expect(here.page.locator("#said")).to_contain_text("%")


def test_a_tap_shows_partners_on_a_phone(visit):
    here = visit(has_touch=True, viewport={"width": 390, "height": 844})
    here.write(TEXT)
    links = here.ask("look", q=TEXT)["alignment"]
    source = links[0][0]
    here.page.locator("#source .word").nth(source).tap()
    assert lit(here, "#target .word") == {t for s, t, _ in links if s == source}


def test_another_line_is_looked_into_when_it_is_pointed_at(visit):
    here = visit()
    here.write(f"{TEXT}\n{OTHER}")
    with here.page.expect_response("**/v1/look") as answer:
        here.page.locator("#output .line").nth(1).locator(".word").first.focus()
    assert json.loads(answer.value.request.post_data)["q"] == OTHER
    expect(here.page.locator("#source")).to_contain_text(OTHER.split()[0])


def cell(visit: Any, t: int, s: int) -> Any:
    return visit.page.locator(f"#cell-{t}-{s}")


def test_attention_shows_each_weight(visit):
    here = visit()
    here.write(TEXT)
    page, maps = here.page, here.ask("look", q=TEXT)["maps"]
    page.locator("#kinds").get_by_label("decoder self").check()
    page.locator("#layers").get_by_label("1", exact=True).check()
    page.locator("#heads").get_by_label("1", exact=True).check()
    shown = next(m for m in maps if m["name"] == "decoder.1.self")
    heads = page.locator("#frame tbody th").all_inner_texts()
    assert heads == shown["rows"]
    weights = shown["weights"][1]
    assert page.locator("#frame tbody td").count() == len(weights) * len(weights[0])
    for t, s in ((2, 0), (2, 1), (2, 2), (0, 2)):
        cell(here, t, s).hover()
        tip = page.locator("#cell b")
        assert float(tip.inner_text()) == pytest.approx(weights[t][s], abs=0.0051)
    page.locator("#heads").get_by_label("mean").check()
    cell(here, 2, 1).hover()
    mean = sum(head[2][1] for head in shown["weights"]) / len(shown["weights"])
    assert float(page.locator("#cell b").inner_text()) == pytest.approx(mean, abs=0.0051)


def test_attention_is_darker_where_it_is_stronger_and_walked_by_keys(visit):
    here = visit(color_scheme="light")
    here.write(TEXT)
    page = here.page
    page.locator("#kinds").get_by_label("encoder self").check()
    page.locator("#heads").get_by_label("0", exact=True).check()
    found = [m for m in here.ask("look", q=TEXT)["maps"] if m["kind"] == "encoder"][-1]
    weights = [w for row in found["weights"][0] for w in row]
    colours = here.measure("brightness")
    assert len(set(colours)) > 3
    ranked = sorted(zip(weights, colours, strict=True))
    assert [c for _, c in ranked] == sorted(colours, reverse=True)
    page.mouse.move(0, 0)
    page.locator("#frame table").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    active = page.locator("#frame table").get_attribute("aria-activedescendant")
    assert active == "cell-0-2"
    assert found["columns"][2] in cell(here, 0, 2).get_attribute("aria-label")


def flat(nodes: list[dict], step: int = 0) -> list[tuple[int, dict]]:
    """All of a beam, each with its step."""
    return [x for n in nodes for x in ((step, n), *flat(n["children"], step + 1))]


def test_the_beam_tells_what_was_pruned_and_why(visit):
    here = visit()
    here.write(TEXT)
    page, look = here.page, here.ask("look", q=TEXT)
    every = flat(look["beam"])
    lost = [(step, n) for step, n in every if n["fate"] == "pruned"]
    assert lost
    expect(page.locator("#tree .lost")).to_have_count(len(lost))
    expect(page.locator("#tree .lost").first).to_be_hidden()  # folded away at first
    page.click("#unfold")
    expect(page.locator("#tree .lost").first).to_be_visible()
    cut = {step: min(n["score"] for s, n in every if s == step and n["fate"] != "pruned")
           for step, _ in lost}  # fmt: skip
    told = sorted(page.locator("#tree .lost small").all_inner_texts())
    assert told == sorted(
        f"{n['score']:.2f} at step {step + 1}: below {cut[step]:.2f}, the lowest that stayed"
        .replace("-", "\u2212") for step, n in lost
    )  # fmt: skip
    chosen = [n["text"] for _, n in every if n["chosen"]]
    assert page.locator("#tree bdi.yes").all_inner_texts() == chosen
    finished = sum(n["fate"] == "finished" for _, n in every)
    expect(page.locator("#tree em", has_text="finished")).to_have_count(finished)
    best = page.locator("#best bdi").all_inner_texts()
    assert best == [one["text"] for one in look["n_best"]]


def test_the_beam_is_walked_by_keys(visit):
    here = visit()
    here.write(TEXT)
    page = here.page
    first = page.locator("#tree li").first
    inner = first.locator("li").first
    assert page.locator("#tree li[tabindex='0']").count() == 1
    page.locator("#tree li[aria-expanded]").first.focus()
    page.keyboard.press("Home")
    for key, visible in (("ArrowLeft", False), ("ArrowRight", True), ("Enter", False), (" ", True)):
        page.keyboard.press(key)
        assert inner.is_visible() is visible, key
    page.keyboard.press("ArrowRight")
    expect(inner).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(first).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")  # over what is folded away
    expect(inner).to_be_hidden()
    expect(page.locator("#tree li:focus")).to_have_attribute("aria-level", "1")
    page.keyboard.press("End")
    assert page.locator("#tree li[tabindex='0']").count() == 1


def test_one_goes_on_from_another_word(visit):
    here = visit()
    here.write(TEXT)
    page, at = here.page, 1
    before = here.words("#output")
    page.locator("#output .word").nth(at).click()
    offered = page.locator("#others li button")
    prefix = " ".join(before[:at])
    expected = here.ask("alternatives", q=TEXT, prefix=prefix, count=8)["alternatives"]
    expected = [a for a in expected if a["word"] not in ("", before[at])]
    assert expected
    expect(offered).to_have_count(len(expected))
    assert offered.locator("bdi:first-child").all_inner_texts() == [a["word"] for a in expected]
    expect(offered.first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#others")).to_be_hidden()
    expect(page.locator("#output .word").nth(at)).to_be_focused()
    page.keyboard.press("Enter")  # and again, by keyboard
    expect(offered.first).to_be_focused()
    with page.expect_response("**/v1/look") as answer:
        page.keyboard.press("Enter")
    begun = f"{prefix} {expected[0]['word']}"
    assert json.loads(answer.value.request.post_data)["prefix"] == begun
    expect(page.locator("#fixed")).to_be_visible()
    now = here.words("#output")
    assert now[: at + 1] == begun.split()
    assert now == answer.value.json()["target_words"] == here.words("#target")
    expect(page.locator("#output .set")).to_have_count(at + 1)
    page.locator("#fixed button").click()
    expect(page.locator("#fixed")).to_be_hidden()
    assert here.words("#output") == before


def test_a_head_switched_off_shows_what_changes(visit):
    here = visit()
    here.write(TEXT)
    page, look = here.page, here.ask("look", q=TEXT)
    runs = json.loads(page.request.get(here.address + "/v1/runs").text())
    heads = runs[0]["heads"]
    expect(page.locator(".head")).to_have_count(sum(heads.values()))
    off = [{"map": "decoder.0.cross", "head": 0}, {"map": "decoder.0.cross", "head": 1}]
    board = page.locator(".board[aria-label='cross 0']")
    board.locator(".head").nth(0).click()
    with page.expect_response("**/v1/look"):
        board.locator(".head").nth(1).click()
    expect(board.locator("[aria-pressed=false]")).to_have_count(2)
    without = here.ask("look", q=TEXT, off=off)
    expect(page.locator("#changed h3").nth(1)).to_have_text("2 off")
    rows = page.locator("#changed .sentence")
    assert rows.nth(0).inner_text().split() == look["target_words"]
    assert rows.nth(1).inner_text().split() == without["target_words"]
    match = difflib.SequenceMatcher(None, look["target_words"], without["target_words"], False)
    same = sum(block.size for block in match.get_matching_blocks())
    gone, new = rows.nth(0).locator("del").count(), rows.nth(1).locator("ins").count()
    assert gone <= len(look["target_words"]) - same  # ours is the longest common part
    assert (gone + new > 0) == (look["target_words"] != without["target_words"])
    change = without["meta"]["score"] - look["meta"]["score"]
    told = f"({'+' if change > 0 else ''}{change:.2f})".replace("-", "\u2212")
    expect(page.locator("#changed .score")).to_contain_text(told)
    page.click("#all-on")
    expect(page.locator("#changed h3")).to_have_count(0)
    assert here.words("#output") == look["target_words"]
