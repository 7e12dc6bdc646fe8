import re
from pathlib import Path

import pytest

from autograder.data import registry
from autograder.data.registry import find_dataset, known_datasets
from autograder.errors import CourseError


def test_the_registry_describes_what_can_be_had():
    """Does every entry say where it lives, and every file how to tell that it is right?"""
    known = known_datasets()
    assert list(known) == ["cifar10", "mnist", "synthetic", "synthetic-digits"]
    assert known["synthetic"].generated
    assert known["synthetic-digits"].generated
    assert known["cifar10"].size == 170498071
    assert known["mnist"].size == 11594722
    for file in (file for dataset in known.values() for file in dataset.files):
        assert re.fullmatch(r"(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})", file.checksum)
        assert len(file.urls) >= 2
        assert all(url.endswith(f"/{file.name}") for url in file.urls)


def test_a_misspelt_name_is_corrected():
    """Does the error name what was meant, and what there is?"""
    with pytest.raises(CourseError, match=r'"cifar-10"\. Did you mean cifar10\? There are: cifar10, mnist, synthetic'):
        find_dataset("cifar-10")


def test_a_wheel_carries_the_registry_beside_the_module(tmp_path, monkeypatch):
    """Is the carried file taken where there is one, and the checkout's otherwise?"""
    assert registry.registry_file() == Path(registry.__file__).parents[2] / "data" / "registry.toml"
    monkeypatch.setattr(registry, "__file__", str(tmp_path / "registry.py"))
    (tmp_path / "registry.toml").touch()
    assert registry.registry_file() == tmp_path / "registry.toml"
