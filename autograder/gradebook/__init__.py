"""What was earned: results on disk, nbgrader's database, lateness, statistics."""
