import csv
import gzip
from pathlib import Path

import detector.demo
from detector.demo.cut_oulad import cut

BUNDLE = Path(detector.demo.__file__).parent / "data" / "open-university"


def test_the_bundle_is_smaller_than_half_a_megabyte() -> None:
    assert sum(path.stat().st_size for path in BUNDLE.iterdir()) < 500_000


def test_attribution_licence_and_changes_stand_beside_the_data() -> None:
    text = (BUNDLE / "README.md").read_text()
    for needed in ("Kuzilek", "10.1038/sdata.2017.171", "CC BY 4.0", "## Changes made"):
        assert needed in text


def test_the_bundle_tells_no_demographics_and_no_scores() -> None:
    told = set()
    for path in BUNDLE.glob("*.csv*"):
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        told |= set(text.decode().splitlines()[0].split(","))
    assert not told & {"gender", "region", "age_band", "imd_band", "disability", "highest_education", "score"}


def test_a_cut_keeps_one_module_adds_up_activities_by_day_and_gives_the_same_bytes_again(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "inputs").mkdir(parents=True)
    (source / "labels").mkdir()
    head = "code_module,code_presentation,"
    tables = {
        "inputs/events.csv.gz": (
            "id_student,date,activity_type,sum_click\nM,P,7,3,url,2\nM,P,7,-1,url,4\nM,P,7,3,quiz,5\nX,P,7,3,url,9\n"
        ),
        "inputs/submissions.csv.gz": "id_student,id_assessment,date_submitted,is_banked,score\nM,P,7,1,19,0,80\n",
        "inputs/assessments.csv": "id_assessment,assessment_type,date,weight\nM,P,1,TMA,20,100.0\nX,P,2,TMA,5,100.0\n",
        "inputs/enrolments.csv.gz": "id_student,date_registration,studied_credits\nM,P,9,-5,60\nM,P,7,-4,60\n",
        "labels/outcomes.csv.gz": "id_student,final_result,date_unregistration,disengaged_day\nM,P,7,Pass,,\n",
    }
    for name, text in tables.items():
        data = (head + text).encode()
        (source / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    for out in ("one", "two"):
        cut(source, "M", "P", tmp_path / out)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert [(tmp_path / "one" / name).read_bytes() for name in files] == [
        (tmp_path / "two" / name).read_bytes() for name in files
    ]
    with gzip.open(tmp_path / "one" / "clicks.csv.gz", "rt") as file:
        assert list(csv.reader(file)) == [
            ["id_student", "date", "quiz", "url"],
            ["7", "-1", "", "4"],
            ["7", "3", "5", "2"],
        ]
    with gzip.open(tmp_path / "one" / "enrolments.csv.gz", "rt") as file:
        assert list(csv.reader(file)) == [["id_student", "date_registration"], ["7", "-4"], ["9", "-5"]]
