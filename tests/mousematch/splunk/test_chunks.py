"""Chunks: what splunkd writes is read, and what is written splunkd can read, whatever the values hold."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousematch.splunk.chunks import (
    Body,
    Columns,
    ProtocolError,
    decode_values,
    encode_values,
    read_frame,
    write_frame,
)
from tests.commands.protocol import from_csv, to_csv

# Everything that UTF-8 can carry; csv before Python 3.11 refuses NUL, which search results do not hold.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12) | st.sampled_from(
    ["$;", "$$", 'a"b', "a,b", "line\nbreak", "carriage\rreturn", "\r\n", "名前", "", " ", "$a$;$b$"]
)


def frame(body: bytes, **metadata: object):
    head = json.dumps({"action": "execute", "finished": False, **metadata}).encode()
    return read_frame(io.BytesIO(b"chunked 1.0,%d,%d\n" % (len(head), len(body)) + head + body))


def sent(*blocks: Columns) -> bytes:
    body, out = Body(), io.BytesIO()
    for block in blocks:
        body.add(block)
    body.send(out, {"finished": True})
    head, _, rest = out.getvalue().partition(b"\n")
    _, metadata, length = head.decode().split(",")
    assert len(rest) == int(metadata) + int(length)
    assert json.loads(rest[: int(metadata)]) == {"finished": True}
    return rest[int(metadata) :]


@given(st.lists(TEXT, min_size=2, max_size=5))
def test_several_values_in_one_text_come_out_as_they_went_in(values):
    assert decode_values(encode_values(values)) == values


@given(st.lists(st.fixed_dictionaries({"user": TEXT, "tag": st.lists(TEXT.filter(bool), max_size=3)}), max_size=8))
def test_rows_that_splunkd_writes_are_read(rows):
    columns = frame(to_csv(rows, ["user", "tag"])).columns()

    assert columns.rows == len(rows)
    assert columns.column("user") == [row["user"] for row in rows]
    assert columns.lists("tag") == [row["tag"] for row in rows]


@given(st.lists(st.fixed_dictionaries({"user": TEXT, "tag": st.lists(TEXT, max_size=3)}), min_size=1, max_size=8))
def test_rows_that_are_written_can_be_read_by_others(rows):
    columns = Columns({"user": [row["user"] for row in rows]})
    columns.put_lists("tag", [row["tag"] for row in rows])

    fields, read = from_csv(sent(columns))

    assert fields == ["user", "tag"]
    assert [row["user"] for row in read] == [row["user"] for row in rows]
    for row, wrote in zip(read, rows):
        assert row["tag"] == (wrote["tag"] if len(wrote["tag"]) > 1 else "".join(wrote["tag"]))


@given(st.lists(TEXT, min_size=1, max_size=6))
def test_a_single_column_keeps_its_empty_rows(values):
    written = sent(Columns({"user": values}))

    assert [row["user"] for row in from_csv(written)[1]] == values
    assert frame(written).columns()["user"] == values


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000])
def test_blocks_hold_all_rows_in_order_whatever_their_size(size):
    rows = [{"n": str(n), "text": f"a\n{n}"} for n in range(300)]

    blocks = list(frame(to_csv(rows)).blocks(rows=size))

    assert max(block.rows for block in blocks) <= size
    assert [value for block in blocks for value in block["n"]] == [row["n"] for row in rows]


def test_a_block_ends_where_its_bytes_add_up():
    rows = [{"image": "x" * 10_000} for _ in range(300)]

    blocks = list(frame(to_csv(rows)).blocks(size=300_000))

    assert sum(block.rows for block in blocks) == 300
    assert max(block.rows for block in blocks) < 100


@pytest.mark.parametrize("body", [b"", b"a,b\n"])
def test_a_chunk_without_rows_gives_no_block(body):
    assert list(frame(body).blocks()) == []


def test_the_next_frame_follows_a_body_that_was_read_in_part():
    head = b'{"action":"execute","finished":false}'
    body = to_csv([{"n": str(n)} for n in range(50_000)])
    stream = io.BytesIO((b"chunked 1.0,%d,%d\n" % (len(head), len(body)) + head + body) * 2)

    first = read_frame(stream)
    next(first.blocks(rows=10))
    first.body.drain()

    assert sum(block.rows for block in read_frame(stream).blocks()) == 50_000
    assert read_frame(stream) is None


def test_short_rows_are_filled_and_long_ones_cut():
    columns = frame(b"a,b\n1\n\n1,2,3\n").columns()

    assert dict(columns) == {"a": ["1", "1"], "b": ["", "2"]}


def test_bytes_that_are_no_text_do_not_end_the_search():
    columns = frame(b"a,b\n\xff\xfe,1\nx\0y,2\n").columns()

    assert columns["b"] == ["1", "2"]
    assert columns["a"][1] == "x y"


def test_a_field_of_many_megabytes_is_read():
    columns = frame(to_csv([{"image": "A" * 11_000_000}])).columns()

    assert len(columns["image"][0]) == 11_000_000


def test_half_a_surrogate_from_json_is_replaced():
    assert from_csv(sent(Columns({"user": ["\ud800x"]})))[1] == [{"user": "?x"}]


def test_a_later_block_may_leave_fields_out_but_not_add_any():
    first = Columns({"a": ["1"], "b": ["2"]})

    assert from_csv(sent(first, Columns({"b": ["3"]})))[1] == [{"a": "1", "b": "2"}, {"a": "", "b": "3"}]
    with pytest.raises(ValueError, match="further columns: c"):
        sent(first, Columns({"c": ["4"]}))


def test_columns_of_another_length_are_refused():
    with pytest.raises(ValueError, match="2 values for 1 rows"):
        Columns({"a": ["1"]})["b"] = ["1", "2"]


def test_rows_can_be_taken_with_all_their_values():
    columns = Columns({"user": ["a", "b", "c"]})
    columns.put_lists("tag", [["1", "2"], [], ["3"]])

    taken = columns.take([2, 0])

    assert taken["user"] == ["c", "a"]
    assert taken.lists("tag") == [["3"], ["1", "2"]]


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\n", b"chunked 1.0,5,0\n[1,2]", b"chunked 1.0,3,0\n{x}"])
def test_another_protocol_is_an_error(data):
    with pytest.raises(ProtocolError):
        read_frame(io.BytesIO(data))


@pytest.mark.parametrize("data", [b'chunked 1.0,50,0\n{"action"', b'chunked 1.0,2,900\n{}a,b\n1,2\n'])
def test_a_search_that_ends_in_the_middle_is_told_from_its_end(data):
    with pytest.raises(EOFError):
        read_frame(io.BytesIO(data)).columns()


def test_a_frame_without_rows_is_its_metadata_alone():
    out = io.BytesIO()

    write_frame(out, {"type": "reporting", "text": "é"})

    assert out.getvalue() == b'chunked 1.0,36,0\n{"type":"reporting","text":"\\u00e9"}'
