"""The grader's side: who is graded, by which worker, and what the processes say."""
