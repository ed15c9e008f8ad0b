"""JSON and TSV: values change, keys, numbers, columns and white space do not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regard.files import json as values
from regard.files import tsv
from regard.files.base import Answer
from regard.recipe import UserError

ARB = """{
  "@@locale": "en",
  "hello":  "Hello {name}",
  "@hello": {"description": "kept", "placeholders": {"name": {"type": "kept"}}},
  "list": ["One", 2, "", {"deep": "T\\u0077o \\"q\\""}], "x": null
}
"""


def upper(module, text: str) -> str:
    file = module.read(text.encode(), "x")
    return file.filled([Answer(unit.upper()) for unit in file.units]).decode()


def test_json_keeps_all_but_its_values():
    assert values.read(ARB.encode(), "x").units == ["Hello {name}", "One", 'Two "q"']
    new = upper(values, ARB)
    assert new == ARB.replace("Hello {name}", "HELLO {NAME}").replace("One", "ONE").replace(
        'T\\u0077o \\"q\\"', 'TWO \\"Q\\"'
    )


tree = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text("ab:,{"), each, max_size=3),
)


def saying(data, text: str):
    """The same, where every string that is a value says something else."""
    if isinstance(data, dict):
        return {k: v if k.startswith("@") else saying(v, text) for k, v in data.items()}
    if isinstance(data, list):
        return [saying(v, text) for v in data]
    return text if isinstance(data, str) and data.strip() else data


@given(tree, st.sampled_from([None, 1]))
def test_any_json_comes_back_as_it_was(data, indent):
    text = json.dumps(data, indent=indent)
    file = values.read(text.encode(), "x")
    same = file.filled([Answer(unit) for unit in file.units])
    assert json.loads(same) == data
    odd = '"\\\n한'
    assert json.loads(file.filled([Answer(odd) for _ in file.units])) == saying(data, odd)


@pytest.mark.parametrize("text", ['{"a": }', "", "{'a': 1}", "[" * 100_000])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(UserError, match="no JSON|nested too deep"):
        values.read(text.encode(), "x.json")


def test_a_table_is_filled_where_it_is_empty():
    text = "a\tA\nb\t\tnote\r\n\nc\n\tlost\nd\t "
    assert tsv.read(text.encode(), "x").units == ["b", "c", "d"]
    assert upper(tsv, text) == "a\tA\nb\tB\tnote\r\n\nc\tC\n\tlost\nd\tD"
    assert upper(tsv, upper(tsv, text)) == upper(tsv, text)
