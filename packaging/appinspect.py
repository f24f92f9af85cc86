"""Runs Splunk's AppInspect on the package and judges its report; run by ``make appinspect``.

Two inspections: the package as it is, without the checks tagged ``ast`` (reading numpy's syntax trees takes more than
20 GB), and with every check on the app without lib/. AppInspect's exit code is 0 whatever it finds, so the JSON report is
read: no failure, no error, and no warning that docs/appinspect.md does not list by the name of its check with a reason.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPINSPECT = ROOT / ".venv-appinspect" / "bin" / "splunk-appinspect"
REPORTS = ROOT / "build" / "appinspect"
REASONS = ROOT / "docs" / "appinspect.md"

# Splunkbase and Splunk Cloud vetting, and what they will ask for next.
TAGS = ("splunk_appinspect", "cloud", "future", "private_app", "private_victoria", "private_classic", "migration_victoria")

# A package for x86-64 fails by its nature; docs/appinspect.md says what that means.
NOT_MEANT = ("aarch64_compatibility",)

MEMORY_BYTES = 8 * 2**30
TIME_S = 1200

# Results that ask for something; the others are success, not_applicable and skipped.
FAILURES = ("failure", "error")
WARNINGS = ("warning", "future_failure", "manual_check")


class InspectionError(Exception):
    """AppInspect gave no report."""


def main() -> None:
    package = Path(sys.argv[1])
    REPORTS.mkdir(parents=True, exist_ok=True)
    trimmed = REPORTS / "without-lib.spl"
    subprocess.run([sys.executable, ROOT / "packaging/build.py", "--without-lib", "--output", trimmed], check=True)
    listed = set(re.findall(r"^### `(check_\w+)`", REASONS.read_text(encoding="utf-8"), re.M))
    print("==> AppInspect: every check without lib/, and the package without the ast checks (minutes)", flush=True)
    with ThreadPoolExecutor() as pool:
        inspections = [
            pool.submit(inspect, trimmed, excluded=NOT_MEANT),
            pool.submit(inspect, package, excluded=(*NOT_MEANT, "ast")),
        ]
        findings = {name: text for inspection in inspections for name, text in inspection.result().items()}
    failures = {name: text for (name, result), text in findings.items() if result in FAILURES}
    unlisted = {name: text for (name, result), text in findings.items() if result in WARNINGS and name not in listed}
    for name, text in {**failures, **unlisted}.items():
        print(f"\n{name}\n{text}")
    stale = listed - {name for name, _ in findings}
    if stale:
        print(f"==> AppInspect no longer says {', '.join(sorted(stale))}; delete from {REASONS.relative_to(ROOT)}")
    if failures or unlisted or stale:
        sys.exit(f"AppInspect: {len(failures)} failures, {len(unlisted)} warnings without a reason in docs/appinspect.md")
    print(f"==> AppInspect: no failures, no errors; {len(listed)} checks warn, each with a reason in docs/appinspect.md")


def inspect(package: Path, *, excluded: tuple[str, ...]) -> dict[tuple[str, str], str]:
    """Findings of one inspection: (check, result) → its messages. InspectionError if there is no report."""
    report = REPORTS / f"{package.stem}.json"
    report.unlink(missing_ok=True)
    command = [str(APPINSPECT), "inspect", str(package), "--mode", "precert", "--data-format", "json"]
    command += ["--output-file", str(report)]
    command += [word for tag in TAGS for word in ("--included-tags", tag)]
    command += [word for tag in excluded for word in ("--excluded-tags", tag)]
    log = report.with_suffix(".log")
    with log.open("w") as output:
        try:
            subprocess.run(command, stdout=output, stderr=output, timeout=TIME_S, preexec_fn=limit_memory)
        except subprocess.TimeoutExpired:
            raise InspectionError(f"AppInspect did not end within {TIME_S} s; see {log}.") from None
    if not report.exists():
        last = log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
        raise InspectionError(f"AppInspect wrote no report ({last}); see {log}.")
    content = json.loads(report.read_text(encoding="utf-8"))
    counts = ", ".join(f"{count} {kind}" for kind, count in content["summary"].items() if count)
    print(f"    {package.name}: {counts}", flush=True)
    findings = {}
    for group in content["reports"][0]["groups"]:
        for check in group["checks"]:
            if check["result"] in FAILURES + WARNINGS:
                lines = [f"  {check['result']}: {message['message']}" for message in check["messages"]]
                findings[check["name"], check["result"]] = "\n".join(lines)
    return findings


def limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


if __name__ == "__main__":
    try:
        main()
    except InspectionError as error:
        sys.exit(str(error))
