"""What is graded: the assignment as released, with the student's regions in it."""
