"""API keys and rates, without a server."""

import hashlib

import pytest

from regard.recipe import UserError
from regard.serve import keys, limits
from regard.serve.limits import Rates


def test_a_key_is_found_by_its_hash_alone(tmp_path):
    made = {name: keys.new(name, rate) for name, rate in (("ada", 30), ("bob", 0))}
    path = tmp_path / "keys.txt"
    path.write_text("# who may ask\n\n" + "".join(f"{line}\n" for _, line in made.values()))
    known = keys.read(path)
    assert [(k.name, k.rate) for k in known] == [("ada", 30), ("bob", 0)]
    for name, (key, line) in made.items():
        assert key not in path.read_text()
        assert hashlib.sha256(key.encode()).hexdigest() == line.split()[1]
        found = keys.find(known, key)
        assert found is not None and found.name == name
    for wrong in ("", "x", made["ada"][0] + "x", made["ada"][1].split()[1], "\udc80"):
        assert keys.find(known, wrong) is None
    assert len({keys.new("a")[0] for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "line", ["ada", "ada xyz 1", f"ada {'0' * 64} x", f"ada {'0' * 64} -1", f"a b {'0' * 64}", ""]
)
def test_a_bad_line_is_named(tmp_path, line):
    path = tmp_path / "keys.txt"
    path.write_text(f"# first\n{line}\n")
    with pytest.raises(UserError, match="line 2|holds no key"):
        keys.read(path)


@pytest.mark.parametrize("name", ["", "two words", "a\nb", "x" * 61])
def test_a_name_is_one_word(name):
    with pytest.raises(UserError, match="one word"):
        keys.new(name)


def test_a_bucket_fills_again():
    rates = Rates()
    assert [rates.take("a", 3, now=0.0) for _ in range(4)] == [0, 0, 0, 20]
    assert rates.take("a", 3, now=10.0) == pytest.approx(10)
    assert rates.take("a", 3, now=20.0) == 0 and rates.take("a", 3, now=20.0) == pytest.approx(20)
    assert rates.take("b", 3, now=20.0) == 0  # everybody has his own
    assert all(rates.take("c", 0) == 0 for _ in range(100))
    assert [rates.take("a", 3, now=1e6) for _ in range(4)] == [0, 0, 0, 20]  # no more than full


def test_buckets_are_bounded(monkeypatch):
    monkeypatch.setattr(limits, "MOST", 10)
    rates = Rates()
    for i in range(1000):
        rates.take(f"address {i}", 1)
    assert len(rates.buckets) == 10
