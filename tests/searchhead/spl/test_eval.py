"""Expressions of eval and where."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchhead import spl
from searchhead.spl import sql
from searchhead.spl.compile import FUNCTIONS, Scope
from searchhead.spl.engine import Engine, Frame
from searchhead.spl.expressions import parse_assignments
from searchhead.table import Table, Value

FIELDS = Table.from_columns({
    "one": ["1"], "ten": ["10"], "half": ["0.5"], "word": ["abc"], "empty": [""], "multi": [["b", "a", "b"]],
    "numbers": [["3", "20"]], "Mixed case": ["x"], "_raw": ["user=bob logged in"], "when": ["1700000000.25"],
})  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as made:
        made.command = "eval"
        yield made


@pytest.fixture(scope="module")
def fields(engine: Engine) -> Frame:
    return engine.load(FIELDS)


def evaluate(engine: Engine, expression: str, frame: Frame) -> Value:
    (assignment,) = parse_assignments(f"result={expression}", command="eval", position=0)
    scope = Scope.of(frame, engine, spl.Context(app=Path("nowhere"), now=1_700_000_000.9))
    return engine.table(engine.select({"result": scope.value(assignment.expression)}, frame.name)).column("result")[0]


CASES: dict[str, Value] = {
    # operators: text that looks like a number is one
    "one + ten": "11",
    "word + word": "abcabc",
    "word + one": None,
    "one + 1": "2",
    "word + 1": None,
    "one . ten": "110",
    "1 + 2 * 3": "7",
    "(1 + 2) * 3": "9",
    "7 - 2 - 1": "4",
    "7 / 2": "3.5",
    "8 / 2 / 2": "2",
    "7 % 3": "1",
    "-one": "-1",
    "1 / 0": None,
    "1 % 0": None,
    "nosuch + 1": None,
    "nosuch . word": None,
    '1 . "a"': "1a",
    "0.1 + 0.2": "0.30000000000000004",
    "1e14 * 10": "1000000000000000",
    "1e20": "1e+20",
    "5.0": "5",
    "'Mixed case'": "x",
    "'mixed case'": None,
    # comparisons
    'if(ten > one, "y", "n")': "y",
    'if("10" > "9", "y", "n")': "y",
    'if("10a" > "9a", "y", "n")': "n",
    'if(one = "1.0", "y", "n")': "y",
    'if(nosuch = 1, "y", "n")': "n",
    'if(nosuch != 1, "y", "n")': "n",
    'if(NOT nosuch = 1, "y", "n")': "n",
    'if(word = "ABC", "y", "n")': "n",
    'if(multi = "a", "y", "n")': "y",
    'if(multi = "z", "y", "n")': "n",
    'if(one = 1 AND (word = "x" OR ten = 10), "y", "n")': "y",
    'if(one = 1 XOR ten = 10, "y", "n")': "n",
    'if(word LIKE "a%", "y", "n")': "y",
    'if(word IN ("x", "abc"), "y", "n")': "y",
    'if(one IN (1, 2), "y", "n")': "y",
    'if(word NOT IN ("x"), "y", "n")': "y",
    'if(1 = 1 or 1 = 2 and 1 = 3, "y", "n")': "y",
    # conditions and missing values
    'case(one = 2, "two", one = 1, "one")': "one",
    'case(one = 2, "two")': None,
    'case(one = 2, "two", true(), "else")': "else",
    "coalesce(nosuch, word)": "abc",
    "coalesce(nosuch, null(), empty)": "",
    "nullif(one, 1)": None,
    "nullif(word, 1)": "abc",
    'if(isnull(nosuch), "y", "n")': "y",
    'if(isnull(empty), "y", "n")': "n",
    'if(isnotnull(word), "y", "n")': "y",
    "null()": None,
    'if(isnum(ten), "y", "n")': "y",
    'if(isnum("nan"), "y", "n")': "n",
    'if(isnum("1_0"), "y", "n")': "n",
    'if(isstr(word), "y", "n")': "y",
    'if(isint(half), "y", "n")': "n",
    'if(isbool(1 = 1), "y", "n")': "y",
    'validate(isnum(one), "no number", isnum(word), "word")': "word",
    'if(in(word, "x", "abc"), "y", "n")': "y",
    'if(like(word, "a_c"), "y", "n")': "y",
    'if(match(word, "^a.c$"), "y", "n")': "y",
    'if(match(word, "^(?!b)"), "y", "n")': "y",
    'if(searchmatch("bob"), "y", "n")': "y",
    'if(searchmatch("bo"), "y", "n")': "n",
    'if(cidrmatch("10.0.0.0/8", "10.9.8.7"), "y", "n")': "y",
    'if(true() AND NOT false(), "y", "n")': "y",
    "typeof(one)": "Number",
    "typeof(word)": "String",
    "typeof(nosuch)": "Invalid",
    "typeof(1 = 1)": "Boolean",
    "typeof(multi)": "Multivalue",
    # numbers
    "abs(-3)": "3",
    "ceiling(1.2)": "2",
    "ceil(1.2)": "2",
    "floor(-1.2)": "-2",
    "round(2.5)": "3",
    "round(10 / 3, 2)": "3.33",
    "round(4, 2)": "4.00",
    "round(1234, -2)": "1200",
    "sqrt(16)": "4",
    "sqrt(-1)": None,
    "pow(2, 10)": "1024",
    "exp(0)": "1",
    "ln(1)": "0",
    "ln(0)": None,
    "log(1000)": "3",
    "log(8, 2)": "3",
    "min(ten, 9)": "9",
    "max(ten, 9)": "10",
    "max(ten, word)": "abc",
    "min(ten, word)": "10",
    "exact(half)": "0.5",
    "sigfig(1.50)": "1.5",
    "pi()": "3.141592653589793",
    "sin(0)": "0",
    "cos(0)": "1",
    "tan(0)": "0",
    "atan(0)": "0",
    'if(random() >= 0, "y", "n")': "y",
    'tonumber("0x")': None,
    'tonumber("12.50")': "12.5",
    'tonumber("ff", 16)': "255",
    # text
    'lower("ÄB")': "äb",
    'upper("äb")': "ÄB",
    "len(word)": "3",
    "substr(word, 2)": "bc",
    "substr(word, 1, 2)": "ab",
    "substr(word, -1)": "c",
    'trim("  a ")': "a",
    'ltrim("xxa", "x")': "a",
    'rtrim("axx", "x")': "a",
    r'replace("a1b2", "(\d)", "<\1>")': "a<1>b<2>",
    r'replace("a1b2", "(?<=a)(\d)", "<\1>")': "a<1>b2",
    'md5("a")': "0cc175b9c0f1b6a831c399e269772661",
    'sha1("a")': "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8",
    'substr(sha256("a"), 1, 8)': "ca978112",
    'urldecode("a%20b")': "a b",
    'tostring(1234567.891, "commas")': "1,234,567.89",
    'tostring(1234, "commas")': "1,234",
    'tostring(255, "hex")': "0xFF",
    'tostring(93784, "duration")': "1+02:03:04",
    'tostring(61.5, "duration")': "00:01:01.500000",
    "tostring(1 = 1)": "True",
    "tostring(5)": "5",
    'tostring(5, "binary")': "101",
    'printf("%05.1f|%s|%d%%", half, word, 7.9)': "000.5|abc|7%",
    r'json_extract("{\"a\":{\"b\":[1,{\"c\":\"x\"}]}}", "a.b{1}.c")': "x",
    r'json_extract("no json", "a")': None,
    # multivalues
    'split("a,b,,c", ",")': ["a", "b", "", "c"],
    "mvcount(multi)": "3",
    "mvcount(one)": "1",
    "mvcount(nosuch)": None,
    "mvindex(multi, 0)": "b",
    "mvindex(multi, -1)": "b",
    "mvindex(multi, 1, 2)": ["a", "b"],
    "mvindex(multi, -2, -1)": ["a", "b"],
    "mvindex(multi, 5)": None,
    "mvindex(word, 0)": "abc",
    'mvjoin(multi, "-")': "b-a-b",
    'mvjoin(word, "-")': "abc",
    "mvappend(one, multi, nosuch, word)": ["1", "b", "a", "b", "abc"],
    'mvfilter(multi = "b")': ["b", "b"],
    'mvfilter(multi = "z")': None,
    "mvfilter(numbers > 5)": "20",
    "mvdedup(multi)": ["b", "a"],
    "mvsort(multi)": ["a", "b", "b"],
    "mvreverse(numbers)": ["20", "3"],
    "mvzip(multi, numbers)": ["b,3", "a,20"],
    'mvzip(one, ten, "|")': "1|10",
    "mvmap(numbers, numbers * 2)": ["6", "40"],
    "mvrange(1, 4)": ["1", "2", "3"],
    'mvfind(multi, "a")': "1",
    "upper(multi)": ["B", "A", "B"],
    # times, in UTC
    "now()": "1700000000",
    'strftime(when, "%F %T.%3N %s")': "2023-11-14 22:13:20.250 1700000000",
    'strftime(0, "%a %d %b %Y %I:%M %p %z")': "Thu 01 Jan 1970 12:00 AM +0000",
    'strftime(word, "%F")': None,
    'strftime(1e300, "%F")': None,
    'strptime("2023-11-14", "%Y-%m-%d")': "1699920000",
    'strptime("2023-11-14T23:13:20.5+01:00", "%Y-%m-%dT%H:%M:%S.%N%z")': "1700000000.5",
    'strptime("bad", "%Y")': None,
    'relative_time(1700000000, "-1d@d")': "1699833600",
    'relative_time(1700000000, "@w0")': "1699747200",
    'relative_time(1700000000, "+1mon@mon")': "1701388800",
    'relative_time(1700000000, "-90s")': "1699999910",
    'if(time() > 1700000000, "y", "n")': "y",
    # JSON
    'if(json_valid("{\\"a\\":1}"), "yes", "no")': "yes",
    'if(json_valid("{a"), "yes", "no")': "no",
    'json_object("a", 1, "b", "x\\"y")': '{"a":1,"b":"x\\"y"}',
    'json_object("c", json_array(true(), null(), "2"), "d", split("p q", " "))': '{"c":[true,null,"2"],"d":["p","q"]}',
    "json_object()": "{}",
    'json_array("<script>")': '["<script>"]',
    'json_array_to_mv("[1,\\"b\\",{\\"c\\":2}]")': ["1", "b", '{"c":2}'],
    'json_array_to_mv("[1,\\"b\\"]", true())': ["1", '"b"'],
    'json_array_to_mv("{}")': None,
    'json_extract_exact("{\\"a.b\\":7}", "a.b")': "7",
    'json_extract_exact("{\\"a\\":{\\"b\\":7}}", "a.b")': None,
    'json_keys("{\\"a\\":1,\\"b\\":2}")': '["a", "b"]',
    'mv_to_json_array(split("1 b", " "))': '["1","b"]',
    'mv_to_json_array(split("1 b", " "), true())': '[1,"b"]',
    'spath("{\\"a\\":[{\\"b\\":1},{\\"b\\":2}]}", "a{}.b")': ["1", "2"],
    'spath("no json", "a")': None,
    'relative_time(1700000000, "-1".if(1=1, "d@d", "h"))': "1699833600",
    'relative_time(1700000000, lower("SOON"))': None,
    "asin(2)": None,
    "round(atan2(1, 1), 4)": "0.7854",
    "hypot(3, 4)": "5",
    'sum(1, "2", "x", split("3 4", " "))': "10",
    'avg(1, "3", null())': "2",
    'sum("x")': None,
    "round(sinh(1), 4)": "1.1752",
    "round(cosh(1), 4)": "1.5431",
    "round(tanh(1), 4)": "0.7616",
    "round(asinh(1), 4)": "0.8814",
    "acosh(0)": None,
    "round(acosh(2), 4)": "1.3170",
    "atanh(1)": None,
    "round(atanh(0.5), 4)": "0.5493",
    "round(acos(0), 4)": "1.5708",
}


@pytest.mark.parametrize(("expression", "expected"), CASES.items())
def test_expressions_have_splunks_values(engine: Engine, fields: Frame, expression: str, expected: Value):
    assert evaluate(engine, expression, fields) == expected


def test_every_function_has_a_case():
    tried = " ".join(CASES)

    assert [name for name in FUNCTIONS if f"{name}(" not in tried] == []


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ("eval x=nosuch(1)", "Error in 'eval' command: The 'nosuch' function is unsupported or undefined."),
        ("eval x=round()", "Error in 'eval' command: The arguments to the 'round' function are invalid"),
        ("eval x=case(1=1)", "Error in 'eval' command: The arguments to the 'case' function are invalid"),
        ("eval x=1 = 1", "Error in 'eval' command: Fields cannot be assigned a boolean result."),
        ("eval x=(1", "Error in 'eval' command: The expression is malformed. Expected )."),
        (
            "eval x=1 2",
            "Error in 'eval' command: The expression is malformed. An unexpected character is reached at '2'.",
        ),
        ("eval x=", "Error in 'eval' command: The expression is malformed."),
        (
            "eval x=if(1, 2, 3)",
            "Error in 'eval' command: The expression is malformed: a condition must be true or false",
        ),
        (
            "where 5",
            "Error in 'where' command: The expression is malformed: a condition must be true or false",
        ),
        ("where x=1 | eval y=foo(1)", "'foo'"),
        ('eval x=match("a", "(")', "while compiling the regex '('"),
        ('eval x=relative_time(1, "soon")', "'soon'"),
        ('eval x=strftime(1, "%J")', "'%J'"),
        ("eval x=1e999", "'1e999'"),
        ("eval {x}=1", "The field name '{x}' is made of a field's value"),
        ("eval x=mvfilter(a=1 OR b=2)", "exactly one field"),
    ],
)
def test_wrong_expressions_are_refused_in_one_line(error, search: str, message: str):
    assert message in error(f"| makeresults | {search}")


def test_later_assignments_see_earlier_ones(rows):
    assert rows("| makeresults | eval a=2, b=a*a, a=b+1 | table a b") == [{"a": "5", "b": "4"}]


def test_field_names_may_be_quoted_and_dotted(rows):
    assert rows("""| makeresults | eval "a b"=1, c.d=2, 'e f'='a b'+'c.d' | fields - _time""") == [
        {"a b": "1", "c.d": "2", "e f": "3"}
    ]


def test_field_names_are_case_sensitive(rows):
    assert rows("| makeresults | eval a=1, A=2 | table a A") == [{"a": "1", "A": "2"}]


def test_long_chains_and_nested_conditions_stay_possible(rows):
    chain = "+".join(["x"] * 150)
    nested = "if(x>1,2," * 30 + "0" + ")" * 30

    assert rows(f"| makeresults | eval x=1, y={chain}, z={nested} | table y z") == [{"y": "150", "z": "0"}]


# A second, independent reading of the arithmetic: what Python makes of the same operands.
OPERANDS = st.one_of(
    st.none(),
    st.integers(-1000, 1000).map(str),
    st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: repr(round(x, 3))),
    st.text("abcXYZ é%_'\"\\", max_size=4),
)


def as_number(text: str | None) -> float | None:
    return None if text is None else sql.reads_as(text)


def oracle(operator: str, left: str | None, right: str | None) -> str | bool | None:
    if left is None or right is None:
        return None
    a, b = as_number(left), as_number(right)
    if operator == ".":
        return left + right
    if operator in ("<", ">", "=", "!=", "<=", ">="):
        pair: tuple = (a, b) if a is not None and b is not None else (left.encode(), right.encode())
        compare = {
            "<": "__lt__",
            ">": "__gt__",
            "=": "__eq__",
            "!=": "__ne__",
            "<=": "__le__",
            ">=": "__ge__",
        }[operator]
        return getattr(pair[0], compare)(pair[1])
    if a is None and b is None and operator == "+":
        return left + right
    if a is None or b is None or (operator in "/%" and b == 0):
        return None
    value = {
        "+": lambda: a + b,
        "-": lambda: a - b,
        "*": lambda: a * b,
        "/": lambda: a / b,
        "%": lambda: math.fmod(a, b),
    }[operator]()
    return sql.written(value + 0.0)


OPERATORS = st.sampled_from([".", "+", "-", "*", "/", "%", "<", ">", "=", "!=", "<=", ">="])


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operator=OPERATORS, left=OPERANDS, right=OPERANDS)
def test_operators_agree_with_a_second_reading(engine: Engine, operator: str, left: str | None, right: str | None):
    frame = engine.load(Table.from_columns({"a": [left], "b": [right]}))
    is_comparison = operator in ("<", ">", "=", "!=", "<=", ">=")

    found = evaluate(engine, f"tostring(a {operator} b)" if is_comparison else f"a {operator} b", frame)

    expected = oracle(operator, left, right)
    assert found == (str(expected) if isinstance(expected, bool) else expected)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_their_value_as_text(engine: Engine, value: float):
    found = evaluate(engine, "a * 1", engine.load(Table.from_columns({"a": [repr(value)]})))

    assert isinstance(found, str)
    assert float(found) == value


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=5), max_size=5))
def test_values_go_through_the_engine_unchanged(engine: Engine, values: list[str]):
    table = Table.from_columns({"a": [values, None, values[:1]]})

    assert engine.table(engine.load(table)) == table
