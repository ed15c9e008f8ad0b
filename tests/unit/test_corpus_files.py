"""Translators' files as corpora."""

import pytest

from regard.data.corpus import po, tmx, xliff
from regard.data.corpus.base import Row
from regard.recipe import UserError

PO = """msgid ""
msgstr "Language: ko\\n"

msgid "One\\n"
"two"
msgstr "하나\\n둘"

#, fuzzy
msgid "draft"
msgstr "초안"

msgid "empty"
msgstr ""

msgid "%d dog"
msgid_plural "%d dogs"
msgstr[0] "개 %d"

#~ msgid "old"
#~ msgstr "옛"
"""
TMX = """<?xml version="1.0"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header srclang="en"/><body>
<tu><tuv xml:lang="en-GB"><seg>A <bpt i="1">&lt;b&gt;</bpt>dog<ept i="1">x</ept>
 runs</seg></tuv><tuv xml:lang="DE"><seg>Ein <hi>Hund</hi> rennt</seg></tuv></tu>
<tu><tuv xml:lang="en"><seg>alone</seg></tuv></tu>
<tu><tuv lang="en"><seg>Yes</seg></tuv><tuv lang="de"><seg>Ja</seg></tuv></tu>
</body></tmx>
"""
XLF = """<xliff version="1.2"><file source-language="en" target-language="ko-KR"><body>
<trans-unit id="1"><source>A <g id="1">dog</g></source><target>개</target></trans-unit>
<trans-unit id="2"><source>None</source></trans-unit></body></file></xliff>
"""


def put(folder, name: str, text: str):
    (folder / name).write_text(text, "utf-8")
    return str(folder)


def test_a_catalogue_gives_what_is_translated(tmp_path):
    where = put(tmp_path, "train.po", PO)
    rows = [Row("One two", "하나 둘", "en-ko"), Row("%d dogs", "개 %d", "en-ko")]
    assert list(po.Config().read(where, "train", "en-ko")) == rows
    turned = [Row(r.target, r.source, "ko-en") for r in rows]
    assert list(po.Config(train="*.po").read(where, "train", "ko-en")) == turned
    with pytest.raises(UserError, match="en is no side of de-ko"):
        list(po.Config().read(where, "train", "de-ko"))
    with pytest.raises(UserError, match="no catalogue dev.po"):
        list(po.Config().read(where, "dev", "en-ko"))


def test_a_memory_gives_units_with_both_languages(tmp_path):
    where = put(tmp_path, "train.tmx", TMX)
    assert list(tmx.Config().read(where, "train", "en-de")) == [
        Row("A dog runs", "Ein Hund rennt", "en-de"), Row("Yes", "Ja", "en-de")
    ]  # fmt: skip
    put(tmp_path, "dev.tmx", TMX[:-20])
    with pytest.raises(UserError, match="is no TMX"):
        list(tmx.Config().read(where, "dev", "en-de"))


def test_an_exchange_file_gives_segments_with_a_target(tmp_path):
    where = put(tmp_path, "train.xlf", XLF)
    assert list(xliff.Config().read(where, "train", "en-ko")) == [Row("A dog", "개", "en-ko")]
    with pytest.raises(UserError, match="is in ko-KR, and the direction is en-fr"):
        list(xliff.Config().read(where, "train", "en-fr"))
