"""With the console beside it, the HTTP interface still answers with problems."""

from fastapi import FastAPI
from tests.api.calling import caller, serving

from tidegate.api import problems
from tidegate.errors import AccessError
from tidegate.web.console.site import answer_with_pages


def test_an_error_of_the_interface_stays_a_problem():
    app = FastAPI()

    @app.get("/v1/thing")
    def thing() -> None:
        raise AccessError("TG-ACCESS-MISSING", "No API key was sent.")

    problems.install(app)
    answer_with_pages(app, problems.status_of)
    with serving(app) as transport, caller(transport, None) as asking:
        answer = asking.get("/v1/thing")
    assert (answer.status_code, answer.json()["code"]) == (401, "TG-ACCESS-MISSING")
    assert answer.headers["content-type"] == "application/problem+json"
