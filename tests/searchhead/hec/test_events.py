"""Events over real HTTP: what is stored of them, and which answer goes out."""

from __future__ import annotations

import gzip
import json
import time

import pytest

from tests.searchhead.hec.serving import TOKEN

SUCCESS = (200, {"text": "Success", "code": 0})


def refused(code, text, event=None, status=400):
    number = {} if event is None else {"invalid-event-number": event}
    return status, {"text": text, "code": code, **number}


def test_an_event_is_stored_with_what_token_and_envelope_say(collector):
    assert collector.sent('{"time": 1763822400.123, "event": {"v": 1,  "x": 1.10}}') == SUCCESS
    host = collector.url.removeprefix("http://")
    expected = ("1763822400.123", '{"v": 1,  "x": 1.10}', "telemetry", "web:event", "http:web", host)
    assert collector.stored("_time", "_raw", "index", "sourcetype", "source", "host") == [expected]


def test_the_envelope_counts_before_the_address_and_the_address_before_the_token(collector):
    envelope = {"event": "a", "host": "h", "source": "s", "sourcetype": "st", "index": "other"}
    assert collector.sent(json.dumps(envelope), "/services/collector?host=x&source=y&sourcetype=z&time=5") == SUCCESS
    assert collector.sent('{"event": "b"}', "/services/collector/event/1.0?host=x&source=y&sourcetype=z&time=5") == SUCCESS
    fields = ("_time", "_raw", "sourcetype", "source", "host")
    assert collector.stored(*fields, index="other") == [("5", "a", "st", "s", "h")]
    assert collector.stored(*fields) == [("5", "b", "z", "y", "x")]


@pytest.mark.parametrize("path", ["", "/", "/event", "/event/1.0"])
def test_all_paths_of_events_take_them(collector, path):
    assert collector.sent('{"event": "a"}', f"/services/collector{path}") == SUCCESS
    assert collector.stored() == ["a"]


@pytest.mark.parametrize(
    "body",
    ['{"event":"a"}{"event":"b"}', '{"event":"a"}\n\r\t {"event":"b"}\n', '[{"event":"a"}, {"event":"b"}]',
     '[{"event":"a"}]{"event":"b"}', '{"event":"a", "extra": 1}{"event":"b"}'],
)  # fmt: skip
def test_objects_follow_one_another_or_stand_in_an_array(collector, body):
    assert collector.sent(body) == SUCCESS
    assert sorted(collector.stored()) == ["a", "b"]


@pytest.mark.parametrize(
    ("event", "raw"),
    [('"text\\u00e9"', "texté"), ("12.50", "12.50"), ("true", "true"), ("[1, 2]", "[1, 2]"), ("{}", "{}"),
     ('"\\ud83d\\ude00"', "😀"), ('"half \\ud83d"', "half \ufffd"), ('{"half": "\\ud83d"}', '{"half": "\\ud83d"}')],
)  # fmt: skip
def test_any_json_value_is_an_event(collector, event, raw):
    assert collector.sent(f'{{"event": {event}}}') == SUCCESS
    assert collector.stored() == [raw]


@pytest.mark.parametrize(
    ("time", "stored"),
    [("1763822400", "1763822400"), ('"1763822400.5"', "1763822400.5"), ("1763822400123", "1763822400.123"),
     ('"1763822400123"', "1763822400.123"), ("1763822400123456", "1763822400.123456"),
     ("1763822400123456789", "1763822400.123457"), ("-1.5", "-1.5"), ("0", "0")],
)  # fmt: skip
def test_times_are_seconds_or_finer(collector, time, stored):
    assert collector.sent(f'{{"event": "a", "time": {time}}}') == SUCCESS
    assert collector.stored("_time") == [stored]


def test_a_clock_that_is_a_year_off_is_stored_as_it_says(collector):
    year = 365 * 86_400
    now = int(time.time())
    body = "".join(json.dumps({"event": str(skew), "time": now + skew}) for skew in (-year, year))
    assert collector.sent(body) == SUCCESS
    assert collector.stored("_time", "_raw") == [(str(now + skew), str(skew)) for skew in (-year, year)]


def test_an_event_without_time_gets_the_time_of_its_arrival(collector):
    before = time.time()
    for body in ('{"event": "a"}', '{"event": "b", "time": null}', '{"event": "b", "time": ""}'):
        assert collector.sent(body) == SUCCESS
    assert all(before - 0.001 <= float(at) <= time.time() for at in collector.stored("_time"))


@pytest.mark.parametrize("time", ['"yesterday"', '"2026-11-22T10:00:00Z"', "true", "[]", "1e300", "1e999", '"nan"'])
def test_a_time_that_is_none_is_refused(collector, time):
    assert collector.sent(f'{{"event": "a", "time": {time}}}') == refused(15, "Error in handling indexed fields", 0)
    assert collector.stored() == []


def test_fields_are_indexed(collector):
    body = '{"event": "a", "fields": {"tier": "gold", "n": 2.5, "ok": true, "tags": ["a", "b"], "one": ["x"]}}'
    assert collector.sent(body) == SUCCESS
    assert collector.stored("tier", "n", "ok", "tags", "one") == [("gold", "2.5", "true", ["a", "b"], "x")]


@pytest.mark.parametrize("fields", ['{"a": {"b": 1}}', '{"a": [[1]]}', '{"a": null}', '"text"', "[1]"])
def test_fields_that_are_not_flat_are_refused(collector, fields):
    body = f'{{"event": "a"}}{{"event": "b", "fields": {fields}}}'
    assert collector.sent(body) == refused(15, "Error in handling indexed fields", 1)
    assert collector.stored() == ["a"]


@pytest.mark.parametrize(
    ("bad", "code", "text"),
    [
        ('{"event": ""}', 13, "Event field cannot be blank"),
        ('{"time": 5}', 12, "Event field is required"),
        ('{"event": null}', 12, "Event field is required"),
        ('{"event": "half', 6, "Invalid data format"),
        ('{"event": {"half": [1, 2', 6, "Invalid data format"),
        ('{"event": NaN}', 6, "Invalid data format"),
        ("{'event': 1}", 6, "Invalid data format"),
        ('{"event": "x", }', 6, "Invalid data format"),
        ('"text"', 6, "Invalid data format"),
        ("}", 6, "Invalid data format"),
        ('{"event": ' + "[" * 100_000, 6, "Invalid data format"),
        ('{"event": ' + "9" * 10_000 + "}", 6, "Invalid data format"),
        ('{"event": "' + "x" * 65_537 + '"}', 6, "Invalid data format"),
        ('{"event": "x", "host": {}}', 6, "Invalid data format"),
        ('{"event": "x", "index": "main"}', 7, "Incorrect index"),
        ('{"event": "x", "index": "closed"}', 7, "Incorrect index"),
        ('{"event": "x", "index": "unheard_of"}', 7, "Incorrect index"),
    ],
)
def test_a_bad_event_ends_the_request_and_those_before_it_are_stored(collector, bad, code, text):
    body = '{"event": "first"}\n{"event": "second"}' + bad + '{"event": "last"}'
    assert collector.sent(body) == refused(code, text, 2)
    assert collector.stored() == ["first", "second"]


def test_bytes_that_are_no_utf8_end_the_request(collector):
    body = b'{"event": "first"}{"event": "\xe4\xff"}{"event": "last"}'
    assert collector.sent(body) == refused(6, "Invalid data format", 1)
    assert collector.stored() == ["first"]


@pytest.mark.parametrize("body", ["", "  \n", "[]"])
def test_nothing_is_no_data(collector, body):
    assert collector.sent(body) == refused(5, "No data")


def test_an_envelope_with_foreign_objects_is_no_data(collector):
    assert collector.sent('{"event": "a", "tags": ["x"]}') == refused(5, "No data", 0)


def test_any_index_is_allowed_to_a_token_without_a_list(collector):
    header = {"Authorization": "Splunk 22222222-2222-3333-4444-555555555555"}
    assert collector.sent('{"event": "a"}{"event": "b", "index": "other"}', headers=header) == SUCCESS
    assert (collector.stored(index="main"), collector.stored(index="other")) == (["a"], ["b"])
    assert collector.sent('{"event": "a", "index": "closed"}', headers=header) == refused(7, "Incorrect index", 0)


def test_an_event_is_cut_at_truncate_of_its_sourcetype(collector):
    for sourcetype in ("web:event", "web:long", "unheard:of"):
        assert collector.sent(json.dumps({"event": "ä" * 6_000, "sourcetype": sourcetype})) == SUCCESS
    assert [len(raw.encode()) for raw in collector.stored()] == [100, 12_000, 10_000]
    assert collector.sent(json.dumps({"event": "x" + "ä" * 60})) == SUCCESS
    assert collector.stored()[-1] == "x" + "ä" * 49


def test_raw_lines_are_events(collector):
    path = "/services/collector/raw?channel=anything&host=h&source=s"
    assert collector.sent(b"one\r\n\n  \ntwo \xe4\xff\n", path) == SUCCESS
    assert collector.stored("_raw", "host", "source", "sourcetype") == [
        ("one", "h", "s", "web:event"),
        ("two \\xE4\\xFF", "h", "s", "web:event"),
    ]
    assert collector.sent(b"\n \n", "/services/collector/raw/1.0") == refused(5, "No data")
    assert collector.sent(b"a", "/services/collector/raw?index=closed") == refused(7, "Incorrect index", 0)
    assert collector.sent(b"a", "/services/collector/raw?time=soon") == refused(6, "Invalid data format")


def test_raw_data_is_parted_by_the_line_breaker_of_its_sourcetype(collector):
    assert collector.sent(b"a\nb;c;", "/services/collector/raw?sourcetype=web:blocks&time=7") == SUCCESS
    assert collector.stored("_raw", "_time") == [("a\nb", "7"), ("c", "7")]


def test_gzip_bodies_are_read(collector):
    body = gzip.compress(b'{"event": "a"}') + gzip.compress(b'{"event": "b"}')
    assert collector.sent(body, headers={"Content-Encoding": "gzip"}) == SUCCESS
    assert collector.stored() == ["a", "b"]


@pytest.mark.parametrize(
    "body", [gzip.compress(b'{"event": "a"}')[:-9], b"no gzip", gzip.compress(b'{"event": "a"}') + b"more"]
)
def test_broken_gzip_stores_nothing(collector, body):
    assert collector.sent(body, headers={"Content-Encoding": "gzip"}) == refused(6, "Invalid data format")
    assert collector.stored() == []


def test_another_encoding_is_refused(collector):
    assert collector.sent(b"x", headers={"Content-Encoding": "br"}) == refused(6, "Invalid data format")


def test_refusals_are_found_in_the_internal_index(collector):
    collector.sent('{"event": "first"}{"event": "ha')
    collector.sent('{"event": "x"}', headers={"Authorization": "Splunk wrong"})
    deadline = time.monotonic() + 5
    while len(lines := collector.stored(index="_internal")) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "token name=web, source_IP=127.0.0.1, reply=6" in lines[0]
    assert 'status=400, events_processed=1, http_input_body_size=31, parsing_err="Unterminated string' in lines[0]
    assert "token name=n/a, source_IP=127.0.0.1, reply=4" in lines[1]
    assert TOKEN not in "".join(lines)
    fields = ("sourcetype", "component", "log_level")
    assert set(collector.stored(*fields, index="_internal")) == {("splunkd", "HttpInputDataHandler", "ERROR")}


def test_a_flood_of_refusals_is_no_flood_of_events(collector):
    for _ in range(50):
        collector.sent('{"event": "x"}', headers={"Authorization": "Splunk wrong"})
    collector.hec.close()
    assert len(collector.stored(index="_internal")) == 20
