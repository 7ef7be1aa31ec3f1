"""A report as one HTML page that needs nothing else: the summary first, then every result with what was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from evals.agents.compare import Change
from evals.agents.measures import BY_NAME, Measure
from evals.agents.report import Report, Result, Summary

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1c2430;background:#fff}
table{border-collapse:collapse;width:100%;margin:1rem 0}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #d9dee5;vertical-align:top}
th{background:#f3f5f8}td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
small{color:#566070}details{margin:.4rem 0}summary{cursor:pointer;padding:.3rem 0}
blockquote{margin:.4rem 0;padding:.4rem .8rem;border-left:3px solid #b9c3d0;white-space:pre-wrap}
.bad{color:#a3211f}.good{color:#12663a}ul{margin:.2rem 0 .6rem}
@media (prefers-color-scheme:dark){body{background:#12161c;color:#e3e8ef}th{background:#1c232d}
th,td{border-color:#2c3644}small{color:#9aa7b8}.bad{color:#ff9b95}.good{color:#7fd6a3}}
"""


def write_page(report: Report, file: Path) -> None:
    """Write the page beside the JSON."""
    body = "\n".join(_body(report))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_whole(f"Evaluation: {report.suite}", body), encoding="utf-8")


def write_comparison(changes: Iterable[Change], caveats: Iterable[str], file: Path) -> None:
    """Write a comparison of two runs as a page."""
    rows = "".join(_change_row(change) for change in changes)
    head = "".join(
        f"<th>{name}</th>" for name in ("writer", "measure", "cases", "first", "second", "difference")
    )
    told = "".join(f"<p>{escape(caveat)}</p>" for caveat in caveats)
    table = f"<table><thead><tr>{head}<th>ratio</th><th></th></tr></thead><tbody>{rows}</tbody></table>"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_whole("Two evaluations compared", f"{told}{table}"), encoding="utf-8")


def amount(value: float, measure: Measure) -> str:
    """A value as people read it."""
    if measure.unit == "share":
        return f"{value:.1%}"
    if measure.unit in {"tokens", "micros"}:
        return f"{value:,.0f}"
    return f"{value:.2f}"


def spread(low: float | None, high: float | None, measure: Measure) -> str:
    """An interval as people read it; empty where there is none."""
    if low is None or high is None:
        return ""
    return f"{amount(low, measure)} to {amount(high, measure)}"


def _whole(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>\n{body}\n</main></body></html>\n"
    )


def _body(report: Report) -> Iterator[str]:
    prompts = ", ".join(f"{escape(version)}" for version in report.prompts.values())
    yield (
        f"<p>{report.cases} cases, {report.made_at:%Y-%m-%d %H:%M} UTC, from {escape(report.source)}."
        f"<br><small>Prompts: {prompts or 'none'}. Cases: {report.world_sha256[:12]}.</small></p>"
    )
    yield from (f"<p>{escape(note)}</p>" for note in report.notes)
    yield from _table(report)
    if report.agreement:
        rows = "".join(
            f"<tr><td>{escape(k)}</td><td class=n>{v:.2f}</td></tr>" for k, v in report.agreement.items()
        )
        yield f"<h2>What goes together (Spearman's rho)</h2><table><tbody>{rows}</tbody></table>"
    troubled = [result for result in report.results if result.problem]
    if troubled:
        items = "".join(
            f"<li>{escape(r.writer)}, case {escape(r.case)}: {escape(r.problem)}</li>" for r in troubled
        )
        yield f"<h2>Not scored</h2><details><summary>{len(troubled)} results</summary><ul>{items}</ul></details>"
    yield "<h2>Every case</h2>"
    for case in dict.fromkeys(result.case for result in report.results):
        yield _case(case, [result for result in report.results if result.case == case])


def _table(report: Report) -> Iterator[str]:
    summaries = {(summary.writer, summary.measure): summary for summary in report.summaries()}
    writers = [writer for writer in report.writers if any(key[0] == writer for key in summaries)]
    head = "".join(f"<th>{escape(writer.replace('_', ' '))}</th>" for writer in writers)
    rows, part = [], ""
    for name, measure in BY_NAME.items():
        found = [summaries.get((writer, name)) for writer in writers]
        if not any(found):
            continue
        if measure.part != part:
            part = measure.part
            rows.append(f'<tr><th colspan="{len(writers) + 1}">{escape(part)}</th></tr>')
        cells = "".join(_cell(summary, measure) for summary in found)
        rows.append(f"<tr><td>{escape(measure.title)}</td>{cells}</tr>")
    yield f"<h2>Summary</h2><table><thead><tr><th>measure</th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    yield (
        "<p><small>Means over cases with 95 % intervals (Wilson's for yes or no, else bootstrapped over cases); "
        "n is the number of cases.</small></p>"
    )


def _cell(summary: Summary | None, measure: Measure) -> str:
    if summary is None:
        return "<td class=n>–</td>"
    between = spread(summary.low, summary.high, measure)
    return (
        f"<td class=n>{amount(summary.mean, measure)}<br><small>{between}{'; ' if between else ''}"
        f"n={summary.cases}</small></td>"
    )


def _case(case: str, results: list[Result]) -> str:
    title = next((result.title for result in results if result.title), "")
    inner = "".join(_result(result) for result in results)
    return f"<details><summary><b>{escape(case)}</b> {escape(title)}</summary>{inner}</details>"


def _result(result: Result) -> str:
    if result.problem and not result.text:
        return f"<h3>{escape(result.writer)}</h3><p class=bad>{escape(result.problem)}</p>"
    items = "".join(
        f"<li>{escape(f.measure)}: {escape(f.why)}{f' <small>“{escape(f.span)}”</small>' if f.span else ''}</li>"
        for f in result.findings
    )
    problem = f"<p class=bad>{escape(result.problem)}</p>" if result.problem else ""
    subject = f"<b>{escape(result.subject)}</b>\n\n" if result.subject else ""
    return (
        f"<h3>{escape(result.writer)}</h3>{problem}<blockquote>{subject}{escape(result.text)}</blockquote>"
        f"<ul>{items}</ul>"
    )


def _change_row(change: Change) -> str:
    measure = BY_NAME[change.measure]
    shade = {"better": " class=good", "worse": " class=bad"}.get(change.verdict, "")
    ratio = "" if change.ratio is None else f"{change.ratio:.2f}"
    if change.ratio_low is not None:
        ratio += f"<br><small>{change.ratio_low:.2f} to {change.ratio_high:.2f}</small>"
    return (
        f"<tr><td>{escape(change.writer)}</td><td>{escape(measure.title)}</td><td class=n>{change.cases}</td>"
        f"<td class=n>{amount(change.first, measure)}</td><td class=n>{amount(change.second, measure)}</td>"
        f"<td class=n>{amount(change.difference, measure)}<br>"
        f"<small>{spread(change.low, change.high, measure)}</small></td>"
        f"<td class=n>{ratio}</td><td{shade}>{escape(change.verdict)}</td></tr>"
    )
