"""What a question in SQL may be made of. Run as a file of its own beside `asker.py`: it imports nothing of ours."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

MOST_TABLES, MOST_CHARACTERS = 40, 20_000
NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
SOURCES = {"BASE_TABLE", "SUBQUERY", "JOIN", "EMPTY", "TABLE_FUNCTION", "EXPRESSION_LIST", "PIVOT"}
PLACES = dict.fromkeys(("from_table", "left", "right", "source"), SOURCES | NODES) | dict.fromkeys(("node", "query"), NODES)
CLASSES = {
    "BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "LAMBDA", "OPERATOR", "STAR", "SUBQUERY",
    "WINDOW",
}  # fmt: skip
TABLE_FUNCTIONS = {"unnest", "range", "generate_series"}
OPERATORS = {
    "+", "-", "*", "/", "//", "%", "**", "^", "||", "|", "&", "<<", ">>", "~", "~~", "!~~", "~~*", "!~~*", "~~~", "^@", "@>", "<@", "&&", "!__postfix",
    "like_escape", "not_like_escape", "ilike_escape", "not_ilike_escape",
}  # fmt: skip
_NAMES = """
abs acos age any_value approx_count_distinct approx_quantile arbitrary arg_max arg_min argmax argmin array_agg array_length array_to_string ascii asin
atan atan2 avg bit_and bit_count bit_or bool_and bool_or cardinality cbrt ceil ceiling century char_length character_length chr concat concat_ws
contains corr cos count count_if count_star countif covar_pop covar_samp cume_dist current_date current_localtimestamp current_timestamp
damerau_levenshtein date_add date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc day dayname dayofmonth dayofweek dayofyear
days_in_month decade degrees dense_rank divide editdist3 element_at ends_with entropy epoch epoch_ms equi_width_bins even exp favg first first_value
flatten floor fmod format fsum gcd get_current_timestamp greatest group_concat grouping grouping_id hamming hash hex histogram hour ifnull instr isfinite
isinf isnan isodow isoyear jaccard jaro_similarity jaro_winkler_similarity julian kahan_sum kurtosis lag last last_day last_value lcase lcm lead least
left len length levenshtein like list list_aggregate list_any_value list_append list_avg list_concat list_contains list_count list_distinct
list_extract list_filter list_has_any list_has_all list_max list_min list_position list_reverse list_slice list_sort list_sum list_transform
list_unique list_value list_zip listagg ln log log10 log2 lower lpad ltrim mad make_date make_timestamp map map_entries map_extract map_from_entries
map_keys map_values max max_by md5 mean median min min_by minute mod mode month monthname multiply now nth_value ntile nullif octet_length ord
percent_rank pi position pow power prefix printf product quantile quantile_cont quantile_disc quarter radians rank rank_dense regexp_extract
regexp_extract_all regexp_full_match regexp_matches regexp_replace regexp_split_to_array regr_avgx regr_avgy regr_count regr_intercept regr_r2
regr_slope regr_sxx regr_sxy regr_syy repeat replace reverse right round round_even row row_number rpad rtrim second sem sha256 sign sin skewness
split split_part sqrt starts_with stddev stddev_pop stddev_samp str_split strftime string_agg string_split string_to_array strip_accents strlen
strpos strptime struct_extract struct_pack substr substring subtract suffix sum sum_no_overflow sumkahan tan time_bucket timezone to_days to_hours
to_minutes to_months to_quarters to_seconds to_timestamp to_weeks to_years today transaction_timestamp translate trim trunc try_strptime typeof ucase
unicode unnest upper var_pop var_samp variance week weekday weekofyear weighted_avg xor year yearweek
"""
FUNCTIONS = OPERATORS | TABLE_FUNCTIONS | set(_NAMES.split())


class Reason(StrEnum):
    """Why a statement is refused."""

    LONG = "long"
    ONE = "one"
    SELECT = "select"
    TABLE = "table"
    TABLES = "tables"
    FUNCTION = "function"
    PART = "part"
    MEMORY = "memory"
    ROWS = "rows"
    WRONG = "wrong"


class Refused(Exception):
    """What is asked for is not allowed: `reason` for the caller's sentence, `what` names it."""

    def __init__(self, reason: Reason, what: str = "") -> None:
        super().__init__(reason)
        self.reason, self.what = reason, what


def tables_of(tree: dict[str, Any], known: set[str]) -> list[str]:
    """The known tables that a serialized statement reads. Raises `Refused` at the first part that is not allowed."""
    parts = list(_parts(tree))
    own = {entry["key"].lower() for part in parts for entry in (part.get("cte_map") or {}).get("map", [])}
    own |= {str(part["cte_name"]).lower() for part in parts if part.get("cte_name")}
    named: list[str] = []
    for part in parts:
        _check(part)
        if part.get("type") == "BASE_TABLE":
            named.append(_table(part, known, own))
    if len(named) > MOST_TABLES:
        raise Refused(Reason.TABLES, str(MOST_TABLES))
    return sorted(set(named) & known)


def _parts(tree: Any) -> Any:
    """Every node of a tree, without recursion: how deep it is, is the asker's choice."""
    waiting = [("", tree)]
    while waiting:
        place, node = waiting.pop()
        if isinstance(node, dict):
            yield node | {"_place": place}
            waiting += node.items()
        elif isinstance(node, list):
            waiting += [(place, value) for value in node]


def _check(part: dict[str, Any]) -> None:
    kind = part.get("type")
    if part.get("class") in {"BOUND_CONSTANT", "CONSTANT"} or not isinstance(kind, str):
        return
    if "class" in part:
        _check_expression(part, kind)
    elif kind not in PLACES.get(part["_place"], {kind}):
        raise Refused(Reason.PART, kind)
    if kind == "TABLE_FUNCTION" and part["function"].get("function_name", "").lower() not in TABLE_FUNCTIONS:
        raise Refused(Reason.FUNCTION, part["function"].get("function_name", ""))


def _check_expression(part: dict[str, Any], kind: str) -> None:
    if part["class"] not in CLASSES:
        raise Refused(Reason.PART, kind)
    if part["class"] not in {"FUNCTION", "WINDOW"}:
        return
    name = str(part["function_name"]).lower()
    if name not in FUNCTIONS or part.get("catalog"):
        raise Refused(Reason.FUNCTION, name)


def _table(part: dict[str, Any], known: set[str], own: set[str]) -> str:
    name = str(part["table_name"]).lower()
    if part.get("catalog_name") or part.get("schema_name") or name not in known | own or (name in own and name.startswith(("duckdb_", "pg_", "sqlite_"))):
        raise Refused(Reason.TABLE, ".".join(x for x in (part.get("catalog_name"), part.get("schema_name"), part["table_name"]) if x))
    return name
