"""Datasets: what is known, getting it, generating a stand-in, and what of it a graded submission may see."""
