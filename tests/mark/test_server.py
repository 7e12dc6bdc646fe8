"""The marking room's server: who gets in, and what each request does."""

import asyncio
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from autograder.course import Course
from autograder.errors import CourseError
from autograder.mark.frames import FRAME_POLICY
from autograder.mark.launch import server_config
from autograder.mark.server import course_below

QUESTION = {"assignment": "net", "notebook": "net", "cell": "question-plateau"}


class Served:
    """A Jupyter server in this process, with the marking room, and a client of it."""

    def __init__(self, root: Path, home: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.run_until_complete(self.begin(root, home))

    async def begin(self, root: Path, home: Path) -> None:
        config = server_config(Course(root))
        config.ServerApp.jpserver_extensions = {"autograder.mark": True}
        config.IdentityProvider.token = "t"
        self.app = ServerApp(config=config, config_dir=str(home), runtime_dir=str(home), data_dir=str(home))
        self.app.initialize([], find_extensions=False, new_httpserver=False)
        [socket] = bind_sockets(0, "127.0.0.1")
        self.http = HTTPServer(self.app.web_app)
        self.http.add_sockets([socket])
        self.address = f"http://127.0.0.1:{socket.getsockname()[1]}/autograder/mark"

    def fetch(self, path: str, body: object = None, token: str = "t", **headers: str):
        """The answer; HTTPClientError where the server refuses."""
        if token:
            headers["Authorization"] = f"token {token}"
        method = "GET" if body is None else "POST"
        request = HTTPRequest(
            f"{self.address}/{path}",
            method,
            headers,
            None if body is None else json.dumps(body),
            follow_redirects=False,
        )

        async def fetched():
            return await AsyncHTTPClient().fetch(request)

        return self.loop.run_until_complete(fetched())

    def refused(self, *given, **headers) -> int:
        """The status with which the server refuses."""
        with pytest.raises(HTTPClientError) as caught:
            self.fetch(*given, **headers)
        return caught.value.code

    def get(self, what: str, **query: str):
        return json.loads(self.fetch(f"api/{what}?" + "&".join(f"{k}={quote(v)}" for k, v in query.items())).body)

    def post(self, what: str, **body):
        headers = body.pop("headers", {})
        return json.loads(self.fetch(f"api/{what}", QUESTION | body, **headers).body)

    def close(self) -> None:
        self.app.web_app.settings["autograder_rooms"].close()
        self.http.stop()
        self.loop.run_until_complete(self.app._cleanup())
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()


@pytest.fixture(scope="module")
def served(small_class, tmp_path_factory):
    """A server of a copy of the small class."""
    import shutil

    root = tmp_path_factory.mktemp("served")
    shutil.copytree(small_class.root, root / "course")
    server = Served(root / "course", root / "home")
    yield server
    server.close()


MARK = {"items": ["a"], "more": 0, "comment": "", "again": False}


@pytest.mark.parametrize(
    "path", ["", "page.js", "api/start", "api/overview?assignment=net", "frame/question?assignment=net"]
)
def test_without_the_token_nothing_is_shown(served, path):
    """Is every page and every answer refused to whoever has no token?"""
    assert served.refused(path, token="") in (302, 403)
    assert served.refused(path, token="wrong") in (302, 403)


def test_posts_from_elsewhere_are_refused(served):
    """Is nothing written without the token, nor with only the cookie, from another site, or without the XSRF token?"""
    body = QUESTION | {"answers": {}, "mark": MARK}
    assert served.refused("api/mark", body, token="") == 403
    cookies = served.fetch("?token=t", token="").headers.get_list("Set-Cookie")
    cookie = "; ".join(one.split(";")[0] for one in cookies)
    assert "_xsrf=" in cookie
    xsrf = cookie.partition("_xsrf=")[2].partition(";")[0].strip('"')
    assert served.refused("api/mark", body, token="", Cookie=cookie) == 403
    evil = {"Cookie": cookie, "X-XSRFToken": xsrf, "Origin": "http://attacker.invalid"}
    assert served.refused("api/mark", body, token="", **evil) in (403, 404)
    own = {"Cookie": cookie, "X-XSRFToken": xsrf}
    assert json.loads(served.fetch("api/mark", body, token="", **own).body)["conflicts"] == []


def test_pages_carry_policies(served):
    """May scripts come from the server only, and may nothing run in a frame?"""
    policy = served.fetch("").headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "default-src 'none'" in policy
    state = served.get("question", **QUESTION)
    token = next(iter(state["answers"]))
    query = "&".join(f"{k}={v}" for k, v in QUESTION.items())
    for path in (f"frame/question?{query}", f"frame/answers?{query}&answer={token}&label=x"):
        answer = served.fetch(path)
        assert answer.headers["Content-Security-Policy"] == FRAME_POLICY
        assert b"<script" not in answer.body
    assert b"<img" in answer.body  # the question speaks of the loss curve
    assert b"Marking scheme" in served.fetch(f"frame/question?{query}").body


def test_a_decision_by_a_named_marker(served):
    """Has the history the name that the marker typed, where Jupyter knows none, and is undo for that one only?"""
    state = served.get("question", **QUESTION)
    token = next(token for token, one in state["answers"].items() if one["state"] == "left")
    version = state["answers"][token]["version"]
    ada, bob = {"X-Marker": quote("Ada Ö.")}, {"X-Marker": "Bob"}
    done = served.post("mark", answers={token: version}, mark=MARK, headers=ada)
    assert done["answers"][token]["by"] == "Ada Ö."
    refused = served.post("mark", answers={token: version}, mark=MARK | {"items": ["b"]}, headers=bob)
    assert refused["conflicts"][0]["theirs"]["who"] == "Ada Ö."
    assert served.refused("api/undo", QUESTION, **bob) == 409
    served.post("undo", headers=ada)
    lines = served.get("history", **QUESTION, answer=token)["history"]
    assert [(line["why"], line["score"]) for line in lines] == [("marked", 2), ("undone", None)]


def test_rubric_settings_and_holding(served):
    """Does each of these requests do what it says?"""
    rubric = served.get("question", **QUESTION)["rubric"]
    new = rubric | {"items": [*rubric["items"], {"id": "new", "points": 0.5, "text": "a figure"}]}
    told = served.post("rubric", rubric=new, seen=rubric, apply=False)
    assert (told["touched"], told["moves"]) == (0, [])
    done = served.post("rubric", rubric=new, seen=rubric, apply=True)
    assert done["rubric"]["items"][-1] == {"id": "d", "points": 0.5, "text": "a figure"}
    settings = served.post("settings", settings={"hide_names": True})
    assert settings == {"hide_names": True, "hand_out": "in turn", "markers": []}
    served.post("settings", settings={"hide_names": False})
    token = next(iter(served.get("question", **QUESTION)["answers"]))
    served.post("hold", answers=[token], headers={"X-Marker": "Ada"})
    assert served.get("question", **QUESTION)["answers"][token]["open"] == "Ada"
    assert served.post("renew")["answers"] == {}


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("api/nothing", None, 404),
        ("api/question?assignment=no&notebook=a&cell=b", None, 409),
        ("api/question?assignment=net", None, 400),
        ("api/mark", QUESTION, 400),
        ("api/mark", QUESTION | {"answers": {"x": 0}, "mark": MARK}, 409),
        ("api/mark", QUESTION | {"answers": {}, "mark": MARK | {"more": "much"}}, 400),
        ("api/rubric", QUESTION | {"rubric": {"start": "up", "items": [], "show": None}}, 400),
        ("frame/answers?assignment=net&notebook=net&cell=setup", None, 404),
    ],
)
def test_what_the_page_would_not_send(served, path, body, code):
    """Is a wrong request refused, and not a server error?"""
    assert served.refused(path, body) == code


def test_only_the_markers_of_the_course(served):
    """Is somebody with the token, whom course.toml does not name, kept out?"""
    path = served.app.web_app.settings["autograder_rooms"].course.root / "course.toml"
    before = path.read_text()
    path.write_text(before + 'may_mark = ["ada"]\n')
    try:
        assert served.refused("api/start") == 403
        assert served.refused("api/mark", QUESTION | {"answers": {}, "mark": MARK}) == 403
    finally:
        path.write_text(before)


def test_the_course_is_found_below_the_servers_folder(marked_course, tmp_path):
    """Is a course in a folder of the server found, and is it said where there is none?"""
    assert course_below(marked_course.root.parent).root == marked_course.root
    assert course_below(marked_course.root / "source").root == marked_course.root
    (tmp_path / "empty").mkdir()
    with pytest.raises(CourseError, match="Start Jupyter in your course folder"):
        course_below(tmp_path / "empty")
