"""The platforms whose downloads are understood, one module each: to add one is to add it to this list."""

from autograder.intake.claims import Platform
from autograder.intake.platforms.blackboard import BLACKBOARD
from autograder.intake.platforms.brightspace import BRIGHTSPACE
from autograder.intake.platforms.canvas import CANVAS
from autograder.intake.platforms.github import GITHUB
from autograder.intake.platforms.google import GOOGLE
from autograder.intake.platforms.gradescope import GRADESCOPE
from autograder.intake.platforms.ilias import ILIAS
from autograder.intake.platforms.moodle import MOODLE
from autograder.intake.platforms.nbgrader import NBGRADER
from autograder.intake.platforms.plain import PLAIN
from autograder.intake.platforms.sakai import SAKAI
from autograder.intake.platforms.teams import TEAMS

PLATFORMS: tuple[Platform, ...] = (
    GRADESCOPE,
    CANVAS,
    MOODLE,
    BLACKBOARD,
    BRIGHTSPACE,
    SAKAI,
    TEAMS,
    GITHUB,
    ILIAS,
    NBGRADER,
    GOOGLE,
    PLAIN,
)
