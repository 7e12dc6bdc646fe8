"""The marking room as an extension of Jupyter Server: pages, and what they ask the server, under autograder/mark/.

A request needs the server's token or cookie; one that changes something needs the page's XSRF token too. All
reading and writing happens in one thread, which the requests wait for.
"""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.utils import url_path_join
from pydantic import ValidationError
from tornado import web

from autograder.course import CONFIG, Course, find_course
from autograder.errors import CourseError
from autograder.mark.frames import FRAME_POLICY, Shown, answers_page, question_page
from autograder.mark.marks import Decision
from autograder.mark.room import Room
from autograder.mark.rubric import QuestionRubric

PREFIX = "autograder/mark"
PAGE = Path(__file__).parent / "page"
STATIC = {"page.js": "text/javascript", "page.css": "text/css"}
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
RESOURCE = "autograder_mark"
MAX_NAME = 60
MAX_SHOWN = 60
ANONYMOUS = "Anonymous "
T = TypeVar("T")


def course_below(root: Path) -> Course:
    """The course that the server's folder lies in, or the only one in a folder below it.

    Raises:
        CourseError: there is none, or more than one.
    """
    try:
        return find_course(root)
    except CourseError:
        found = sorted(path.parent for path in root.glob(f"*/{CONFIG}"))
        if len(found) != 1:
            names = f": {', '.join(path.name for path in found)}" if found else ""
            raise CourseError(
                f"{root} is not in a course, and {len(found)} folders in it are courses{names}. "
                "Start Jupyter in your course folder."
            ) from None
        return Course(found[0])


class Rooms:
    """The assignments that are open, and the thread that they are used in."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.thread = ThreadPoolExecutor(1, "marking")
        self.rooms: dict[str, tuple[tuple, Room]] = {}

    async def run(self, work: Callable[[], T]) -> T:
        """Do something in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, work)

    @property
    def course(self) -> Course:
        return course_below(self.root)

    def room(self, name: str) -> Room:
        """The room of an assignment, opened again where its source has changed; in the thread only."""
        course = self.course
        stamp = tuple(
            (path.name, path.stat().st_mtime_ns)
            for path in sorted((course.source / name).glob("*"))
            if path.suffix in (".ipynb", ".py", ".toml") and path.name != "rubric.toml"
        )
        known = self.rooms.get(name)
        if known is None or known[0] != stamp:
            if known is not None:
                del self.rooms[name]
                known[1].__exit__()
            self.rooms[name] = stamp, Room(course, name).__enter__()
        return self.rooms[name][1]

    def assignments(self) -> list[dict[str, str]]:
        """Those with graded submissions."""
        course = self.course
        names = [name for name in course.assignment_names() if any(course.autograded.glob(f"*/{name}"))]
        return [{"name": name, "title": course.assignment(name).title} for name in names]

    def close(self) -> None:
        def leave() -> None:
            for _, room in self.rooms.values():
                room.__exit__()
            self.rooms.clear()

        self.thread.submit(leave).result()
        self.thread.shutdown()


class ForMarkers(JupyterHandler):
    """What all requests share: who asks, and may they?"""

    auth_resource = RESOURCE

    @property
    def rooms(self) -> Rooms:
        return self.settings["autograder_rooms"]

    @property
    def anonymous(self) -> bool:
        """Does Jupyter not know who it is? Then whoever has the token says so."""
        return self.current_user.display_name.startswith(ANONYMOUS)

    @property
    def who(self) -> str:
        """The marker's name, for the history."""
        if not self.anonymous:
            return self.current_user.username[:MAX_NAME]
        given = unquote(self.request.headers.get("X-Marker", ""))
        said = " ".join("".join(sign for sign in given if sign.isprintable()).split())
        return said[:MAX_NAME] or self.current_user.display_name

    def check_marker(self) -> None:
        """Refuses whoever the course does not let mark."""
        allowed = self.rooms.course.settings.may_mark
        if allowed and self.current_user.username not in allowed:
            raise web.HTTPError(403, f"course.toml: may_mark does not name {self.current_user.username}.")

    def key(self, given: Any) -> tuple[Room, tuple[str, str]]:
        """The room and question that a request is about; in the thread only."""
        room = self.rooms.room(str(given("assignment")))
        return room, room.asked(str(given("notebook")), str(given("cell")))


class MarkingPage(ForMarkers):
    """The page itself."""

    @property
    def content_security_policy(self) -> str:
        return PAGE_POLICY

    @web.authenticated
    @authorized
    def get(self, name: str) -> None:
        self.xsrf_token  # noqa: B018 (asking for it sets the cookie that the page's requests need)
        if name not in STATIC and name:
            raise web.HTTPError(404)
        self.set_header("Content-Type", f"{STATIC.get(name, 'text/html')}; charset=utf-8")
        self.set_header("Cache-Control", "no-cache")
        self.finish((PAGE / (name or "page.html")).read_bytes())


class ToMarkingPage(ForMarkers):
    """The address without its slash."""

    @web.authenticated
    def get(self) -> None:
        query = f"?{self.request.query}" if self.request.query else ""
        self.redirect(url_path_join(self.base_url, PREFIX) + "/" + query)


class FramePage(ForMarkers):
    """What is in the page's frames: the question, or some answers."""

    @property
    def content_security_policy(self) -> str:
        return FRAME_POLICY

    @web.authenticated
    @authorized
    async def get(self, what: str) -> None:
        self.check_marker()

        def made() -> str:
            room, key = self.key(self.get_query_argument)
            if what == "question":
                return question_page(room.questions[key])
            tokens = self.get_query_arguments("answer")[:MAX_SHOWN]
            labels = self.get_query_arguments("label")
            students = room.students(key, tokens)
            shown = [
                Shown(label, room.answers.of[key][student].text, room.store.autograded(student) / f"{key[0]}.ipynb")
                for student, label in zip(students, [*labels, *[""] * len(students)], strict=False)
            ]
            return answers_page(shown, room.questions[key], room.rubric_of(key).show)

        try:
            self.finish(await self.rooms.run(made))
        except CourseError as error:
            raise web.HTTPError(404, str(error)) from None


class MarkingApi(ForMarkers, APIHandler):
    """What the page asks and what it wants written, in JSON."""

    @web.authenticated
    @authorized
    async def get(self, what: str) -> None:
        await self.answer(what, READS, self.get_query_argument)

    @web.authenticated
    @authorized
    async def post(self, what: str) -> None:
        body = self.get_json_body() or {}

        def given(name: str, default: Any = None) -> Any:
            return body.get(name, default)

        await self.answer(what, WRITES, given)

    async def answer(self, what: str, known: dict[str, Callable], given: Callable) -> None:
        if what not in known:
            raise web.HTTPError(404)
        self.check_marker()
        try:
            self.finish(json.dumps(await self.rooms.run(lambda: known[what](self, given))))
        except (ValidationError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise web.HTTPError(400, f"this is not what the page sends: {error}") from error
        except CourseError as error:
            self.set_status(409)
            self.finish(json.dumps({"message": str(error)}))


# --- what a request does; in the thread only --------------------------------------------------------------------------


def start(handler: MarkingApi, given: Callable) -> dict:
    rooms = handler.rooms
    return {
        "course": rooms.course.settings.name or rooms.course.root.name,
        "who": handler.who,
        "anonymous": handler.anonymous,
        "assignments": rooms.assignments(),
    }


def overview(handler: MarkingApi, given: Callable) -> dict:
    room = handler.rooms.room(given("assignment"))
    return room.overview() | {"settings": room.settings()}


def question(handler: MarkingApi, given: Callable) -> dict:
    room, key = handler.key(given)
    return room.question(key, handler.who)


def history(handler: MarkingApi, given: Callable) -> dict:
    room, key = handler.key(given)
    return {"history": room.history(key, given("answer"))}


def mark(handler: MarkingApi, given: Callable) -> dict:
    room, key = handler.key(given)
    wanted = given("mark")
    decision = Decision(
        tuple(map(str, wanted["items"])), float(wanted["more"]), str(wanted["comment"]), bool(wanted["again"])
    )
    seen = {str(token): int(version) for token, version in given("answers").items()}
    return room.mark(key, seen, decision, handler.who)


def undo(handler: MarkingApi, given: Callable) -> dict:
    room, key = handler.key(given)
    return room.undo(key, handler.who)


def rubric(handler: MarkingApi, given: Callable) -> dict:
    room, key = handler.key(given)
    wanted = given("rubric")
    changed = QuestionRubric(start=wanted["start"], item=tuple(wanted["items"]), show=wanted["show"])
    return room.change_rubric(key, changed, handler.who, bool(given("apply")), given("seen"))


def renew(handler: MarkingApi, given: Callable) -> dict:
    room, key = handler.key(given)
    return room.renew(key, handler.who)


def settings(handler: MarkingApi, given: Callable) -> dict:
    return handler.rooms.room(given("assignment")).change_settings(given("settings"))


def hold(handler: MarkingApi, given: Callable) -> dict:
    room, key = handler.key(given)
    return room.hold(key, [str(token) for token in given("answers")], handler.who)


READS = {"start": start, "overview": overview, "question": question, "history": history}
WRITES = {"mark": mark, "undo": undo, "rubric": rubric, "renew": renew, "settings": settings, "hold": hold}


# --- the extension ----------------------------------------------------------------------------------------------------


def _load_jupyter_server_extension(serverapp: Any) -> None:
    """Called by Jupyter Server when it starts."""
    web_app = serverapp.web_app
    web_app.settings["autograder_rooms"] = Rooms(Path(serverapp.root_dir))
    base = url_path_join(web_app.settings["base_url"], PREFIX)
    web_app.add_handlers(
        ".*$",
        [
            (base, ToMarkingPage),
            (f"{base}/(page\\.js|page\\.css|)", MarkingPage),
            (f"{base}/frame/(question|answers)", FramePage),
            (f"{base}/api/([a-z]+)", MarkingApi),
        ],
    )
