"""`autograder doctor`: is everything here that the course needs, and can this machine grade safely?"""

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from autograder.doctor import Fact, MachineReport


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Test whether this machine can grade: packages, tools, data, and every mechanism of the sandbox.

    The exit code is 0 only if submissions can be graded safely on this machine.
    """
    from autograder.doctor import examine

    if as_json:
        report = examine()
        print(json.dumps(as_dict(report), indent=2))
    else:
        from rich.console import Console

        console = Console()
        with console.status("Trying out the sandbox …"):
            report = examine()
        show(report, console)
    raise typer.Exit(0 if report.safe else 1)


def show(report: "MachineReport", console) -> None:
    for title, facts in (
        ("machine", report.machine),
        ("packages", report.packages),
        ("tools", report.tools),
        ("data", report.datasets),
        *([("due times", report.due)] if report.due else []),
        ("places", report.places),
    ):
        if facts:
            console.print(fact_table(title, facts))
    console.print(mechanism_table(report))
    if report.tier:
        console.print(f"Student code runs in the sandbox [bold]{report.tier}[/]: every mechanism was tested and holds.")
    else:
        console.print("[red]Neither sandbox is complete here: grading needs another machine, or --no-sandbox.[/]")
        for hint in report.hints:
            console.print(f"  {hint}")
    if not report.safe and report.tier:
        console.print("[red]Packages or tools are missing, or student code could read the course: see above.[/]")


def fact_table(title: str, facts: "tuple[Fact, ...]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2))
    for fact in facts:
        found = fact.found if fact.ok else f"{fact.found} → {fact.remedy}"
        table.add_row(fact.name, Text(found, style="" if fact.ok else "yellow"))
    return table


def mechanism_table(report: "MachineReport") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(title="sandbox", title_justify="left")
    for column in ("mechanism", "stops", "by: with namespaces / without"):
        table.add_column(column, overflow="fold")
    table.add_column("namespaces")
    table.add_column("landlock")
    for mechanism in report.mechanisms:
        states = [
            Text(f"failed: {result}", style="red") if result else Text("tested", style="green")
            for result in (mechanism.results["namespaces"], mechanism.results["landlock"])
        ]
        table.add_row(mechanism.name, mechanism.stops, mechanism.by, *states)
    return table


def as_dict(report: "MachineReport") -> dict:
    groups = {
        "machine": report.machine,
        "packages": report.packages,
        "tools": report.tools,
        "data": report.datasets,
        "due": report.due,
        "places": report.places,
    }
    facts = {
        group: [{"name": fact.name, "found": fact.found, "ok": fact.ok, "remedy": fact.remedy} for fact in members]
        for group, members in groups.items()
    }
    mechanisms = [
        {
            "name": mechanism.name,
            "stops": mechanism.stops,
            "by": mechanism.by,
            **{tier: f"failed: {result}" if result else "tested" for tier, result in mechanism.results.items()},
        }
        for mechanism in report.mechanisms
    ]
    sandbox = {"tier": report.tier, "mechanisms": mechanisms, "hints": list(report.hints)}
    return {**facts, "sandbox": sandbox, "safe": report.safe}
