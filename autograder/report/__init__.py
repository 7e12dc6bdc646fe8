"""PDF reports, page maps and feedback: a graded or hand-made notebook folder in, files for people out."""
