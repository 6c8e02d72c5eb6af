"""Cut one module presentation out of the Open University's data: how `data/open-university` was made.

    python -m detector.demo.cut_oulad FOLDER [MODULE PRESENTATION]

FOLDER holds the 2013 presentations as the README beside the data describes them. The same input gives the same bytes.
"""

import csv
import gzip
import sys
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Final

OUT: Final = Path(__file__).parent / "data" / "open-university"


def cut(folder: Path, module: str, presentation: str, out: Path = OUT) -> None:
    """Write the module's clicks, submissions, assessments, enrolments and outcomes to `out`."""

    def rows(name: str) -> Iterator[dict[str, str]]:
        opened = gzip.open(folder / name, "rt") if name.endswith(".gz") else (folder / name).open()  # noqa: SIM115
        with opened as file:
            for row in csv.DictReader(file):
                if (row["code_module"], row["code_presentation"]) == (module, presentation):
                    yield row

    clicks: dict[tuple[int, int], dict[str, str]] = {}
    for row in rows("inputs/events.csv.gz"):
        clicks.setdefault((int(row["id_student"]), int(row["date"])), {})[row["activity_type"]] = row["sum_click"]
    activities = sorted({activity for day in clicks.values() for activity in day})
    write(
        out / "clicks.csv.gz",
        ["id_student", "date", *activities],
        ([*key, *(clicks[key].get(activity, "") for activity in activities)] for key in sorted(clicks)),
    )
    for name, source, columns in (
        ("submissions.csv.gz", "inputs/submissions.csv.gz", "id_student date_submitted id_assessment is_banked"),
        ("assessments.csv", "inputs/assessments.csv", "id_assessment assessment_type date weight"),
        ("enrolments.csv.gz", "inputs/enrolments.csv.gz", "id_student date_registration"),
        ("outcomes.csv.gz", "labels/outcomes.csv.gz", "id_student final_result date_unregistration disengaged_day"),
    ):
        picked = [[row[column] for column in columns.split()] for row in rows(source)]
        picked.sort(key=lambda row: (int(row[0]), row))
        write(out / name, columns.split(), picked)


def write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """One CSV file, gzipped without a time stamp where its name ends in .gz."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    data = text.getvalue().encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, 9, mtime=0) if path.suffix == ".gz" else data)


if __name__ == "__main__":
    cut(Path(sys.argv[1]), *(sys.argv[2:4] or ("AAA", "2013J")))
