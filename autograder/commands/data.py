"""`autograder data`: download a data set, generate a synthetic one, or list what is there."""

from pathlib import Path
from typing import Annotated

import typer


def data(
    name: Annotated[
        str | None, typer.Argument(help="cifar10, mnist, synthetic or synthetic-digits. Leave it out to list them.")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            file_okay=False,
            help="The data folder. Default: the course's; outside a course, one that has it already, or ./data.",
        ),
    ] = None,
) -> None:
    """Download a data set, or generate a synthetic one that needs no network.

    Examples:  autograder data cifar10      autograder data synthetic
    """
    from autograder.data.obtain import obtain
    from autograder.data.registry import find_dataset, known_datasets

    if name is None:
        for dataset in known_datasets().values():
            folder = to or _default_folder(dataset)
            state = f"in {folder / dataset.folder}" if dataset.is_in(folder) else _how_to_get(dataset)
            print(f"{dataset.name:<17} {dataset.title}\n{'':<17} {state}")
        return
    dataset = find_dataset(name)
    folder = to or _default_folder(dataset)
    already = dataset.is_in(folder)
    place = obtain(dataset, folder)
    print(f"{dataset.name}: {'already in' if already else 'written to'} {place}")
    if dataset.generated:
        print(f"This is {dataset.title}.\nIf both are present, the real images are used.")


def _how_to_get(dataset) -> str:
    effort = "generated in seconds" if dataset.generated else f"{dataset.size / 1e6:.0f} MB to download"
    return f"not here; {effort} with  autograder data {dataset.name}"


def _default_folder(dataset) -> Path:
    """The course's data folder; outside a course the one that the notebooks would find the dataset in, or ./data."""
    from autograder.course import find_course
    from autograder.errors import CourseError

    try:
        return find_course().data
    except CourseError:
        above = (folder / "data" for folder in Path.cwd().parents)
        return next((data for data in (Path("data"), *above) if dataset.is_in(data)), Path("data"))
