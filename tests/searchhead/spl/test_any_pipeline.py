"""Any pipeline of known commands runs or is refused in SPL's own words, not in the database's."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchhead import spl
from searchhead.spl.compile import FUNCTIONS

FIELDS = st.sampled_from(["user", "score", "city", "m", "nosuch", "_time", "'a b'"])
LITERALS = st.sampled_from(
    ["1", "0", "2.5", '"a"', '"5"', '""', '"%"', '"-1d@d"', '"%Y-%m"', "1e300", '".*"', "null()", "true()"]
)


def calls(arguments: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def call(name: str) -> st.SearchStrategy[str]:
        known = FUNCTIONS[name]
        sizes = {"min_size": known.least, "max_size": min(known.most, known.least + 2)}
        return st.lists(arguments, **sizes).map(lambda parts: f"{name}({', '.join(parts)})")

    return st.sampled_from(sorted(set(FUNCTIONS) - {"random", "time"})).flatmap(call)


OPERATORS = st.sampled_from(["+", "-", "*", "/", "%", ".", "=", "!=", "<", ">=", " AND ", " OR ", " LIKE "])
EXPRESSIONS = st.recursive(
    FIELDS | LITERALS,
    lambda inner: calls(inner) | st.tuples(inner, OPERATORS, inner).map(lambda parts: "(" + "".join(parts) + ")"),
    max_leaves=6,
)
AGGREGATES = st.tuples(
    st.sampled_from(["count", "dc", "sum", "min", "median", "perc95", "mode", "values", "list", "first", "latest"]),
    FIELDS | st.just("*") | EXPRESSIONS.map(lambda text: f"eval({text})"),
).map(lambda parts: f"{parts[0]}({parts[1]})")
STAGES = st.one_of(
    st.tuples(FIELDS, EXPRESSIONS).map(lambda parts: f"eval {parts[0]}={parts[1]}"),
    EXPRESSIONS.map(lambda text: f"where {text}"),
    st.tuples(
        st.sampled_from(["stats", "eventstats", "streamstats", "timechart span=1d"]),
        st.lists(AGGREGATES, min_size=1, max_size=2, unique=True).map(", ".join),
        st.sampled_from(["", " BY user", " BY m", " BY nosuch"]),
    ).map(lambda parts: f"{parts[0]} {parts[1]}{parts[2]}"),
    st.sampled_from(
        [
            *(
                "fields - score",
                "table user m zz",
                "rename score AS k",
                "rename * AS x_*",
                "fillnull",
                "fillnull value=x m",
            ),
            *(
                "bin span=2 score",
                "bin _time span=1mon",
                "sort - score, user",
                "sort 2 m",
                "head 2",
                "tail",
                "dedup user",
            ),
            *("dedup m consecutive=t", "dedup 2 user keepempty=t keepevents=t", 'makemv delim="o" user', "mvexpand m"),
            *(
                "mvcombine score",
                "nomv m",
                "lookup sessions.csv user OUTPUTNEW city AS m",
                "append [| inputlookup towns]",
            ),
            *(
                "appendpipe [stats count]",
                "join type=left user [| inputlookup sessions.csv]",
                'rex field=user "(?<m>o)"',
            ),
            *("chart count over user by m", "chart limit=1 eval(sum(score)/count(m)) by score span=2", "filldown"),
            *("addtotals col=t", "untable user a b", "xyseries user city score", "makecontinuous score span=3"),
            *("convert auto(*) ctime(_time) AS m", "rangemap field=score low=0-5", "replace a* WITH b* IN user m"),
            *(
                "foreach * [eval <<FIELD>>=1]",
                "foreach mode=multivalue m [eval user=user.<<ITEM>>]",
                "delta score AS m",
            ),
            *(
                "accum m",
                "addinfo",
                "format",
                "return 2 user m",
                "collect testmode=t",
                "timechart partial=f bins=3 count",
            ),
            *("spath input=user", "transpose 0", "top user m", "search user=b* OR score>2 m=*", "reverse", "custom x"),
        ]
    ),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(STAGES, min_size=1, max_size=4))
def test_a_pipeline_runs_or_is_refused(app, stages: list[str]):
    context = spl.Context(
        app=app, now=1_700_000_000, custom_commands=frozenset({"custom"}), custom=lambda call, table: table
    )
    start = '| inputlookup sessions.csv | eval m=split(user, "l"), _time=now()+score*86400 | '
    try:
        made = spl.run(start + " | ".join(stages), context)
    except spl.SplError as exc:
        assert not re.search(r"Binder|Catalog|Parser Error|Conversion|Internal", str(exc))
    else:
        assert all(len(made.column(field)) == len(made) for field in made.fields)
