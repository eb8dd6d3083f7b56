"""The certificate and report.json, as text and on disk."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rsconform.data import shipped
from rsconform.report.certificate import write_certificate
from rsconform.report.files import UnwritableError, write_reports
from rsconform.report.json_report import as_document, write_json
from rsconform.report.report import Report
from rsconform.run.records import Footer, Instance, SkipReason
from tests.report.journals import (
    errored,
    failed,
    lane,
    passed,
    planned,
    renamed,
    report,
    rich,
    skip,
    skipped,
)


def parsed(made: Report) -> dict[str, Any]:
    return tomllib.loads(write_certificate(made))


def valid(made: Report) -> bool:
    schema = json.loads(shipped("reports").joinpath("schema", "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(write_json(made)))
    return True


class TestCertificate:
    def test_it_has_a_line_for_each_axiom_that_does_not_simply_hold(self) -> None:
        assert parsed(rich())["axioms"] == {
            "violated": {
                "BE-008a": {
                    "level": "MUST",
                    "title": "Title of BE-008a",
                    "failed": ["BE-008a/a[how=stream]"],
                    "flaky": True,
                },
                "BE-021a": {"level": "MUST", "title": "Title of BE-021a", "witnesses": 1},
            },
            "inconclusive": {"BE-012": "MUST: 1 of 1 case errored"},
            "waived": {
                "BE-009": {
                    "level": "MUST",
                    "title": "Title of BE-009",
                    "failed": ["BE-009/a"],
                    "reason": "known",
                    "owner": "ann",
                    "issue": "#7",
                    "until": date(2027, 12, 31),
                }
            },
            "not_exercised": {"BE-010": "MUST: needs audit"},
            "not_taken": {"BE-011b": "MAY: 1 of 1 case failed"},
            "not_applicable": {
                "BE-011": "MAY: only where flat_namespace = true",
                "BE-013": "SHOULD: flat_namespace = false was not observed",
            },
            "holds_in_part": {"BE-006": "MUST: 1 of 2 cases not exercised, needs peer"},
            "untestable": {"BE-014": "needs a second universe"},
        }

    def test_it_says_what_it_rests_on(self) -> None:
        read = parsed(rich())

        assert {key: read[key] for key in ("grade", "edition", "lock", "kit", "contract", "evidence", "audit")} == {
            "grade": "none",
            "edition": "dev, 11 axioms",
            "lock": "abcd",
            "kit": "0.1.0",
            "contract": "0.33.0",
            "evidence": "in_process",
            "audit": "lane",
        }
        assert read["exercised"] == []
        assert read["backend"] == {
            "distribution": "remote-store",
            "version": "0.33.0",
            "class": "pkg.Memory",
            "name": "memory",
            "surface": "sync",
            "capabilities": ["READ", "WRITE"],
        }
        assert read["lane"] == {
            "name": "memory",
            "digest": "1a2b",
            "stage": 1,
            "affordances": ["audit", "seed"],
            "specs": [],
            "traits": {"transport": "none"},
            "observed": {"flat_namespace": "true"},
        }
        assert read["counts"]["SHOULD"] == {"holds": 1, "not_applicable": 1}

    def test_it_says_what_the_lane_talks_to_if_the_lane_does(self) -> None:
        service = "a server, patched in one place"
        made = report(passed("BE-008/a"), lane=lane(service=service))

        assert tomllib.loads(write_certificate(made))["lane"]["service"] == service
        assert valid(made)
        assert json.loads(write_json(made))["lane"]["service"] == service
        assert "service" not in tomllib.loads(write_certificate(report(passed("BE-008/a"))))["lane"]

    def test_it_does_not_change_with_time_place_order_or_words_of_an_error(self) -> None:
        made = report(failed("BE-006/a"), errored("BE-007/a", "127.0.0.1:4711 refused"), passed("BE-008/a"))
        again = report(
            passed("BE-008/a", duration_s=9.5, worker="gw1"),
            errored("BE-007/a", "127.0.0.1:4712 refused"),
            failed("BE-006/a"),
            date="2028-01-01",
            seed=1,
            rerun_command="cd /somewhere; rsconform run",
            lane=lane(affordances=("seed", "audit")),
        )

        assert write_certificate(made) == write_certificate(again)

    def test_a_skip_that_does_not_apply_is_no_line(self) -> None:
        made = report(passed("BE-006/a"), skipped("BE-006/b", skip("GLOB", SkipReason.CAPABILITY)))

        assert parsed(made)["axioms"] == {}


class TestJson:
    def test_a_rich_report_fits_the_schema(self) -> None:
        assert valid(rich())

    @pytest.mark.parametrize(
        "made",
        [
            report(plan=[], footer=None, instance=None),
            report(plan=[planned("BE-006/a")], instance=Instance(unreachable="refused"), footer=Footer("limit", "x")),
            report(failed("BE-006/a", failure=None)),
        ],
        ids=["empty", "unreachable", "without words"],
    )
    def test_a_poor_report_fits_the_schema(self, made: Report) -> None:
        assert valid(made)

    def test_the_schema_refuses_a_key_it_does_not_know(self) -> None:
        schema = json.loads(shipped("reports").joinpath("schema", "report.schema.json").read_text(encoding="utf-8"))

        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(schema).validate({**json.loads(write_json(rich())), "more": 1})

    def test_violated_lists_the_axioms_and_violated_must_those_of_that_level(self) -> None:
        made = rich()
        *others, last = made.verdicts
        softer = replace(made, verdicts=(*others, replace(last, axiom=replace(last.axiom, level="MAY"))))
        document = as_document(softer)

        assert document["violated"] == ["BE-008a", "BE-021a"]
        assert document["violated_must"] == ["BE-008a"]


class TestFiles:
    def test_a_whole_run_writes_every_file_and_the_same_again(self, tmp_path: Path) -> None:
        written = write_reports(rich(), tmp_path)
        assert written.certificate == tmp_path / "memory" / "certificate.toml"
        first = written.certificate.read_bytes()

        write_reports(rich(), tmp_path)

        assert written.certificate.read_bytes() == first
        assert sorted(path.name for path in (tmp_path / "memory").iterdir()) == [
            "certificate.toml",
            "junit.xml",
            "report.html",
            "report.json",
        ]

    def test_a_partial_run_leaves_an_earlier_certificate_alone(self, tmp_path: Path) -> None:
        whole = write_reports(rich(), tmp_path)
        assert whole.certificate is not None
        before = whole.certificate.read_bytes()

        written = write_reports(report(failed("BE-006/a"), complete=False), tmp_path)

        assert written.certificate is None
        assert whole.certificate.read_bytes() == before
        assert json.loads(written.report.read_text(encoding="utf-8"))["violated"] == ["BE-006"]

    def test_a_lane_named_by_a_path_stays_in_the_folder(self, tmp_path: Path) -> None:
        written = write_reports(renamed(rich(), "../up/my backend.py:make"), tmp_path)

        assert written.report == tmp_path / "up_my_backend.py_make" / "report.json"

    def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(self, tmp_path: Path) -> None:
        in_the_way = tmp_path / "reports"
        in_the_way.write_text("a file")

        with pytest.raises(UnwritableError, match="Name another folder with --reports") as caught:
            write_reports(rich(), in_the_way)

        assert caught.value.path == in_the_way / "memory"

    def test_a_file_that_cannot_be_replaced_leaves_no_rest(self, tmp_path: Path) -> None:
        (tmp_path / "memory" / "report.json" / "x").mkdir(parents=True)

        with pytest.raises(UnwritableError):
            write_reports(rich(), tmp_path)

        assert [path.name for path in (tmp_path / "memory").iterdir()] == ["report.json"]
