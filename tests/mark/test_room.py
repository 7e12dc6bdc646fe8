"""An assignment in the marking room: what markers see, and what lands in the gradebook."""

import io

import pytest
from rich.console import Console

from autograder.amend.terminal import amend_and_show
from autograder.errors import CourseError
from autograder.grade.run.start import started
from autograder.gradebook.opening import open_gradebook
from autograder.gradebook.scores import scores_by_student
from autograder.gradebook.store import Store
from autograder.mark.marks import OTHER, Decision
from autograder.mark.room import Room
from autograder.mark.rubric import TAKE, QuestionRubric, RubricItem, read_rubric, write_rubric

PLATEAU, GAP, MEAN = (("net", f"question-{name}") for name in ("plateau", "gap", "mean"))


def seen(state, *names):
    """Token -> version of these students' answers, as the page has them."""
    by_student = {answer["student"]: token for token, answer in state["answers"].items()}
    return {by_student[name]: state["answers"][by_student[name]]["version"] for name in names}


def of(state, student):
    return next(answer for answer in state["answers"].values() if answer["student"] == student)


def in_gradebook(course, key, student):
    """(manual score, comment, waiting) in nbgrader's own tables."""
    with open_gradebook(course) as gradebook:
        grade = gradebook.find_grade(key[1], key[0], "net", student)
        comment = gradebook.find_comment(key[1], key[0], "net", student)
        return grade.manual_score, comment.manual_comment, grade.needs_manual_grade


def test_what_a_marker_sees(marked_course):
    """Are questions, rubrics from the scheme, and groups of like answers there, and is everything left?"""
    with Room(marked_course, "net") as room:
        overview = room.overview()
        assert [(q["title"], q["points"], q["left"]) for q in overview["questions"]] == [
            ("Question 1", 5, 8), ("Question 2", 3, 8), ("Question 3", 2, 8),
        ]  # fmt: skip
        state = room.question(PLATEAU, "ada")
        assert [(item["id"], item["points"]) for item in state["rubric"]["items"]] == [("a", 2), ("b", 2), ("c", 1)]
        groups = [
            (group["kind"], {state["answers"][one]["student"] for one in group["answers"]}) for group in state["groups"]
        ]
        assert groups[0][0] == "empty"
        assert "s002" in groups[0][1]
        assert ("same", {"s000", "s001"}) in groups
        means = room.question(MEAN, "ada")
        assert {"s000", "s001"} <= {means["answers"][one]["student"] for one in means["groups"][1]["answers"]}
        asked = room.questions[PLATEAU]
        assert asked.text.startswith("**Question 1 (5 points).**")
        assert "MARK SCHEME" not in asked.text
        assert asked.model.startswith("All scores are nearly zero")
        assert asked.nearby == ("setup", "loss-plot")


def test_a_group_decision_lands_in_the_gradebook(marked_course):
    """Do score and comment of each member reach nbgrader, and the late penalty of those who were late?"""
    with Room(marked_course, "net") as room:
        state = room.question(PLATEAU, "ada")
        done = room.mark(PLATEAU, seen(state, "s000", "s001", "s006"), Decision(("b", "a"), 0.5, "Well put."), "ada")
        assert done["conflicts"] == []
        assert {one["score"] for one in done["answers"].values()} == {4.5}
        assert room.overview()["questions"][0]["left"] == 5
    score, comment, waiting = in_gradebook(marked_course, PLATEAU, "s001")
    assert (score, waiting) == (4.5, False)
    assert comment == (
        "* +2: equal scores give every class 1/10, hence ln 10\n* +2: small weights make small gradients\n"
        "* +0.5: further points\n\nWell put."
    )
    with open_gradebook(marked_course) as gradebook:
        assert gradebook.find_submission("net", "s006").late_submission_penalty == pytest.approx(0.45)
    scores = scores_by_student(marked_course, marked_course.assignment("net"))
    assert scores["s006"].total == pytest.approx(4.05)
    assert scores["s000"].of(*PLATEAU).comment == comment


def test_nobody_overwrites_another(marked_course):
    """Is the second of two decisions refused with both shown, and written once the first was seen?"""
    with Room(marked_course, "net") as one, Room(marked_course, "net") as other:
        state = one.question(PLATEAU, "ada")
        stale = seen(other.question(PLATEAU, "bob"), "s000", "s003")
        one.mark(PLATEAU, seen(state, "s000"), Decision(("a",)), "ada")
        done = other.mark(PLATEAU, stale, Decision(("b", "c"), comment="mine"), "bob")
        [conflict] = done["conflicts"]
        assert (conflict["yours"]["score"], conflict["theirs"]["score"], conflict["theirs"]["who"]) == (3, 2, "ada")
        assert in_gradebook(marked_course, PLATEAU, "s000")[0] == 2
        assert in_gradebook(marked_course, PLATEAU, "s003")[0] == 3
        again = other.mark(PLATEAU, seen(other.question(PLATEAU, "bob"), "s000"), Decision(("b", "c")), "bob")
        assert again["conflicts"] == []
        assert [(line["who"], line["score"]) for line in one.history(PLATEAU, conflict["answer"])] == [
            ("ada", 2), ("bob", 3),
        ]  # fmt: skip


def test_undo_takes_a_group_back(marked_course):
    """Is a decision taken back for all it was for, but for those that somebody has decided about since?"""
    with Room(marked_course, "net") as room:
        room.mark(PLATEAU, seen(room.question(PLATEAU, "ada"), "s000"), Decision(("a",)), "ada")
        room.mark(PLATEAU, seen(room.question(PLATEAU, "ada"), "s000", "s001"), Decision(("b", "c")), "ada")
        room.undo(PLATEAU, "ada")
        assert in_gradebook(marked_course, PLATEAU, "s000")[0] == 2
        assert in_gradebook(marked_course, PLATEAU, "s001") == (None, None, True)
        room.mark(PLATEAU, seen(room.question(PLATEAU, "bob"), "s001"), Decision(("c",)), "bob")
        room.mark(PLATEAU, seen(room.question(PLATEAU, "ada"), "s001"), Decision(("b",)), "ada")
        room.undo(PLATEAU, "ada")
        assert in_gradebook(marked_course, PLATEAU, "s001")[0] == 1
        room.undo(PLATEAU, "ada")
        assert in_gradebook(marked_course, PLATEAU, "s000") == (None, None, True)
        with pytest.raises(CourseError, match="nothing of yours to take back"):
            room.undo(PLATEAU, "ada")


def test_a_changed_item_changes_every_answer_it_was_given_to(marked_course):
    """Is it told first whose score moves, and does nothing change until then?"""
    with Room(marked_course, "net") as room:
        room.mark(PLATEAU, seen(room.question(PLATEAU, "ada"), "s000", "s001"), Decision(("a",)), "ada")
        before = room.plain_rubric(PLATEAU)
        items = [RubricItem(id="a", points=1.5, text="ln 10"), RubricItem(id="new", points=3, text="all of it")]
        told = room.change_rubric(PLATEAU, QuestionRubric(item=tuple(items)), "ada", apply=False, seen=before)
        assert told["touched"] == 2
        assert [(move["before"], move["after"]) for move in told["moves"]] == [(2, 1.5), (2, 1.5)]
        assert in_gradebook(marked_course, PLATEAU, "s000")[0] == 2
        done = room.change_rubric(PLATEAU, QuestionRubric(item=tuple(items)), "ada", apply=True, seen=before)
        assert in_gradebook(marked_course, PLATEAU, "s000")[:2] == (1.5, "* +1.5: ln 10")
        assert [item["id"] for item in done["rubric"]["items"]] == ["a", "d"]
        assert [item.points for item in read_rubric(room.assignment.folder).question["net:question-plateau"].item] == [
            1.5,
            3,
        ]
        with pytest.raises(CourseError, match="somebody else changed this rubric"):
            room.change_rubric(PLATEAU, QuestionRubric(start=TAKE), "bob", apply=True, seen=before)
        with pytest.raises(CourseError, match="no item b any more"):
            room.mark(PLATEAU, seen(room.question(PLATEAU, "ada"), "s003"), Decision(("b",)), "ada")
        room.undo(PLATEAU, "ada")
        assert in_gradebook(marked_course, PLATEAU, "s000") == (None, None, True)


def test_a_rubric_changed_in_the_file(marked_course):
    """Is it noticed that rubric.toml gives other scores now, and are they given on request?"""
    with Room(marked_course, "net") as room:
        room.mark(GAP, seen(room.question(GAP, "ada"), "s000"), Decision(("a",)), "ada")
        path = room.assignment.folder / "rubric.toml"
        path.write_text('[[question."net:question-gap".item]]\nid = "a"\npoints = 2\ntext = "naming"\n')
        assert room.question(GAP, "ada")["outdated"] == 1
        room.renew(GAP, "ada")
        assert in_gradebook(marked_course, GAP, "s000")[:2] == (2, "* +2: naming")


def test_what_formgrader_gives_is_seen_and_kept(marked_course):
    """Is a score that another program wrote part of the history, and a conflict for whoever had not seen it?"""
    with Room(marked_course, "net") as room:
        state = room.question(PLATEAU, "ada")
        with open_gradebook(marked_course) as gradebook:
            grade = gradebook.find_grade("question-plateau", "net", "net", "s003")
            grade.manual_score, grade.needs_manual_grade = 3.5, False
            gradebook.find_comment("question-plateau", "net", "net", "s003").manual_comment = "by hand"
            gradebook.db.commit()
        answer = of(room.question(PLATEAU, "ada"), "s003")
        assert (answer["score"], answer["by"], answer["mark"]["comment"], answer["state"]) == (
            3.5,
            OTHER,
            "by hand",
            "done",
        )
        done = room.mark(PLATEAU, seen(state, "s003"), Decision(), "ada")
        assert len(done["conflicts"]) == 1
        assert in_gradebook(marked_course, PLATEAU, "s003")[:2] == (3.5, "by hand")


def test_after_grading_again_only_changed_answers_are_left(marked_course):
    """Does a mark stay for an unchanged answer, and is another answer to be looked at?"""
    from classroom import submit

    with Room(marked_course, "net") as room:
        room.mark(PLATEAU, seen(room.question(PLATEAU, "ada"), "s000", "s003"), Decision(("a",)), "ada")
        submit(
            marked_course,
            {"s000": {"question-plateau": "Equal scores, so ln 10."}, "s003": {"question-plateau": "Something else."}},
        )
        assert in_gradebook(marked_course, PLATEAU, "s000")[2] is True
        state = room.question(PLATEAU, "ada")
        assert (of(state, "s000")["state"], of(state, "s003")["state"]) == ("done", "changed")
        assert in_gradebook(marked_course, PLATEAU, "s000")[2] is False
        assert in_gradebook(marked_course, PLATEAU, "s003")[2] is True


def test_look_again_and_requests(marked_course):
    """Do flags and students' requests wait in the gradebook, and does a new mark answer them?"""
    with Room(marked_course, "net") as room:
        room.mark(PLATEAU, seen(room.question(PLATEAU, "ada"), "s000"), Decision(("a",)), "ada")
        assert room.request(PLATEAU, "s000", "I did say ln 10.")
        assert not room.request(PLATEAU, "s000", "I did say ln 10.")
        state = room.question(PLATEAU, "ada")
        assert (of(state, "s000")["state"], of(state, "s000")["asks"]) == ("again", "I did say ln 10.")
        assert in_gradebook(marked_course, PLATEAU, "s000")[::2] == (2, True)
        room.mark(PLATEAU, seen(state, "s000"), Decision(("a", "b"), comment="You did."), "ada")
        assert of(room.question(PLATEAU, "ada"), "s000")["asks"] == ""
        assert in_gradebook(marked_course, PLATEAU, "s000")[::2] == (4, False)
        with pytest.raises(CourseError, match="nobody has no answer"):
            room.request(PLATEAU, "nobody", "?")


def test_names_can_be_hidden_and_answers_shared(marked_course):
    """Is no name in what the page gets, and does each marker have a share?"""
    with Room(marked_course, "net") as room:
        room.change_settings({"hide_names": True, "hand_out": "by share", "markers": ["Ada", "Bob"]})
        state = room.question(PLATEAU, "Ada")
        assert "s000" not in str(state)
        assert {answer["share"] for answer in state["answers"].values()} == {"Ada", "Bob"}
        assert sorted(answer["name"] for answer in state["answers"].values()) == [f"Answer {n}" for n in range(1, 9)]


def test_in_turn_nobody_is_handed_what_another_has_open(marked_course):
    """Is an answer that one marker has open marked as such for the others, until that one goes on?"""
    with Room(marked_course, "net") as room:
        [token] = seen(room.question(PLATEAU, "ada"), "s000")
        [next_one] = seen(room.question(PLATEAU, "ada"), "s003")
        room.hold(PLATEAU, [token], "ada")
        assert of(room.question(PLATEAU, "bob"), "s000")["open"] == "ada"
        assert of(room.question(PLATEAU, "ada"), "s000")["open"] == ""
        assert room.hold(PLATEAU, [token], "bob") == {"open": {token: "ada"}}
        room.hold(PLATEAU, [next_one], "ada")
        assert of(room.question(PLATEAU, "bob"), "s000")["open"] == ""


def test_what_is_not_there(marked_course):
    """Are unknown questions and answers said to be so?"""
    with Room(marked_course, "net") as room:
        with pytest.raises(CourseError, match="no question net:setup"):
            room.asked("net", "setup")
        with pytest.raises(CourseError, match="no answer x to this question"):
            room.mark(PLATEAU, {"x": 0}, Decision(), "ada")


def test_grade_changed_follows_the_rubric(marked_course):
    """Does a changed rubric.toml move marks as `grade --changed` shows, unasked not at all, with its reason kept?"""
    with Room(marked_course, "net") as room:
        state = room.question(PLATEAU, "ada")
        room.mark(PLATEAU, seen(state, "s000", "s001"), Decision(("a", "b")), "ada")
        room.mark(PLATEAU, seen(state, "s003"), Decision(("c",)), "ada")
        items = [
            item.model_copy(update={"points": 1 if item.id == "b" else 3}) for item in room.rubric_of(PLATEAU).item
        ]
        changed = room.rubric().having(PLATEAU, QuestionRubric(item=tuple(items)))
    write_rubric(marked_course.source / "net", changed)

    def amend(answer, **options) -> str:
        console = Console(file=io.StringIO(), width=90)
        with started(marked_course, "net", (), 1) as start:
            amend_and_show(start, ask=lambda: answer, console=console, **options)
        return console.file.getvalue()

    said = amend(None)
    assert [line.split() for line in said.splitlines() if line.startswith(" s0")] == [
        ["s003", "1", "3", "+2", "Question", "1", "1", "→", "3"]
    ]
    assert in_gradebook(marked_course, PLATEAU, "s003")[0] == 1
    amend(True, reason="the rate matters more")
    assert in_gradebook(marked_course, PLATEAU, "s003")[0] == 3
    assert in_gradebook(marked_course, PLATEAU, "s000")[1].startswith("* +3: equal scores")
    [line] = [line for line in Store(marked_course, "net").logged() if line["student"] == "s003"]
    assert (line["why"], line["reason"]) == ("the rubric changed", "the rate matters more")
    assert line["questions"] == {"net:question-plateau": [1, 3]}
    with Room(marked_course, "net") as room:
        state = room.question(PLATEAU, "ada")
        [token] = seen(state, "s003")
        assert [one["note"] for one in room.history(PLATEAU, token)] == ["", "the rate matters more"]
        write_rubric(
            marked_course.source / "net",
            room.rubric().having(PLATEAU, QuestionRubric(item=(items[0].model_copy(update={"points": 2}), *items[1:]))),
        )
    assert "2 scores fall: s000, s001" in amend(None)
    assert "Nothing has changed" in amend(True, never_lower=True)
