"""The page of the API, `/docs`: what it offers to somebody who needs a token."""

from tests.browser.visitor import OpenVisitor
from tests.web.serving import serving


def test_a_token_can_be_given(visit: OpenVisitor) -> None:
    """By a form with a field for a token and one for a password; nothing of it is against the page's own policy."""
    with serving() as address:
        page = visit().page
        page.goto(f"{address.url}docs")
        page.get_by_role("button", name="Authorize").first.click()
        form = page.get_by_role("dialog").or_(page.locator(".dialog-ux")).first
        form.wait_for()
        said = form.inner_text()
        assert "token" in said
        assert "http, Bearer" in said
        assert "password" in said
        assert form.locator("input[type=password]").count() == 1
