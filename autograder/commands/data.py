"""`autograder data`: download a dataset, generate the stand-in, or list what there is."""

from pathlib import Path
from typing import Annotated

import typer


def data(
    name: Annotated[
        str | None, typer.Argument(help="cifar10, mnist, synthetic or synthetic-digits; without it, list them.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="The data folder. Default: the course's, or ./data outside a course.")
    ] = None,
) -> None:
    """Download a dataset, or generate a stand-in that needs no network."""
    from autograder.data.obtain import obtain
    from autograder.data.registry import find_dataset, known_datasets

    folder = to or _default_folder()
    if name is None:
        for dataset in known_datasets().values():
            state = f"in {folder / dataset.folder}" if dataset.is_in(folder) else _how_to_get(dataset)
            print(f"{dataset.name:<17} {dataset.title}\n{'':<17} {state}")
        return
    dataset = find_dataset(name)
    already = dataset.is_in(folder)
    place = obtain(dataset, folder)
    print(f"{dataset.name}: {'already in' if already else 'written to'} {place}")
    if dataset.generated:
        print(f"This is {dataset.title}.\nThe real images win wherever both are.")


def _how_to_get(dataset) -> str:
    effort = "generated in seconds" if dataset.generated else f"{dataset.size / 1e6:.0f} MB to download"
    return f"not here; {effort} with  autograder data {dataset.name}"


def _default_folder() -> Path:
    from autograder.course import find_course
    from autograder.errors import CourseError

    try:
        return find_course().data
    except CourseError:
        return Path("data")
