"""The marking room: answers that people grade, question by question, with a rubric, like answers together."""
