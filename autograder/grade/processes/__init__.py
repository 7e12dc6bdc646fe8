"""What runs in processes of its own; the grader's side of each is in `grade/run`."""
