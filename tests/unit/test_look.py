"""Looks: the page carries its data unharmed and inert, pictures have content, files are whole."""

import dataclasses
import json
import re
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from regard.look import figure
from regard.look.maps import Look, Map
from regard.look.page import UNIT, embed, html, payload
from regard.look.romanise import HANGUL, romanise
from regard.recipe import UserError

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>&lt;&amp;<b onclick='x()'>\"q\"",
    "a\u2028b\u2029c",
    "nul\x00 bell\x07 tab\t esc\x1b",
    "שלום مرحبا \u202eabc\u202c",
    "👩\u200d👩\u200d👧 🇰🇷 ❤\ufe0f",
    "$x_1$ \\frac{1}{2} %s {name} @@LOOK@@ @@STYLE@@ @@DOM@@",
    "lone \ud800 surrogate",
    "http://example.org/x.js",
    "",
    "   ",
]


def softmax(rng: np.random.Generator, *shape: int) -> np.ndarray:
    e = np.exp(rng.normal(0, 2, shape))
    return (e / e.sum(-1, keepdims=True)).astype(np.float32)


def a_look(source: list[str], target: list[str], heads: int = 3, layers: int = 2) -> Look:
    rng = np.random.default_rng(len(source) + 31 * len(target))
    S, T = len(source), len(target)
    maps = []
    for layer in range(layers):
        own, cross = softmax(rng, heads, S, S), softmax(rng, heads, T, S)
        maps.append(Map(f"encoder.{layer}.self", "encoder", layer, own, source, source))
        maps.append(Map(f"decoder.{layer}.cross", "cross", layer, cross, target, source))
    links = [(int(rng.integers(S)), t, float(rng.random())) for t in range(T)] if S else []
    scores = [(word, float(rng.random())) for word in target]
    beam = [{"text": w, "score": -1.5, "children": [{"text": "x", "score": -2}]} for w in target]
    meta = {"score": -0.5, "direction": "ko-en", "note": " ".join(source)}
    return Look(" ".join(source), " ".join(target), maps, links, source, target, scores, beam, meta)


KOREAN = a_look(
    ["민수는", "어제", "책을", "읽었습니다", "."], ["Minsu", "read", "a", "book", "yesterday", "."]
)
ODD = a_look(HOSTILE, HOSTILE[::-1])


class Page(HTMLParser):
    """What a browser sees: elements with their attributes, and each script's text."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.inside = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.inside = tag == "script"
        if self.inside:
            self.scripts.append("")

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.scripts[-1] += data


# -- the page -------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", [KOREAN, ODD], ids=["korean", "hostile"])
def test_page_carries_the_data_unharmed(look: Look):
    page = Page(html(look))
    assert len(page.scripts) == 2
    data = json.loads(page.scripts[0])
    assert data == json.loads(json.dumps(payload(look)))
    record = json.loads(json.dumps(look.record()))
    for key in ("source", "target", "alignment", "source_words", "target_words", "token_scores"):
        assert data[key] == record[key]
    assert data["beam"] == look.beam and data["meta"] == look.meta
    for seen, m in zip(data["maps"], look.maps, strict=True):
        assert (seen["rows"], seen["columns"], seen["kind"]) == (m.rows, m.columns, m.kind)
        np.testing.assert_allclose(np.array(seen["weights"]) / UNIT, m.weights, atol=0.51 / UNIT)


def test_page_holds_the_same_elements_whatever_the_sentence():
    plain, hostile = Page(html(KOREAN)), Page(html(ODD))
    assert plain.elements == hostile.elements
    assert plain.scripts[1] == hostile.scripts[1]
    assert ("script", {"type": "application/json", "id": "look"}) in plain.elements


@pytest.mark.parametrize("text", HOSTILE)
def test_embedded_text_is_inert_and_comes_back(text: str):
    inert = embed({"text": text})
    assert not set(inert) & set("<>&\u2028\u2029\x00") and inert.isascii()
    assert json.loads(inert) == {"text": text}


def test_page_loads_nothing_from_outside():
    page = Page(html(KOREAN))
    for tag, attributes in page.elements:
        assert tag not in ("iframe", "object", "embed", "base", "img", "form")
        for name in ("src", "href", "action", "srcset", "data"):
            assert attributes.get(name) in (None, "data:,")
    template = html(KOREAN)
    assert not re.search(r"https?:|//[a-z]+\.|@import|url\(|fetch\(|XMLHttp|import\(", template)
    policy = [a.get("content") or "" for _, a in page.elements if "http-equiv" in a]
    assert len(policy) == 1 and policy[0].startswith("default-src 'none'")


def test_page_builds_text_never_markup():
    script = Page(html(KOREAN)).scripts[1]
    assert "textContent" in script
    markup = r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\("
    assert not re.search(markup, script)


def test_page_has_title_phone_width_and_both_schemes():
    text = html(KOREAN)
    assert "<title>Regard</title>" in text and "width=device-width" in text
    assert "prefers-color-scheme: dark" in text and "prefers-reduced-motion" in text


def test_first_view_is_where_the_alignment_was_read():
    assert KOREAN.start() == (3, None)
    where = {
        "decoder.0.cross, head 2, shift 1": (1, 2),
        "decoder.0.cross, mean of heads": (1, None),
        "decoder.0.cross": (1, None),
        "decoder.0.cross, head 9": (1, None),
        "elsewhere, head 1": (3, None),
    }
    for text, expected in where.items():
        assert dataclasses.replace(KOREAN, meta={"alignment": text}).start() == expected
    encoders = [m for m in KOREAN.maps if m.kind == "encoder"]
    assert dataclasses.replace(KOREAN, maps=encoders).start() == (1, None)


# -- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", [KOREAN, ODD], ids=["korean", "hostile"])
def test_json_round_trips_exactly(look: Look, tmp_path: Path):
    path = look.save(tmp_path / "new" / "look.json")
    back = Look.load(path)
    assert back.record() == look.record()
    for a, b in zip(back.maps, look.maps, strict=True):
        assert a.weights.dtype == np.float32 and np.array_equal(a.weights, b.weights)


def test_extension_chooses_the_kind_and_nothing_is_left_beside(tmp_path: Path):
    for name, start in (("a.html", b"<!doctype"), ("b.PNG", b"\x89PNG"), ("c.json", b"{")):
        assert KOREAN.save(tmp_path / name).read_bytes().startswith(start)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.html", "b.PNG", "c.json"]


@pytest.mark.parametrize("name", ["map.pdf", "map", "map.htm"])
def test_wrong_extension_is_one_sentence(name: str, tmp_path: Path):
    with pytest.raises(UserError, match=r"\.html, \.png or \.json") as caught:
        KOREAN.save(tmp_path / name)
    assert "\n" not in str(caught.value) and name in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_failed_save_keeps_the_old_file(tmp_path: Path):
    path = KOREAN.save(tmp_path / "look.json")
    before = path.read_bytes()
    with pytest.raises(UserError, match="finite"):
        dataclasses.replace(KOREAN, meta={"score": float("nan")}).save(path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
    with pytest.raises(UserError, match="cannot be written"):
        KOREAN.save(path / "below-a-file.json")


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"maps": 3}', "\x00", '{"maps": [{"x": 1}]}'])
def test_a_foreign_file_is_refused(text: str, tmp_path: Path):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(UserError, match="not a look"):
        Look.load(path)


def test_unfit_data_is_refused():
    w = np.ones((2, 1, 3), np.float32)
    for weights, kind in ((w[0], "cross"), (w[:, :, :2], "cross"), (w * np.nan, "self"), (w, "x")):
        with pytest.raises(UserError, match=r"^map m: "):
            Map("m", kind, 0, weights, ["a"], ["b", "c", "d"])
    for change in ({"alignment": [(9, 0, 0.5)]}, {"alignment": [(0, -1, 0.5)]}):
        with pytest.raises(UserError, match="alignment"):
            dataclasses.replace(KOREAN, **change)
    for p in (-0.3, 1.5, float("nan")):
        with pytest.raises(UserError, match="probability"):
            dataclasses.replace(KOREAN, token_scores=[("a", p)])


def test_numpy_numbers_are_welcome_in_meta_and_beam():
    look = dataclasses.replace(KOREAN, meta={"score": np.float32(0.5), "heads": np.arange(2)})
    assert json.loads(Page(html(look)).scripts[0])["meta"] == {"score": 0.5, "heads": [0, 1]}


# -- pictures -------------------------------------------------------------------------------------


def pixels(fig) -> np.ndarray:
    return imread(BytesIO(figure.png(fig)), format="png")[..., :3]


def test_pictures_are_not_blank():
    cross = KOREAN.maps[1]
    for fig in (
        figure.heat_map(cross),
        figure.heat_map(cross, 1),
        figure.sheet(KOREAN),
        figure.sheet(KOREAN, "encoder"),
        figure.alignment(KOREAN),
        figure.overview(KOREAN),
    ):
        image = pixels(fig)
        assert image.shape[0] > 200 and image.shape[1] > 300
        assert len(np.unique(np.rint(image * 255) @ [65536, 256, 1])) > 20  # colours
        border = np.concatenate([image[:4].ravel(), image[-4:].ravel(), image[:, :4].ravel()])
        assert (border == 1).all()  # nothing runs off the paper


def test_heat_map_colours_are_the_weights():
    rng = np.random.default_rng(5)
    m = Map("m", "cross", 0, softmax(rng, 2, 4, 5), list("abcd"), list("vwxyz"))
    for head, expected in ((None, m.weights.mean(0)), (1, m.weights[1])):
        fig = figure.heat_map(m, head)
        drawn = fig.axes[0].images[0]
        np.testing.assert_array_equal(drawn.get_array(), expected)
        image = pixels(fig)
        t, s = np.unravel_index(expected.argmax(), expected.shape)
        x, y = fig.axes[0].transData.transform((s, t))
        darkest = image[image.shape[0] - int(y), int(x)]
        np.testing.assert_allclose(darkest, figure.HEAT(1.0)[:3], atol=0.01)


def test_a_stronger_link_is_darker_and_an_rtl_sentence_runs_right_to_left():
    weights = [(0, 0, 0.9), (1, 1, 0.2)]
    look = Look("a b", "ש ב", [], weights, ["a", "b"], ["ש", "ב"])
    axes = figure.alignment(look).axes[0]
    weak, strong = (patch.get_alpha() for patch in axes.patches)
    assert strong > weak > 0
    at = {text.get_text(): text.get_position()[0] for text in axes.texts}
    assert at["a"] < at["b"] and at["ש"] > at["ב"]


@pytest.mark.filterwarnings("error")
def test_hostile_labels_and_empty_sentences_are_drawn():
    empty = Map("m", "cross", 0, np.zeros((2, 0, 0)), [], [])
    for look in (ODD, Look("", "", [], [], [], []), Look("", "", [empty], [], [], [])):
        assert pixels(figure.overview(look)).min() < 0.99 or not look.maps


def test_a_long_sentence_stays_a_picture_of_sane_size():
    words = [f"word{i}" for i in range(90)]
    fig = figure.overview(a_look(words, words, heads=1, layers=1))
    assert max(fig.get_size_inches()) < 40


def test_unknown_head_and_kind_are_sentences():
    with pytest.raises(UserError, match="0 to 2"):
        figure.heat_map(KOREAN.maps[0], 3)
    with pytest.raises(UserError, match="it has cross, encoder"):
        figure.sheet(KOREAN, "self")


def only_base_font(monkeypatch: pytest.MonkeyPatch) -> None:
    fonts = figure.font_manager.fontManager
    base = [f for f in fonts.ttflist if f.name == "DejaVu Sans" or "Last Resort" in f.name]
    monkeypatch.setattr(fonts, "ttflist", base)


@pytest.mark.filterwarnings("error")
def test_without_a_korean_font_labels_are_romanised_with_a_note(monkeypatch: pytest.MonkeyPatch):
    only_base_font(monkeypatch)
    fig = figure.overview(KOREAN)
    pixels(fig)  # a missing glyph would warn
    texts = [t.get_text() for t in [*fig.texts, *fig.axes[0].texts]]
    labels = [t.get_text() for t in fig.axes[1].get_xticklabels()]
    assert "minsuneun" in texts and "minsuneun" in labels
    assert sum("Korean font" in text for text in texts) == 1
    assert not any(HANGUL.search(text) for text in texts + labels)


def test_where_a_font_has_the_letters_they_stay(monkeypatch: pytest.MonkeyPatch):
    only_base_font(monkeypatch)
    letters = figure.Lettering(["민수 Ω"])
    assert letters.label("민수 Ω") == "minsu Ω" and letters.missing
    monkeypatch.setattr(figure, "_glyphs", lambda path: frozenset(range(0x10000)))
    letters = figure.Lettering(["민수"])
    assert letters.label("민수") == "민수" and letters.note == ""


def test_other_letters_without_a_font_show_as_code_points(monkeypatch: pytest.MonkeyPatch):
    only_base_font(monkeypatch)
    letters = figure.Lettering(["中a"])
    assert letters.label("中a") == "‹4E2D›a" and "no font" in letters.note


def test_a_dollar_sign_starts_no_formula():
    letters = figure.Lettering(["$x_1$"])
    assert letters.width("$x_1$", 12) > letters.width("x_1", 12) > letters.width("x", 12)


def test_visible_spells_what_cannot_be_seen():
    assert figure.visible("a\x00b\u2028") == "a\\x00b\\u2028"
    assert figure.visible("\u202eab\u202c\u200d\ufe0f") == "ab"
    assert figure.visible("  ") == "␣␣" and figure.visible("") == "␣"


def test_pyplot_is_never_touched():
    source = Path(figure.__file__).read_text()
    assert "pyplot" not in source.split('"""', 2)[2]


# -- romanisation ---------------------------------------------------------------------------------

# no boundary in these words changes a sound: the standard's own spelling
STANDARD = """
서울 seoul 부산 busan 대구 daegu 인천 incheon 광주 gwangju 한국 hanguk 김치 gimchi 비빔밥 bibimbap
불고기 bulgogi 한글 hangeul 제주도 jejudo 친구 chingu 사랑 sarang 물 mul 의사 uisa 왜 wae 귀 gwi
예 ye 원 won 빵 ppang 짜다 jjada 까치 kkachi 옷 ot 꽃 kkot 태권도 taegwondo 강원도 gangwondo
"""
# here the standard follows speech (dongnip hangugeo eopda silla joayo), we write syllables
SYLLABLES = """
독립 dokrip 한국어 hangukeo 없어 eopeo 신라 sinra 좋아요 jotayo 감사합니다 gamsahapnida 값이 gapi
읽었습니다 ikeotseupnida 닭 dak 삶 sam 앉아 ana
"""
PAIRS = (STANDARD + SYLLABLES).split()


@pytest.mark.parametrize(("hangul", "latin"), list(zip(PAIRS[::2], PAIRS[1::2], strict=True)))
def test_known_words(hangul: str, latin: str):
    assert romanise(hangul) == latin


def test_every_syllable_has_a_spelling_and_the_rest_stays():
    for code in range(0xAC00, 0xD7A4):
        assert re.fullmatch("[a-z]{1,10}", romanise(chr(code)))
    assert romanise("Minsu-는 3권, ▁책을!") == "Minsu-neun 3gwon, ▁chaekeul!"
    assert romanise("中文 שלום 👩") == "中文 שלום 👩"


def test_single_letters_are_spelled_composed_or_not():
    assert romanise("ㄱㅏㅎㅢㄳ") == "gahuik"
    assert romanise("\u1112\u1161\u11ab") == romanise("한") == "han"
    assert romanise("\u1100 \u11ab ㅇ") == "g n -"
