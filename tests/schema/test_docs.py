from __future__ import annotations

from pathlib import Path

from simk8s.schema.docs import markdown
from simk8s.schema.folder import FOLDER

DOCS = Path(__file__).parents[2] / "docs" / "results.md"


def test_docs_results_md_is_current():
    assert DOCS.read_text(encoding="utf-8") == markdown(), "python -m simk8s.schema.docs"


def test_every_column_is_in_it():
    text = markdown()
    for table in FOLDER.values():
        assert f"## {table.name}.parquet\n" in text
        for column in table.columns:
            assert f"| `{column.name}` | {column.dtype} |" in text
