"""Options and fixtures of all tests."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run write the generated files anew, instead of comparing with them."""
    parser.addoption("--update-docs", action="store_true", help="write the generated reference pages anew")
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew; read the diff")


@pytest.fixture
def update_docs(request: pytest.FixtureRequest) -> bool:
    """Whether generated pages are to be written rather than compared."""
    return bool(request.config.getoption("--update-docs"))


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written rather than compared."""
    return bool(request.config.getoption("--update-golden"))
