"""What the commands of a page need around them, as a program: `programs.py serves COMMAND…`, and so on."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

STUDENTS = {"ada": ("Lovelace", 101), "bea": ("Boole", 102), "hal": ("Hopper", 103)}
"""The students of every starting point: id -> family name and Canvas's number. The given name is the id."""


def serves(*command: str) -> None:
    """Start a server, open the page that it prints, and stop it."""
    if command[0] == "jupyter" and os.geteuid() == 0:
        command += ("--allow-root",)
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        said = ""
        for line in server.stdout:
            said += line
            if address := re.search(r"https?://(?:localhost|127\.0\.0\.1)\S+", line):
                break
        else:
            sys.exit(f"{command}: no address.\n{said}")
        for _ in range(60):
            try:
                with urllib.request.urlopen(address[0], timeout=60) as answer:
                    assert b"<html" in answer.read().lower()
                break
            except urllib.error.URLError:  # the address is printed before the server listens
                time.sleep(0.5)
        else:
            sys.exit(f"{address[0]} does not answer.")
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def canvas_zip(submitted: str, assignment: str, target: str) -> None:
    """What Canvas gives to download for submissions as they lie in submitted/: one zip a student in a zip."""
    with zipfile.ZipFile(target, "w") as download:
        for student in sorted(Path(submitted).iterdir()):
            family, number = STUDENTS[student.name]
            folder = student / assignment
            inner = Path(target).with_name(f"{student.name}.zip.part")
            with zipfile.ZipFile(inner, "w") as own:
                for path in sorted(folder.rglob("*")):
                    if path.is_file():
                        own.write(path, f"{assignment}/{path.relative_to(folder)}")
            given = student.name
            download.write(inner, f"{family.lower()}{given}_{number}_{number + 9000}_{assignment}.zip")
            inner.unlink()


def tables(title: str, assignment: str) -> None:
    """A roster under the names that pages give it, and Canvas's gradebook.csv, in the current folder."""
    people = [(student, f"{student.title()} {family}", number) for student, (family, number) in STUDENTS.items()]
    header = f"id,name,email,section,canvas id,extension {assignment}\n"
    roster = header + "".join(f"{id},{name},{id}@uni.edu,A,{number},\n" for id, name, number in people)
    for name in ("FILE.csv", "students.csv", "participants.csv"):
        Path(name).write_text(roster, encoding="utf-8")
    rows = "".join(f'"{name.split()[1]}, {name.split()[0]}",{number},{id},,A,\n' for id, name, number in people)
    columns = f"Student,ID,SIS User ID,SIS Login ID,Section,{title} (5511)\n    Points Possible,,,,,\n"
    Path("gradebook.csv").write_text(columns + rows, encoding="utf-8")


def ask(notebook: str, cell: str, line: str) -> None:
    """Write a line at the end of a cell, as a student does who asks for a regrade."""
    import nbformat

    found = nbformat.read(notebook, as_version=4)
    (text,) = (item for item in found.cells if item.id == cell)
    text.source += f"\n\n{line}"
    nbformat.write(found, notebook)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
