"""What students run on their own machines: check, submit, and who they are."""
