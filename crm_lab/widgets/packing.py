"""A DataFrame as column buffers: ipywidgets ships bytes as binary frames, so no JSON and no Arrow in the browser."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

NO_DATE = np.iinfo("int32").min
FEW = 64
DAY = pd.ArrowDtype(pa.date32())


def pack(frame: pd.DataFrame, *, in_order_of: str = "") -> list[dict[str, Any]]:
    """Columns as `{key, kind, data}`: i32, whole (larger, or with gaps), f64 (money in øre: `*_minor`), date (days since 1970), dict (codes), utf8 (text).

    `in_order_of` names the column that the rows come sorted by, so that nobody sorts it again.
    """
    columns = [_column(str(name), frame[name]) for name in frame.columns]
    return [column | {"in_order": column["key"] == in_order_of} for column in columns]


def _column(key: str, values: pd.Series[Any]) -> dict[str, Any]:
    if values.dtype == DAY:
        days = pa.array(values.array).cast(pa.int32())
        return {"key": key, "kind": "date", "data": days.fill_null(NO_DATE).to_numpy(zero_copy_only=False).tobytes()}
    if key.endswith("_minor"):
        return {"key": key, "kind": "f64", "data": values.to_numpy("float64", na_value=np.nan).tobytes()}
    if pd.api.types.is_datetime64_any_dtype(values):
        stamps = values.dt.tz_convert("Europe/Oslo").dt.tz_localize(None) if values.dt.tz is not None else values
        days = stamps.to_numpy("datetime64[D]").astype("int64")
        data = np.where(values.isna(), NO_DATE, days).astype("int32")
        return {"key": key, "kind": "date", "data": data.tobytes()}
    if pd.api.types.is_integer_dtype(values) and values.isna().any():
        return {"key": key, "kind": "whole", "data": values.to_numpy("float64", na_value=np.nan).tobytes()}
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_integer_dtype(values):
        return _whole(key, values.fillna(0).to_numpy("int64"))
    if pd.api.types.is_float_dtype(values):
        return {"key": key, "kind": "f64", "data": values.to_numpy("float64").tobytes()}
    return _text(key, values)


def _whole(key: str, numbers: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Whole numbers as i32, or as float64 where they do not fit (exact to 2^53)."""
    small = np.iinfo("int32")
    if not len(numbers) or (numbers.min() >= small.min and numbers.max() <= small.max):
        return {"key": key, "kind": "i32", "data": numbers.astype("int32").tobytes()}
    return {"key": key, "kind": "whole", "data": numbers.astype("float64").tobytes()}


def _text(key: str, values: pd.Series[Any]) -> dict[str, Any]:
    """Words that come back as codes, text that does not as it is; all of it stays in Arrow's C++."""
    texts = pa.chunked_array([pa.array(values.astype("str"), from_pandas=True)]).cast(pa.string()).combine_chunks()
    coded = texts.dictionary_encode()
    if len(coded.dictionary) <= max(FEW, len(texts) // 2):
        codes = coded.indices.fill_null(-1).to_numpy()
        return {"key": key, "kind": "dict", "data": codes.astype("int32").tobytes(), "dict": coded.dictionary.to_pylist()}
    _validity, offsets, data = texts.fill_null("").buffers()
    return {"key": key, "kind": "utf8", "data": bytes(data or b""), "offsets": bytes(offsets or bytes(4))}
