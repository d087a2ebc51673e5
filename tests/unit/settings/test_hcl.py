"""HCL 1 and JSON, as HashiCorp's own reader takes them, with the place of what is wrong."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lictor import errors
from lictor.settings.hcl.parser import DEEPEST, LARGEST, parse
from lictor.settings.hcl.plain import Plain
from tests.unit.settings.hcls import broken

PLACE = re.compile(r"f\.hcl:[1-9][0-9]*:[1-9][0-9]*: \S")


def values(text: str | bytes) -> dict[str, object]:
    """Read a file as plain values."""
    return Plain(parse(text if isinstance(text, bytes) else text.encode(), "f.hcl")).values


def refusal(text: str | bytes) -> str:
    """Return what a file is refused with; empty where it is not."""
    try:
        values(text)
    except errors.SettingsError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"x"', "x"),
        (r'"\\"', "\\"),
        (r'"say \"x\"\n\t\u00e9\101\xc3\xa9"', 'say "x"\n\té' + "Aé"),
        ('"${ "a" { "b" } }"', '${ "a" { "b" } }'),
        ('"$x $"', "$x $"),
        ("12", 12),
        ("-0x1F", -31),
        ("0644", 420),
        ("1.5e1", 15.0),
        ("true", True),
        ("[]", []),
        ('["a", 1, [false],]', ["a", 1, [False]]),
        ("{ a = 1, b = 2 }", {"a": 1, "b": 2}),
        ("<<E\n one\n  twoE\n E\n", " one\n  twoE\n"),
        ("<<-E\n  one\n    two\n  E\n", "one\n  two\n"),
        ("<<-E\none\n  E", "one\n"),
        ("<<E\r\none\r\nE\r\n", "one\n"),
        ("/* a\n * b */ # c\n // d\n 1", 1),
    ],
)
def test_values(text: str, value: object) -> None:
    """Texts, numbers, flags, lists, mappings, here-documents and comments."""
    assert values(f"a = {text}\n") == {"a": value}


def test_json() -> None:
    """A file that begins with a brace is JSON; null is none."""
    assert values('\n{"a": {"b": ["x\\u00e9", null, -1.5, true]}, "c": {}}') == {
        "a": {"b": ["xé", None, -1.5, True]},
        "c": {},
    }


def test_a_mark_of_the_byte_order() -> None:
    """Some editors write one."""
    assert values(b"\xef\xbb\xbfa = 1") == {"a": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a", "f.hcl:1:2: expected = or { after a, found the end of the file"),
        ("a = \n b = 1", "f.hcl:2:2: expected a value; a text stands in double quotes, found a w"),
        ("a {\n b = 1\n", "f.hcl:1:3: this { is not closed"),
        ("a = [\n 1,\n", "f.hcl:1:5: this [ is not closed"),
        ("a = [1 2]", "f.hcl:1:8: expected , or ], found a value"),
        ('a = "x\nb = "y"', "f.hcl:1:5: the text does not end on its line; a quote is missing"),
        (r'a = "\q"', "f.hcl:1:6: this escape means nothing"),
        (r'a = "\ud800"', "f.hcl:1:6: this escape stands for no character"),
        (r'a = "\xff"', "f.hcl:1:5: the escapes of the text make no characters"),
        ('a = "${x"', "f.hcl:1:6: `${` is not closed"),
        ("a = <<E\nx", "f.hcl:1:5: the text does not end; a line with E is missing"),
        ("a = <<\nx", "f.hcl:1:5: expected a name after <<"),
        ("/* a", "f.hcl:1:1: the comment does not end"),
        ("a = 'x'", "f.hcl:1:5: a text stands in double quotes"),
        ("a = 08", "f.hcl:1:5: this is no number"),
        ("a = 12abc", "f.hcl:1:5: this is no number"),
        ("a = 1e999", "f.hcl:1:5: this number is too large"),
        ("a = " + "9" * 5000, "f.hcl:1:5: a number of more than 18 digits"),
        ("a = b", "f.hcl:1:5: expected a value; a text stands in double quotes, found a word"),
        ('a = "" b', "f.hcl:1:9: expected = or { after the name, found the end of the file"),
        ('a "b" = 1', "f.hcl:1:7: expected { after a and its label, found `=`"),
        ("}", "f.hcl:1:1: expected a name, found `}`"),
        ("a = 1\n\n a = 2", "f.hcl:3:2: a stands twice; the first is in line 1"),
        ('{"a": 1} b', "f.hcl:1:10: expected the end of the file, found a word"),
        ('{"a": "\\ud800"}', "f.hcl:1:7: this is no text of JSON (half a character)"),
        ('{"a": "\\q"}', "f.hcl:1:7: this is no text of JSON (Invalid \\escape)"),
        (b"a = 1\nb = \xff", "f.hcl:2:5: not UTF-8 text"),
        ("a = 1".encode("utf-16"), "f.hcl:1:1: not UTF-8 text"),
        (b"a\0", "f.hcl:1:2: a character that means nothing here: '\\x00'"),
        ("a b c d e f g = 1", "f.hcl:1:11: more than 4 labels"),
    ],
)
def test_what_is_wrong_has_a_place(text: str | bytes, said: str) -> None:
    """Line and column of it, as compilers write them."""
    assert refusal(text).startswith(said)


@pytest.mark.parametrize("key", ["token = ", "{{token = ", '{{"token": '])
@pytest.mark.parametrize("form", ["{}", "[{}]", "{{{}}}", '"" {}', '"x" {} 1', "1 {}", "{}\n}}"])
def test_a_secret_without_quotes_is_not_shown(key: str, form: str) -> None:
    """Nor a number that is too long to be one, nor what stands behind a value."""
    for secret in ("hunter2", "AKIAhunter2X", "my-hunter2", "0hunter2", "4711" * 5):
        said = refusal((key + form).format(secret))
        assert PLACE.match(said)
        assert "hunter" not in said
        assert "4711" not in said


@pytest.mark.parametrize(
    "text",
    [
        b"a = " + b"[" * 1_000_000,
        b"{" + b'"a":{' * 100_000,
        b"a {" * 100_000,
        b'"' * LARGEST,
        b'a = "' + b'\\"' * 500_000,
        pytest.param(b'a = "' + b"${}" * 300_000, marks=pytest.mark.long),
        pytest.param(b'a = "${' + b"{" * 900_000, marks=pytest.mark.long),
        b"/*" + b"*" * 1_000_000,
        b"a\n" * 500_000,
        pytest.param(b"a=1\n" * 250_000, marks=pytest.mark.long),
        b"<<A\n" * 250_000,
        b"\n" * (LARGEST + 1),
        "é".encode() * LARGEST,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_a_huge_or_deep_file_ends_soon(text: bytes) -> None:
    """With an error and a place; the deadline is the test's own."""
    began = time.process_time()
    assert PLACE.match(refusal(text))
    assert time.process_time() - began < 20, "it grows faster than the file"


def test_as_deep_as_may_be() -> None:
    """One less is read."""
    assert refusal("a = " + "[" * DEEPEST + "]" * DEEPEST) == ""
    assert "braces and brackets" in refusal("a = " + "[" * (DEEPEST + 1))


@settings(max_examples=60, deadline=None)
@given(st.one_of(broken(), st.text(max_size=200).map(lambda text: text.encode(errors="ignore"))))
def test_broken_files_are_read_or_refused_with_a_place(content: bytes) -> None:
    """Whatever stands in them: never anything else."""
    said = refusal(content)
    assert not said or PLACE.match(said), said
    assert "\n" not in said
