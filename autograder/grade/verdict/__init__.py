"""Evidence and the answer key -> what each check earned, and its outputs in the notebook."""
